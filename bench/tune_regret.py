"""How far from the best the tune's choice is, on measured curves with noise put back, beside what others would choose.

    python -m bench.tune_regret --curves FILE --noise 0.10 --seed 1 --max-invocations 24 --json

``--noise``: the cv of the durations, or ``0.10-0.25``: drawn evenly from there for each function. Noise is log-normal,
and 2 % of the invocations take three times as long. ``--free-present`` gives production's median at the present size,
which is drawn for each function. Saving intervals are shares of the cost of a call at that present size (``now_mb``).
The prior never holds a curve of the function's own group.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The matrices are small: threads only get into each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bench.curve_truth import Floats, Truth, truths
from bench.tune_peers import oracle, parrotfish, power_tuning
from lambda_tailor.tuning.choosing import MAX_INVOCATIONS, Chooser, Free, sizes_between
from lambda_tailor.tuning.objective import BROKEN_BY, Objective, parse

OUTLIERS, OUTLIER_TIMES = 0.02, 3.0
PRESENT_MB = (128, 256, 512, 1024, 1536, 2048, 3008)
PRODUCTION_SD = 0.02
# The 95th percentile over the mean, with the outliers: the 97th of what remains.
_P95 = 1.87
CHEAPEST = Objective()


@dataclass(frozen=True)
class Noise:
    """Log-normal noise with outliers around a curve; the n-th call at a size is the same whoever makes it."""

    truth: Truth
    cv: float
    seed: tuple[int, ...]

    @property
    def sd(self) -> float:
        """The standard deviation of the logs."""
        return float(np.sqrt(np.log(1 + self.cv**2)))

    def calls(self, memory_mb: float, count: int, first: int = 0) -> Floats:
        """The durations (ms) of calls number ``first`` and after at this size."""
        rng = np.random.default_rng((*self.seed, int(memory_mb)))
        noise = rng.standard_normal(first + count)[first:]
        times = np.where(
            np.random.default_rng((*self.seed, int(memory_mb), 1)).random(first + count) < OUTLIERS, OUTLIER_TIMES, 1
        )
        mean = float(self.truth.duration_ms(np.array([float(memory_mb)]))[0])
        return np.asarray(mean * np.exp(self.sd * noise - self.sd**2 / 2) * times[first:])


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True)
    parser.add_argument("--noise", type=_noise, default=(0.1, 0.1))
    parser.add_argument("--free-present", action="store_true")
    parser.add_argument("--objective", type=parse, default=CHEAPEST)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-invocations", type=int, default=MAX_INVOCATIONS)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    document = measured(
        truths(asked.curves),
        asked.noise,
        asked.seed,
        asked.max_invocations,
        asked.free_present,
        asked.objective,
        peers=not asked.without_peers,
    )
    print(json.dumps(document, indent=1) if asked.json else _table(document))
    return 0


def _noise(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def measured(
    curves: Sequence[Truth],
    noise: tuple[float, float],
    seed: int,
    max_invocations: int = MAX_INVOCATIONS,
    free_present: bool = False,
    objective: Objective = CHEAPEST,
    *,
    peers: bool = True,
) -> dict[str, Any]:
    """The document: every function's tune, and the regret of all."""
    functions, others = [], []
    for number, truth in enumerate(curves):
        rng = np.random.default_rng((seed, number))
        cv = float(rng.uniform(*noise))
        now = int(rng.choice([mb for mb in PRESENT_MB if truth.smallest_mb <= mb <= truth.largest_mb]))
        calls = Noise(truth, cv, (seed, number))
        functions.append(_tune(truth, calls, now, rng, seed, max_invocations, free_present, objective))
        if peers and objective.kind == "cheapest":
            others.append(_peers(truth, calls))
    beside = {name: _regrets([one[name] for one in others]) for name in (others[0] if others else ())}
    return {
        "noise": noise[0] if noise[0] == noise[1] else list(noise),
        "objective": str(objective), "summary": _summary(functions), "functions": functions, "peers": beside,
    }  # fmt: skip


def _tune(
    truth: Truth,
    noise: Noise,
    now: int,
    rng: np.random.Generator,
    seed: int,
    most: int,
    free_present: bool,
    objective: Objective,
) -> dict[str, Any]:
    """One function's tune and what it is worth against the truth."""
    sizes = sizes_between(truth.smallest_mb, truth.largest_mb)
    at_now = float(truth.duration_ms(np.array([float(now)]))[0])
    if objective.kind == "p95-under":
        # The limit is a share of what the function can do: its number is read as times the fastest, in percent.
        fastest = float(truth.duration_ms(np.array([float(truth.largest_mb)]))[0]) * _p95_ratio(noise.sd)
        objective = Objective("p95-under", fastest * objective.number / 100)
    free = [Free(now, at_now * float(np.exp(PRODUCTION_SD * rng.standard_normal() - noise.sd**2 / 2)), PRODUCTION_SD)]
    chooser = Chooser(sizes, objective, free if free_present else (), most, seed, truth.group)
    called: dict[int, int] = {}
    while (look := chooser.look()).next_mb is not None:
        mb = look.next_mb
        chooser.measured(mb, float(noise.calls(mb, 1, called.get(mb, 0))[0]))
        called[mb] = called.get(mb, 0) + 1
    assert look.chosen_mb is not None
    saving = chooser.cost_ratio(look.chosen_mb, now)
    every = truth.every_mb
    cost = every * truth.duration_ms(every)
    at = dict(zip(every.astype(int).tolist(), cost.tolist(), strict=True))
    held = _p95(truth, look.chosen_mb, noise.sd) <= BROKEN_BY * objective.number
    return {
        "name": truth.name, "group": truth.group, "now_mb": now, "chosen_mb": look.chosen_mb,
        "invocations": chooser.invocations, "sizes": len(called), "settled": look.settled,
        "saving_interval": {"low": 1 - saving.high, "high": 1 - saving.low},
        "saving": 1 - at[look.chosen_mb] / at[now],
        "regret": at[look.chosen_mb] / min(cost) - 1, "expected_regret": look.expected_loss, "cv": noise.cv,
        "limit_held": held if objective.kind == "p95-under" else None,
    }  # fmt: skip


def _p95_ratio(sd: float) -> float:
    return float(np.exp(_P95 * sd - sd**2 / 2))


def _p95(truth: Truth, memory_mb: int, sd: float) -> float:
    return float(truth.duration_ms(np.array([float(memory_mb)]))[0]) * _p95_ratio(sd)


def _peers(truth: Truth, noise: Noise) -> dict[str, tuple[float, int]]:
    every = truth.every_mb
    least = float((every * truth.duration_ms(every)).min())

    def regret(chosen: tuple[float, int]) -> tuple[float, int]:
        mb, count = chosen
        return float(mb * truth.duration_ms(np.array([mb]))[0]) / least - 1, count

    return {
        **{f"power-tuning-6x{n}": regret(power_tuning(truth, noise.calls, n)) for n in (50, 10, 4)},
        "parrotfish": regret(parrotfish(truth, noise.calls)),
        "oracle": regret(oracle(truth, noise.calls)),
    }


def _regrets(rows: Sequence[tuple[float, int]]) -> dict[str, float]:
    regret = np.array([row[0] for row in rows])
    return {
        "mean_regret": float(regret.mean()), "p95_regret": float(np.quantile(regret, 0.95)),
        "worst_regret": float(regret.max()), "mean_invocations": float(np.mean([row[1] for row in rows])),
    }  # fmt: skip


def _summary(functions: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    settled = [one["regret"] for one in functions if one["settled"]]
    within = [
        one["saving_interval"]["low"] - 1e-9 <= one["saving"] <= one["saving_interval"]["high"] + 1e-9
        for one in functions
    ]
    held = [one["limit_held"] for one in functions if one["limit_held"] is not None]
    return {
        **_regrets([(one["regret"], one["invocations"]) for one in functions]),
        "most_invocations": max(one["invocations"] for one in functions),
        "settled_share": len(settled) / len(functions),
        "settled_mean_regret": float(np.mean(settled)) if settled else None,
        "interval_holds": float(np.mean(within)),
        "median_interval_width": float(
            np.median([one["saving_interval"]["high"] - one["saving_interval"]["low"] for one in functions])
        ),
        "limit_broken": 1 - float(np.mean(held)) if held else None,
    }


def _table(document: dict[str, Any]) -> str:
    lines = [f"noise {document['noise']}, {document['objective']}, {len(document['functions'])} functions"]
    for name, row in {"lambda-tailor": document["summary"], **document["peers"]}.items():
        lines.append(
            f"{name:18} mean {100 * row['mean_regret']:5.2f} %  p95 {100 * row['p95_regret']:5.1f} %  "
            f"worst {100 * row['worst_regret']:4.0f} %  in {row['mean_invocations']:6.1f} invocations"
        )
    lines += [f"  {name}: {value}" for name, value in document["summary"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
