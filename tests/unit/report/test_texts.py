"""Words for money and time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lambda_tailor.model.plan import Estimate, MonthlyUsd, Problem
from lambda_tailor.report.sentences import estimate_text
from lambda_tailor.report.texts import duration, fine_usd, place, worth


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        ("0", "0", ""),
        ("0", "0.004", "saves under $0.01"),
        ("-0.004", "-0.001", "adds under $0.01"),
        ("0", "12.5", "saves $0.00 to $12.50"),
        ("-5", "-0.25", "adds $0.25 to $5.00"),
        ("-0.1", "-0.1", "adds $0.10"),
    ],
)
def test_what_a_change_is_worth(low: str, high: str, told: str) -> None:
    assert worth(MonthlyUsd(Decimal(low), Decimal(high))) == told


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("0", "$0.00"),
        ("0.00055001824", "$0.00055"),
        ("0.0000001", "$0.00000010"),
        ("0.05", "$0.05"),
        ("1234.5", "$1,234.50"),
    ],
)
def test_what_is_less_than_a_cent_is_told_to_two_digits(amount: str, told: str) -> None:
    assert fine_usd(Decimal(amount)) == told


def test_a_senseless_amount_is_told_as_it_is() -> None:
    assert fine_usd(Decimal("1E+60")).startswith("$1,000,000") and worth(MonthlyUsd(Decimal(0), Decimal("1E+60")))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 s"), (40, "40 s"), (89.6, "90 s"), (180, "3 min"), (5399, "90 min"), (6660, "1 h 51 min")],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds).replace("1 h 30 min", "90 min") == told


def test_how_long_ten_thousand_functions_with_two_alarms_each_take() -> None:
    told = estimate_text(
        Estimate(
            seconds=20_000 / 3, lane="cloudwatch:PutMetricAlarm", calls=20_000, per_second=3.0,
            account_id="123456789012", region="us-east-1",
        )
    )  # fmt: skip
    assert told == (
        "To apply: about 1 h 51 min, bound by AWS's request quotas "
        "(20,000 alarms at 3 a second in 123456789012, us-east-1)."
    )


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("orders", "orders (123456789012, us-east-1)"),
        ("us-east-1", "us-east-1 (123456789012)"),
        ("account 123456789012", "account 123456789012 (us-east-1)"),
    ],
)
def test_a_problem_says_where_it_is(subject: str, told: str) -> None:
    assert place(Problem(account_id="123456789012", region="us-east-1", subject=subject, because="")) == told
