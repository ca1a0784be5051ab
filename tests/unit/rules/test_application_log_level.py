from __future__ import annotations

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Resource, Unreadable
from lambda_tailor.model.verdict import Finding, Kept, Proposed, Verdict
from lambda_tailor.rules.application_log_level import ApplicationLogLevelOptions, judge, lookups
from tests.builders import a_function, evidence

GROUP = Lookup("log-levels", "/aws/lambda/lambda-function-dev")
BYTES = Found({"bytes": {"DEBUG": 600.0, "INFO": 300.0, "ERROR": 100.0}})


def judged(found: Resource = BYTES, gb: float = 14.0, level: str | None = "DEBUG", least: str = "INFO") -> Verdict:
    function = a_function(log_format="JSON", application_log_level=level, resources={GROUP: found})
    options = ApplicationLogLevelOptions.model_validate({"least": least})
    (verdict,) = judge(function, evidence(log_bytes=gb * 2**30), options)
    return verdict


def test_what_lies_below_the_level_is_dropped_and_priced() -> None:
    verdict = judged()
    assert isinstance(verdict, Proposed)
    assert (verdict.before, verdict.after) == ("DEBUG", "INFO")
    # A GB a day, six tenths of it: 18.25 GB a month.
    assert round(float(verdict.adds.log_gb_ingested), 2) == -18.25
    assert "60 %" in verdict.reason
    higher = judged(least="ERROR")
    assert isinstance(higher, Proposed) and round(float(higher.adds.log_gb_ingested), 2) == -27.38


def test_little_nothing_and_the_unknown_are_left_be() -> None:
    assert isinstance(judged(gb=0.1), Kept)
    assert isinstance(judged(level="INFO"), Kept)
    assert isinstance(judged(level=None), Kept)
    unknown = judged(Unreadable("denied"))
    assert isinstance(unknown, Kept) and "denied" in unknown.because


def test_plain_text_is_a_finding_and_costs_no_query() -> None:
    (verdict,) = judge(a_function(), Evidence(), ApplicationLogLevelOptions())
    assert isinstance(verdict, Finding)
    assert not lookups(a_function(), ApplicationLogLevelOptions())
