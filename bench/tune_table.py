"""The table of the tune in RESULTS.md: many runs of ``bench.tune_regret`` and how far they differ, in one command.

    python -m bench.tune_table --curves FILE [--seeds 401-408] [--drawn 10]

Beside the curves of the file it tunes functions that nobody measured: ``--drawn`` of each kind of
``bench.synthetic_curves``, and curves drawn from the tune's own prior. There the model is right: what is lost is lost
to the noise and to the way the calls are spent. ``+-`` is the standard error over the seeds.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bench.curve_truth import Truth, of_curve, truths
from bench.synthetic_curves import KINDS, curves
from bench.tune_regret import measured
from lambda_tailor.tuning.choosing import sizes_between
from lambda_tailor.tuning.posterior import Model, non_increasing
from lambda_tailor.tuning.prior import log_weights
from lambda_tailor.tuning.shapes import STAIRS

NOISES = ((0.05, 0.05), (0.10, 0.10), (0.10, 0.25))
WIDEST = NOISES[-1]
_DRAWN_MB = (128, 3008)
_TYPICAL_MS = 300.0


class Run(NamedTuple):
    """One row of the table: these functions under this noise, once for each seed."""

    name: str
    functions: Sequence[Truth]
    noise: tuple[float, float]
    free_present: bool = False
    peers: bool = False

    def once(self, seed: int) -> dict[str, Any]:
        """The document of this seed."""
        return measured(self.functions, self.noise, seed, free_present=self.free_present, peers=self.peers)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True)
    parser.add_argument("--seeds", type=_seeds, default=range(401, 409), help="FIRST-LAST")
    parser.add_argument("--drawn", type=int, default=10, help="curves of each kind that nobody measured")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    print("| curves | noise (cv) | who | mean | p95 | worst | calls | settled: share, off | interval holds |")
    print("|---|---|---|--:|--:|--:|--:|--:|--:|")
    with ProcessPoolExecutor(asked.processes) as pool:
        for run in _runs(truths(asked.curves), asked.drawn):
            documents = list(pool.map(run.once, asked.seeds))
            for line in _lines(run, documents):
                print(line, flush=True)
    return 0


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _runs(public: Sequence[Truth], drawn: int) -> Iterator[Run]:
    for noise in NOISES:
        yield Run("public", public, noise, peers=True)
    yield Run("public, production known", public, WIDEST, free_present=True)
    for kind in KINDS:
        made = [truth for curve in curves(kind, drawn, 1, noise=0.0) for truth in of_curve(curve)]
        yield Run(f"drawn: {kind}", made, WIDEST, peers=True)
    yield Run("drawn: the prior itself", _of_the_prior(len(KINDS) * drawn), WIDEST, peers=True)


def _of_the_prior(count: int) -> list[Truth]:
    """Curves as the prior has them; stairs at their own level, all others at some hundred ms."""
    rng = np.random.default_rng(1)
    sizes = sizes_between(*_DRAWN_MB)
    model = Model.at(np.log(np.array(sizes, float)), log_weights())
    weights = np.exp(model.log_weights).ravel()
    first_stair = len(model.shapes) - len(STAIRS)
    made = []
    for number, pick in enumerate(rng.choice(len(weights), count, p=weights / weights.sum())):
        residual, shape = np.unravel_index(pick, model.log_weights.shape)
        root = model.roots[residual]
        strays = root @ rng.standard_normal(root.shape[1])
        level = np.log(_TYPICAL_MS) if shape < first_stair else model.stairs[shape - first_stair].mean()
        curve = non_increasing((model.shapes[shape] + strays + level)[None])[0]
        made.append(Truth(f"prior-{number}", f"prior-{number}", *_DRAWN_MB, model.log_mb, curve))
    return made


def _lines(run: Run, documents: Sequence[dict[str, Any]]) -> Iterator[str]:
    cv = f"{run.noise[0]:.0%}" if run.noise[0] == run.noise[1] else f"{run.noise[0]:.0%} to {run.noise[1]:.0%}"
    ours = [document["summary"] for document in documents]
    settled = [one["regret"] for document in documents for one in document["functions"] if one["settled"]]
    share = np.mean([one["settled_share"] for one in ours])
    off = f"{share:.0%}, {100 * np.mean(settled):.2f} %" if settled else "none"
    held = np.mean([one["interval_holds"] for one in ours])
    yield f"| {run.name} | {cv} | **tune** | {_figures(ours)} | {off} | {held:.1%} |"
    for peer in documents[0]["peers"]:
        yield f"| {run.name} | {cv} | {peer} | {_figures([document['peers'][peer] for document in documents])} | | |"


def _figures(summaries: Sequence[dict[str, float]]) -> str:
    means = 100 * np.array([one["mean_regret"] for one in summaries])
    spread = f" +- {means.std(ddof=1) / len(means) ** 0.5:.2f}" if len(means) > 1 else ""
    p95 = 100 * np.mean([one["p95_regret"] for one in summaries])
    worst = 100 * max(one["worst_regret"] for one in summaries)
    calls = np.mean([one["mean_invocations"] for one in summaries])
    return f"{means.mean():.2f}{spread} % | {p95:.1f} % | {worst:.0f} % | {calls:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
