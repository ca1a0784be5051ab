"""Calls, time and memory for hundreds of functions, beside Cloud Custodian doing what it can of the same work.

    python bench/run.py [--functions 500] [--quotas]

Everything in one run on one embedded AWS; what counts are the ratios.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.custodian import install, write_policies
from bench.measure import Measured, measure
from bench.seed import seed
from lambda_tailor.demo.emulator import Emulator

RULES = """\
rules:
  memory: {target_mb: 1024}
  timeout: {target_s: 30}
  tracing: {mode: Active}
  reserved-concurrency: {target: 50}
  log-retention: {days: 7}
"""
OURS, THEIRS, OURS_TOO = "300000000001", "300000000002", "300000000003"


def main() -> int:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=500)
    parser.add_argument("--quotas", action="store_true", help="AWS's request quotas on")
    parser.add_argument("--custodian", type=Path, default=Path(".venv-custodian"), help="where it is installed")
    asked = parser.parse_args()
    custodian = install(asked.custodian)
    with Emulator.start(quota_scale=0, account_concurrency=10_000_000) as emulator:
        folder = Path(tempfile.mkdtemp(dir=emulator.folder))
        (folder / "policy.yaml").write_text(RULES)
        policies = write_policies(folder / "policies.yaml")
        for account in (OURS, THEIRS):
            os.environ.update(emulator.environment(account))
            print(f"seeding {asked.functions} functions in {account}", file=sys.stderr)
            seed(asked.functions)
        emulator.control.set_quotas(1.0 if asked.quotas else 0.0)
        share = [] if asked.quotas else ["--quota-share", "1000"]
        tailor = [sys.executable, "-m", "lambda_tailor"]
        target = ["--all", "--policy", str(folder / "policy.yaml"), *share]
        output = ["-s", str(folder / "out"), "--region", "us-east-1", str(policies)]

        def run(name: str, account: str, command: Sequence[str]) -> Measured:
            environment: Mapping[str, str] = {
                **emulator.environment(account),
                "LAMBDA_TAILOR_JOURNAL": f"sqlite:///{folder / 'journal.db'}",
            }
            print(f"running {name}", file=sys.stderr)
            found = measure(command, environment, emulator.control, folder / f"{name}.log")
            if found.exit_code:
                print((folder / f"{name}.log").read_text()[-2000:], file=sys.stderr)
            return found

        results = {
            "plan": (
                run("lambda-tailor plan", OURS, [*tailor, "plan", *target, "-q"]),
                run("custodian dry run", OURS, [str(custodian), "run", "--dryrun", *output]),
            ),
            "apply": (
                run("lambda-tailor apply", OURS, [*tailor, "apply", *target, "-q", "--auto-approve"]),
                run("custodian run", THEIRS, [str(custodian), "run", *output]),
            ),
        }
    report(asked.functions, asked.quotas, results)
    return 0


def report(functions: int, quotas: bool, results: Mapping[str, tuple[Measured, Measured]]) -> None:
    """Print the table."""
    print(f"\n{functions} functions, AWS's request quotas {'on' if quotas else 'off'}\n")
    print("| what | lambda-tailor | Cloud Custodian | ratio |")
    print("|---|--:|--:|--:|")
    for name, (ours, theirs) in results.items():
        for what, mine, other, unit in (
            ("wall", ours.wall_s, theirs.wall_s, "s"),
            ("CPU", ours.cpu_s, theirs.cpu_s, "s"),
            ("peak memory", ours.peak_mb, theirs.peak_mb, "MB"),
            ("calls", ours.total_calls, theirs.total_calls, ""),
            ("calls a function", ours.total_calls / functions, theirs.total_calls / functions, ""),
        ):
            print(f"| {name}: {what} | {mine:.2f} {unit} | {other:.2f} {unit} | {mine / max(other, 1e-9):.2f} |")
        for who, found in (("ours", ours), ("theirs", theirs)):
            print(f"| {name}: exit code and throttled calls, {who} | {found.exit_code} | {found.refused} | |")
    for name, (ours, theirs) in results.items():
        for who, found in (("lambda-tailor", ours), ("Cloud Custodian", theirs)):
            listed = ", ".join(f"{call} {n}" for call, n in sorted(found.calls.items()))
            print(f"\n{name}, calls of {who}: {listed}")


if __name__ == "__main__":
    sys.exit(main())
