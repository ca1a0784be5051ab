"""Curves of duration by memory that nobody measured, of kinds that occur: does the promised range hold there too?

    python -m bench.synthetic_curves [--seed N] [--curves N] [--json]

The ranges were fitted on measured curves; these are drawn from models that were not. ``held`` and ``median_width`` are
those of ``bench.memory_range``, by kind. Standard library only; the same seed gives the same curves.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bench.memory_range import pairs, summary
from lambda_tailor.evidence.memory_curve import ONE_VCPU_MB

SIZES_MB = (128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1769, 2048, 2560, 3008)
# The period of the CPU quota under one vCPU, in ms: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_PERIOD_MS = 20.0
Model = Callable[[random.Random], Callable[[float], float]]


def _vcpus(memory_mb: float) -> float:
    return memory_mb / ONE_VCPU_MB


def waiting(draw: random.Random) -> Callable[[float], float]:
    """It waits for others: an eighth of it computes at the most."""
    waits, computes = draw.uniform(50, 2000), draw.uniform(0, 0.125)
    return lambda memory: waits * (1 - computes + computes / min(_vcpus(memory), 1))


def computing(draw: random.Random) -> Callable[[float], float]:
    """One thread that computes, up to 13 % beyond proportional at 128 MB."""
    took, beyond = draw.uniform(20, 5000), draw.uniform(0, 0.13)
    most = math.log(ONE_VCPU_MB / SIZES_MB[0])

    def at(memory: float) -> float:
        lost = max(1 / _vcpus(memory), 1.0)
        return took * lost * (1 + beyond * math.log(lost) / most)

    return at


def mixed(draw: random.Random) -> Callable[[float], float]:
    """Some of it waits, some computes on one thread."""
    took, share = draw.uniform(20, 3000), draw.uniform(0.2, 0.8)
    return lambda memory: took * (1 - share + share / min(_vcpus(memory), 1))


def threads(draw: random.Random) -> Callable[[float], float]:
    """Amdahl's law above one vCPU: 30 to 95 % of it runs on as many threads as there is CPU."""
    took, parallel = draw.uniform(100, 10_000), draw.uniform(0.3, 0.95)
    return lambda memory: took * ((1 - parallel) / min(_vcpus(memory), 1) + parallel / _vcpus(memory))


def staircase(draw: random.Random) -> Callable[[float], float]:
    """Short work under a quota of 20 ms periods: it ends in the period in which its CPU time is used up."""
    cpu_ms, waits = draw.uniform(3, 60), draw.uniform(0, 20)

    def at(memory: float) -> float:
        quota = min(_vcpus(memory), 1) * _PERIOD_MS
        if quota >= _PERIOD_MS:
            return waits + cpu_ms
        whole, rest = divmod(cpu_ms, quota)
        return waits + whole * _PERIOD_MS + rest

    return at


def collected(draw: random.Random) -> Callable[[float], float]:
    """A heap that nearly fills the smaller sizes: collecting it takes more and more of the time."""
    took, share, heap = draw.uniform(100, 3000), draw.uniform(0.2, 0.9), draw.uniform(60, 110)
    return lambda memory: took * (1 - share + share / min(_vcpus(memory), 1)) * (1 + 0.3 * heap / (memory - heap + 16))


KINDS: Mapping[str, Model] = {
    "waiting": waiting, "computing": computing, "mixed": mixed, "threads": threads, "staircase": staircase,
    "collected": collected,
}  # fmt: skip


def curves(kind: str, many: int, seed: int, noise: float = 0.03) -> Iterator[dict[str, Any]]:
    """So many curves of a kind, each mean with lognormal noise of that coefficient of variation."""
    draw = random.Random(f"{kind} {seed}")
    for number in range(many):
        took = KINDS[kind](draw)
        durations = [took(size) * draw.lognormvariate(0, noise) for size in SIZES_MB]
        name = f"{kind}-{number}"
        yield {"name": name, "group": name, "memory_mb": list(SIZES_MB), "mean_duration_ms": durations}


def figures(many: int, seed: int) -> dict[str, dict[str, Any]]:
    """``pairs``, ``held`` and ``median_width`` by kind."""
    return {kind: summary(list(pairs(list(curves(kind, many, seed))))) for kind in KINDS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--curves", type=int, default=100, help="curves of each kind")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args(arguments)
    found = figures(asked.curves, asked.seed)
    if asked.json:
        print(json.dumps(found))
    else:
        for kind, told in found.items():
            print(f"{kind:10} {told['pairs']:6} pairs, {told['held']} held, median width {told['median_width']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
