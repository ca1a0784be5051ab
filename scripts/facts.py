"""Whether the facts that age have been looked after: ``make facts``, on a schedule and never part of the tests.

Every data file carries the day on which it was last compared with its sources. One that is older than 120 days
fails this, so that somebody looks: at https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, and at the
Price List (``lambda-tailor prices refresh``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1] / "src" / "lambda_tailor"
MOST_DAYS = 120


@dataclass(frozen=True, slots=True)
class Facts:
    """A data file and the day it was last looked after; None where it does not say."""

    file: Path
    day: date | None

    def age(self, today: date) -> int | None:
        """Days since then."""
        return None if self.day is None else (today - self.day).days


def facts(source: Path = SOURCE) -> Iterator[Facts]:
    """Every data file of the package that has facts of AWS."""
    for file in sorted([*source.glob("rules/data/*.json"), *source.glob("money/prices/*.json")]):
        yield Facts(file, _day(json.loads(file.read_text(encoding="utf-8"))))


def _day(data: Any) -> date | None:
    """The file's own day, or the newest of its sources'."""
    days = [data.get("as_of"), *(source.get("as_of") for source in (data.get("sources") or {}).values())]
    known = [date.fromisoformat(day) for day in days if isinstance(day, str)]
    return max(known, default=None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each file with its age; 1 where one is too old or does not say."""
    given = sys.argv[1:] if arguments is None else arguments
    today = date.fromisoformat(given[0]) if given else datetime.now(UTC).date()
    old = 0
    for each in facts():
        age = each.age(today)
        fine = age is not None and age <= MOST_DAYS
        old += not fine
        told = "no day" if age is None else f"{age} days old ({each.day})"
        print(f"{'ok ' if fine else 'OLD'} {each.file.relative_to(SOURCE)}: {told}")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
