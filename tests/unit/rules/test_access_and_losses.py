"""Who may call a function, and what failures cost."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Finding, Kept, Risk, Verdict
from lambda_tailor.rules import money_lost, public_access
from tests.builders import a_function, evidence

NAME = "lambda-function-dev"


def access(urls: Resource, policy: Resource) -> list[Verdict]:
    resources = {Lookup("function-urls", NAME): urls, Lookup("function-policy", NAME): policy}
    return list(public_access.judge(a_function(resources=resources), Evidence(), public_access.PublicAccessOptions()))


def statement(*principals: str, **given: Any) -> Found:
    return Found({"statements": [{"sid": "s", "principals": [*principals], "bound": False, "url": False, **given}]})


NO_URL = Found({"urls": []})


def test_a_url_without_authentication_is_grave() -> None:
    (verdict,) = access(Found({"urls": [{"auth": "NONE", "qualifier": "live"}]}), Missing())
    assert isinstance(verdict, Finding) and verdict.risk is Risk.HIGH and "live" in verdict.note
    assert isinstance(access(Found({"urls": [{"auth": "AWS_IAM", "qualifier": ""}]}), Missing())[0], Kept)


@pytest.mark.parametrize(
    ("principals", "given", "risk"),
    [
        (["*"], {}, Risk.HIGH),
        (["s3.amazonaws.com"], {}, Risk.MEDIUM),
        (["*"], {"bound": True}, None),
        (["*"], {"url": True}, None),
        (["s3.amazonaws.com"], {"bound": True}, None),
        (["arn:aws:iam::210987654321:root"], {}, None),
    ],
)
def test_a_permission_that_is_bound_to_nobody_is_found(
    principals: list[str], given: dict[str, bool], risk: Risk | None
) -> None:
    (verdict,) = access(NO_URL, statement(*principals, **given))
    assert (verdict.risk if isinstance(verdict, Finding) else None) == risk


def test_what_cannot_be_read_is_not_called_safe() -> None:
    (verdict,) = access(Unreadable("denied"), Missing())
    assert isinstance(verdict, Kept) and "denied" in verdict.because


def lost(**values: float) -> list[Verdict]:
    return list(money_lost.judge(a_function(timeout_s=30), evidence(**values), money_lost.MoneyLostOptions()))


def test_failed_runs_are_told_in_dollars() -> None:
    (verdict,) = lost(errors=100_000, duration_avg=1000, timeouts=20_000)
    assert isinstance(verdict, Finding)
    # 80,000 runs of a second and 20,000 of thirty, at 3008 MB, in 14 days of a month of 30.4.
    seconds = 80_000 + 20_000 * 30
    usd = (seconds * 3008 / 1024 * 0.0000166667 + 100_000 * 0.20 / 1e6) / 14 * (730 / 24)
    assert verdict.value == pytest.approx(usd, abs=0.01)
    assert f"${usd:,.2f} a month" in verdict.note


def test_events_that_were_dropped_in_silence_are_grave() -> None:
    verdicts = lost(async_dropped=7, dead_letter_errors=2, destination_failures=1)
    assert [v.value for v in verdicts if isinstance(v, Finding) and v.risk is Risk.HIGH] == [7, 2, 1]


def test_where_nothing_is_lost_nothing_is_said() -> None:
    assert isinstance(lost(errors=1, duration_avg=10, async_dropped=0)[0], Kept)
    assert isinstance(lost()[0], Kept)
