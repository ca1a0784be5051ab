"""``python -m scripts.mutants [--write] [WORD]``: take out each guard whose kind has WORD in it, and count.

Exit 1 where a guard's absence is not noticed, could not be tried, or a kind struck nothing. ``--write`` puts the
table into docs/guarantees.md. Takes minutes: run by hand, and when a guard changes.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from scripts.mutants.guard import Guard
from scripts.mutants.guards import GUARDS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
BEGIN, END = "<!-- mutants: made by python -m scripts.mutants --write -->", "<!-- end of mutants -->"
KILLED, SURVIVED, NOT_TRIED = "killed", "SURVIVED", "NOT TRIED"
# pytest's exit codes: tests failed. https://docs.pytest.org/en/stable/reference/exit-codes.html
_RED, _GREEN = 1, 0
_MOST_S = 600


def mutated(guard: Guard, source: Path) -> bool:
    """Whether the guard stands where it should, and is out now."""
    file = source / "lambda_tailor" / guard.file
    text = file.read_text()
    if text.count(guard.old) != 1:
        return False
    file.write_text(text.replace(guard.old, guard.new))
    return True


def tests_of(guard: Guard, source: Path) -> int:
    """The exit code of the guard's tests against that source."""
    path = f"{source} {ROOT / 'lib'} {ROOT}"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-o", f"pythonpath={path}"]
    environment = {**os.environ, "PYTHONPATH": path.replace(" ", os.pathsep)}
    done = subprocess.run(
        [*command, *shlex.split(guard.tests)], cwd=ROOT, env=environment, capture_output=True, timeout=_MOST_S,
        check=False,
    )  # fmt: skip
    return done.returncode


def tried(guard: Guard) -> str:
    """What came of it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        if not mutated(guard, source):
            return NOT_TRIED
        try:
            code = tests_of(guard, source)
        except subprocess.TimeoutExpired:
            return NOT_TRIED
    return {_RED: KILLED, _GREEN: SURVIVED}.get(code, NOT_TRIED)


def table() -> str:
    """Every guard with the test that turns red without it."""
    rows = [f"| {guard.kind} | {guard.what} | `{guard.tests.split(' ')[0]}` |" for guard in GUARDS]
    return "\n".join(["| guarantee | taken out, so that | turns red |", "|---|---|---|", *rows])


def written(page: str) -> str:
    """The page with the table of today."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def main(arguments: list[str]) -> int:
    """Try them and print points tried, killed and survived; the exit code."""
    if "--write" in arguments:
        PAGE.write_text(written(PAGE.read_text()))
        return 0
    word = next(iter(arguments), "")
    guards = [guard for guard in GUARDS if word in guard.kind]
    found: Counter[tuple[str, str]] = Counter()
    for guard in guards:
        came = tried(guard)
        found[guard.kind, came] += 1
        print(f"{came:>9}  {guard.kind}: {guard.what}", flush=True)
    kinds = dict.fromkeys(guard.kind for guard in guards)
    for kind in kinds:
        counts = [found[kind, came] for came in (KILLED, SURVIVED, NOT_TRIED)]
        print(f"{kind}: {sum(counts)} points, {counts[0]} killed, {counts[1]} survived, {counts[2]} not tried")
    good = all(found[kind, KILLED] for kind in kinds) and {came for _, came in found} == {KILLED}
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
