"""How much slower or faster `apply` is than at an older commit: python -m bench.apply_speed --against COMMIT.

Both programs apply the same policy to accounts that are alike, taking turns, on one embedded AWS without
quotas. What counts is the ratio; the older one's tree is taken from git into a temporary folder.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.measure import Measured, measure
from bench.seed import permitted, seed
from lambda_tailor.demo.emulator import Emulator

ROOT = Path(__file__).parent.parent
POLICY = """\
rules:
  memory: {target_mb: 1024}
  timeout: {target_s: 30}
  tracing: {mode: Active}
  reserved-concurrency: {target: 50}
  log-retention: {days: 7}
"""
# Before fencing, looks at the last moment, and signatures.
BEFORE = "c7290a6"


@dataclass(frozen=True, slots=True)
class Program:
    """One of the two: its name and the folder its package is in."""

    name: str
    source: Path

    def apply(self, emulator: Emulator, account: str, folder: Path, more: Sequence[str]) -> Measured:
        """Apply the policy to every function of an account."""
        place = folder / f"{self.name}-{account}"
        place.mkdir()
        (place / "policy.yaml").write_text(POLICY)
        environment = {
            **emulator.environment(account),
            "PYTHONPATH": str(self.source),
            "LAMBDA_TAILOR_JOURNAL": f"sqlite:///{place / 'journal.db'}",
            "LAMBDA_TAILOR_KEY_FILE": str(place / "vault.key"),
            # As it is when installed: compiled once, whatever is set here.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        }
        target = ["--all", "--policy", str(place / "policy.yaml"), "--quota-share", "1000", "-q", "--auto-approve"]
        command = [sys.executable, *more, "-m", "lambda_tailor", "apply", *target]
        found = measure(command, environment, emulator.control, place / "apply.log")
        if found.exit_code:
            raise SystemExit(f"{self.name} ended with {found.exit_code}: {(place / 'apply.log').read_text()[-2000:]}")
        return found


def older(commit: str, folder: Path) -> Program:
    """The program as it was at a commit of this repository."""
    packed = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(folder / "before", filter="data")
    return Program("before", folder / "before" / "src")


def compare(functions: int, rounds: int, commit: str) -> Mapping[str, Sequence[Measured]]:
    """Both programs, as often, in turns.

    A first round of each is not counted: it compiles the program, and warms the emulator up.
    """
    accounts = (f"{number:012d}" for number in count(400_000_000_001))
    with (
        tempfile.TemporaryDirectory() as made,
        Emulator.start(quota_scale=0, account_concurrency=10_000_000) as emulator,
    ):
        folder = Path(made)
        programs = [older(commit, folder), Program("now", ROOT / "src")]
        found: dict[str, list[Measured]] = {program.name: [] for program in programs}
        for number in range(rounds + 1):
            # Who is first alternates: a machine that grows busier would else be one program's fault.
            for program in programs if number % 2 else reversed(programs):
                account = next(accounts)
                os.environ.update(emulator.environment(account))
                seed(functions if number else 10)
                permitted()
                measured = program.apply(emulator, account, folder, [])
                if number:
                    found[program.name].append(measured)
                    print(f"{program.name}: {measured.wall_s:.2f} s", file=sys.stderr)
    return found


def ratio(found: Mapping[str, Sequence[Measured]], value: str) -> float:
    """The median of now over the median of before."""
    now, before = (statistics.median(getattr(each, value) for each in found[name]) for name in ("now", "before"))
    return float(now / before)


def lines(found: Mapping[str, Sequence[Measured]], functions: int, commit: str) -> Iterator[str]:
    """A table of medians."""
    yield f"| apply, {functions} functions | now | at {commit} | ratio |"
    yield "|---|--:|--:|--:|"
    for what, value, unit in (
        ("time", "wall_s", " s"),
        ("processor time", "cpu_s", " s"),
        ("peak memory", "peak_mb", " MB"),
        ("calls", "total_calls", ""),
    ):
        now, before = (statistics.median(getattr(each, value) for each in found[name]) for name in ("now", "before"))
        yield f"| {what} | {now:,.2f}{unit} | {before:,.2f}{unit} | {now / before:.2f} |"


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5, help="of each program; the medians are compared")
    parser.add_argument("--against", default=BEFORE, help="a commit")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = compare(asked.functions, asked.rounds, asked.against)
    if asked.json:
        ratios = {value: ratio(found, value) for value in ("wall_s", "cpu_s", "peak_mb", "total_calls")}
        calls = {name: dict(sorted(each[-1].calls.items())) for name, each in found.items()}
        print(json.dumps({"functions": asked.functions, "ratios": ratios, "calls": calls}, indent=2))
    else:
        print("\n".join(lines(found, asked.functions, asked.against)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
