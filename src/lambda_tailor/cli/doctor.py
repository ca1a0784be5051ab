"""``doctor``: what is ready and what is missing, with the next step beside it."""

from __future__ import annotations

from lambda_tailor import api, documents
from lambda_tailor.cli.arguments import Arguments
from lambda_tailor.model.diagnosis import Diagnosis, Health
from lambda_tailor.report.texts import clean

_MARKS = {Health.OK: "ok", Health.WARNING: "! ", Health.FAILED: "x ", Health.UNKNOWN: "? "}


def doctor(asked: Arguments) -> int:
    """Look and say; 1 where something failed."""
    found = api.doctor(regions=asked.get("regions", ()), journal=asked.get("journal"), **asked.connecting())
    print(documents.dumps(found) if asked.as_json else "\n".join(_lines(found)))
    return 0 if found.well else 1


def _lines(found: Diagnosis) -> list[str]:
    lines: list[str] = []
    for check in found.checks:
        lines.append(f"  {_MARKS[check.health]} {check.name}: {clean(check.found)}")
        if check.remedy:
            lines.append(f"       {clean(check.remedy)}")
    failed = sum(check.health is Health.FAILED for check in found.checks)
    lines.append("All is ready." if not failed else f"{failed} of {len(found.checks)} checks failed.")
    return lines
