"""``python -m scripts.mutants [--write] [--whole] [WORD]``: take out each guard whose kind has WORD in it, and count.

Exit 1 where a guard's absence is not noticed, or its test did not run. ``--write`` puts the tables into
docs/guarantees.md; ``--whole`` takes nothing out, and each test has to be green. Two are tried side by side
(``LAMBDA_TAILOR_MUTANTS`` of them). Half an hour: run by hand, and when a guard changes.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from scripts.mutants import page
from scripts.mutants.guard import Guard
from scripts.mutants.guards import GUARDS
from scripts.mutants.trying import KILLED, NOT_TRIED, SURVIVED, Tried, tried

_SIDE_BY_SIDE = int(os.environ.get("LAMBDA_TAILOR_MUTANTS", "2"))


def passed(guards: Sequence[Guard], *, whole: bool = False) -> dict[page.Name, str]:
    """Try them and print each; what came of them."""
    came: dict[page.Name, str] = {}
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        began = {threads.submit(tried, guard, whole=whole): guard for guard in guards}
        for future in as_completed(began):
            guard, found = began[future], future.result()
            came[guard.kind, guard.what] = found.came
            print(f"{found.came:>9}  {found.seconds:4.0f} s  {guard.kind}: {guard.what}", flush=True)
            if found.came != (SURVIVED if whole else KILLED):
                print(_indented(found), flush=True)
    return came


def _indented(found: Tried) -> str:
    return "\n".join(f"           {line}" for line in found.said.splitlines()[-12:])


def told(came: dict[page.Name, str]) -> None:
    """Points tried, killed and survived, by kind."""
    counts = Counter((kind, end) for (kind, _), end in came.items())
    for kind in dict.fromkeys(kind for kind, _ in came):
        killed, survived, left = (counts[kind, each] for each in (KILLED, SURVIVED, NOT_TRIED))
        total = killed + survived + left
        print(f"{kind}: {total} points, {killed} killed, {survived} survived, {left} not tried")
    ends = Counter(came.values())
    print(f"all: {len(came)} points, {ends[KILLED]} killed, {ends[SURVIVED]} survived, {ends[NOT_TRIED]} not tried")


def main(arguments: list[str]) -> int:
    """The exit code."""
    whole = "--whole" in arguments
    word = next((each for each in arguments if not each.startswith("--")), "")
    guards = [guard for guard in GUARDS if word in guard.kind]
    if whole:
        guards = list({guard.tests: guard for guard in guards}.values())
    came = passed(guards, whole=whole)
    told(came)
    if "--write" in arguments and not whole:
        page.write(page.written(page.read(), GUARDS, came))
    return 0 if came and set(came.values()) == {SURVIVED if whole else KILLED} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
