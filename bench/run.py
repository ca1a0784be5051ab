"""Calls, time and memory for hundreds of functions: against AWS's request quotas, and beside Cloud Custodian.

    python bench/run.py [--without 500] [--with 200,500,1000] [--write]

Everything in one run on one embedded AWS; what counts are the ratios. ``--write`` puts the tables into
``bench/RESULTS.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.custodian import VERSION, install, write_policies
from bench.measure import Measured, measure
from bench.seed import history, permitted, seed
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.model.lanes import lane_of, rate_of

RULES = """\
rules:
  memory: {target_mb: 1024}
  timeout: {target_s: 30}
  tracing: {mode: Active}
  reserved-concurrency: {target: 50}
  log-retention: {days: 7}
"""
RESULTS = Path(__file__).with_name("RESULTS.md")
TAILOR = [sys.executable, "-m", "lambda_tailor"]


@dataclass(frozen=True, slots=True)
class Round:
    """One size with quotas on or off: what was measured, by name."""

    functions: int
    quotas: bool
    found: Mapping[str, Measured]


def main() -> int:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", type=_sizes, default=(500,), help="numbers of functions with the quotas off")
    parser.add_argument("--with", dest="quotas", type=_sizes, default=(200, 500, 1000), help="and with them on")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--custodian", type=Path, default=Path(".venv-custodian"), help="where it is installed")
    asked = parser.parse_args()
    custodian = install(asked.custodian)
    accounts = (f"{number:012d}" for number in count(300_000_000_001))
    with Emulator.start(quota_scale=0, account_concurrency=10_000_000) as emulator:
        rounds = [
            *(one(emulator, custodian, accounts, size, quotas=False) for size in asked.without),
            *(one(emulator, custodian, accounts, size, quotas=True) for size in asked.quotas),
        ]
    text = "\n".join(page(rounds, {size: invoked(size) for size in asked.without}))
    print(text)
    if asked.write:
        # The tune has a bench of its own, whose table stands last.
        _, mark, tune = RESULTS.read_text().partition("\n# Tune\n") if RESULTS.exists() else ("", "", "")
        RESULTS.write_text(text + "\n" + mark + tune)
    return 0


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


@dataclass(frozen=True, slots=True)
class Bench:
    """One size with quotas on or off, in a folder of its own."""

    emulator: Emulator
    folder: Path
    functions: int
    quotas: bool

    @classmethod
    def prepare(cls, emulator: Emulator, accounts: Sequence[str], functions: int, *, quotas: bool) -> Bench:
        """Wasteful functions in each of the accounts, and the policy that is to be applied to them."""
        folder = Path(tempfile.mkdtemp(dir=emulator.folder))
        (folder / "policy.yaml").write_text(RULES)
        emulator.control.set_quotas(0.0)
        for account in accounts:
            os.environ.update(emulator.environment(account))
            seed(functions)
            permitted()
        emulator.control.set_quotas(1.0 if quotas else 0.0)
        return cls(emulator, folder, functions, quotas)

    def tailor(self, command: str, account: str, *more: str) -> Measured:
        """Measure one of this program's commands."""
        share = [] if self.quotas else ["--quota-share", "1000"]
        target = ["--all", "--policy", str(self.folder / "policy.yaml"), *share, "-q", *more]
        return self.run(command, account, [*TAILOR, command, *target])

    def run(self, name: str, account: str, command: Sequence[str]) -> Measured:
        """Measure a command in an account."""
        log = self.folder / f"{name}.log"
        journal = f"sqlite:///{self.folder / 'journal.db'}"
        environment = {**self.emulator.environment(account), "LAMBDA_TAILOR_JOURNAL": journal}
        print(f"{self.functions} functions, quotas {'on' if self.quotas else 'off'}: {name}", file=sys.stderr)
        found = measure(command, environment, self.emulator.control, log)
        if found.exit_code:
            print(log.read_text()[-2000:], file=sys.stderr)
        return found


def one(emulator: Emulator, custodian: Path, accounts: Iterator[str], functions: int, *, quotas: bool) -> Round:
    """Plan and apply in two accounts that are alike, by this program and by the other."""
    ours, theirs = next(accounts), next(accounts)
    bench = Bench.prepare(emulator, (ours, theirs), functions, quotas=quotas)
    policies = write_policies(bench.folder / "policies.yaml")
    # A cache of its own: what an earlier bench saw in an account of the same number is no longer there.
    cache = ["--cache", str(bench.folder / "custodian.cache")]
    output = [*cache, "-s", str(bench.folder / "out"), "--region", "us-east-1", str(policies)]
    found = {
        "plan": bench.tailor("plan", ours),
        "dry run": bench.run("dry run", theirs, [str(custodian), "run", "--dryrun", *output]),
        "apply": bench.tailor("apply", ours, "--auto-approve"),
        "run": bench.run("run", theirs, [str(custodian), "run", *output]),
    }
    return Round(functions, quotas, found)


def invoked(functions: int) -> Measured:
    """Plan for functions that were all invoked. The other program reads nothing of that."""
    with Emulator.start(quota_scale=0, account_concurrency=10_000_000) as emulator:
        account = "300000000001"
        bench = Bench.prepare(emulator, (account,), functions, quotas=False)
        history(functions)
        return bench.tailor("plan", account)


def bound(found: Measured) -> float:
    """The seconds that the calls take if the slowest lane is used to the full, and nothing else takes any time."""
    lanes: Counter[str] = Counter()
    for call, number in found.calls.items():
        lanes[lane_of(call)] += number
    return max(number / rate_of(lane) for lane, number in lanes.items())


def page(rounds: Sequence[Round], busy: Mapping[int, Measured]) -> Iterator[str]:
    """The results as Markdown; ``busy`` are plans for functions that were all invoked, by their number."""
    today = datetime.now(UTC).date()
    system = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    yield "# Measured\n"
    yield f"{today}, {system}; Cloud Custodian {VERSION}."
    yield "Made by `make bench`, everything in one run on one embedded AWS."
    yield "Five settings a function: memory, timeout, tracing, reserved concurrency, log retention.\n"
    for each in rounds:
        if not each.quotas:
            yield from without(each, busy[each.functions])
    yield "\n## AWS's request quotas on\n"
    yield "The bound is the time of the slowest lane if it is used to the full: Lambda 15 calls a second, CloudWatch"
    yield "Logs 10. We use 0.95 of each quota, and what a rested quota holds in the first second: so short work can be"
    yield "done before the bound, which takes every call for a part of a second.\n"
    yield "| functions | what | time | bound | time / bound | throttled | Cloud Custodian | throttled | exit code |"
    yield "|--:|---|--:|--:|--:|--:|--:|--:|--:|"
    for each in rounds:
        if each.quotas:
            for mine, other in (("plan", "dry run"), ("apply", "run")):
                us, them = each.found[mine], each.found[other]
                least = bound(us)
                yield (
                    f"| {each.functions:,} | {mine} | {us.wall_s:.1f} s | {least:.1f} s | {us.wall_s / least:.2f} "
                    f"| {us.refused} | {them.wall_s:.1f} s | {them.refused:,} | {them.exit_code} |"
                )


def without(each: Round, busy: Measured) -> Iterator[str]:
    """The table of one size with the quotas off."""
    yield f"\n## AWS's request quotas off, {each.functions:,} functions\n"
    yield "None of them was invoked in the last 14 days. Of functions that were, the plan reads nine metrics each,"
    yield "instead of two, and samples logs: that is the plan in brackets. Most of its time is the embedded AWS's,"
    yield "which is slow at metrics. Cloud Custodian's policies read neither.\n"
    yield "| what | lambda-tailor | Cloud Custodian | ratio |"
    yield "|---|--:|--:|--:|"
    for what, us, them in (
        ("plan", each.found["plan"], each.found["dry run"]),
        ("(plan, all invoked)", busy, each.found["dry run"]),
        ("apply", each.found["apply"], each.found["run"]),
    ):
        for which, ours, theirs, unit in (
            ("time", us.wall_s, them.wall_s, " s"),
            ("processor time", us.cpu_s, them.cpu_s, " s"),
            ("peak memory", us.peak_mb, them.peak_mb, " MB"),
            ("calls", us.total_calls, them.total_calls, ""),
            ("calls a function", us.total_calls / each.functions, them.total_calls / each.functions, ""),
        ):
            digits = 0 if which in ("calls", "peak memory") else 2
            yield (
                f"| {what}: {which} | {ours:,.{digits}f}{unit} | {theirs:,.{digits}f}{unit} "
                f"| {ours / max(theirs, 1e-9):.2f} |"
            )
        yield f"| {what}: exit code | {us.exit_code} | {them.exit_code} | |"


if __name__ == "__main__":
    sys.exit(main())
