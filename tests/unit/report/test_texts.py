"""Words for money and time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lambda_tailor.model.plan import Estimate, MonthlyUsd, Problem
from lambda_tailor.report.sentences import estimate_text, step_of
from lambda_tailor.report.texts import big, brief_worth, clean, duration, fine_usd, grouped, place, sentence
from tests.unit.report.plans import a_change


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
    assert fine_usd(Decimal("1E+60")).startswith("$1,000,000") and brief_worth(MonthlyUsd(Decimal(0), Decimal("1E+60")))


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


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        ("0", "0", ""),
        ("121.2", "188.7", "saves $121 to $189"),
        ("9.1", "9.1", "saves $9.10"),
        ("5.5", "8.3", "saves $5.50 to $8.30"),
        ("0", "12.5", "saves up to $13"),
        ("0.003", "8", "saves up to $8.00"),
        ("-0.01", "1.72", "saves up to $1.72"),
        ("-8", "27", "saves up to $27 or adds up to $8.00"),
        ("-12", "-5", "adds $5 to $12"),
        ("-41.8", "0", "adds up to $42"),
        ("-0.3", "-0.3", "adds $0.30"),
        ("-0.002", "-0.001", "adds under $0.01"),
        ("412345", "987654", "saves $412,345 to $987,654"),
    ],
)
def test_what_a_change_is_worth_as_people_say_it(low: str, high: str, told: str) -> None:
    assert brief_worth(MonthlyUsd(Decimal(low), Decimal(high))) == told


def test_numbers_have_commas_and_stay_with_their_unit() -> None:
    assert grouped("3008 MB") == "3,008\N{NO-BREAK SPACE}MB"
    assert grouped("layer:2024") == "layer:2024" and grouped("run-20261124") == "run-20261124"


@pytest.mark.parametrize(("number", "told"), [(812, "812"), (8120, "8,120"), (396_000, "396 k"), (1_690_000, "1.69 M")])
def test_large_counts_are_told_short(number: float, told: str) -> None:
    assert big(number) == told


def test_a_text_gets_a_capital_unless_it_begins_with_a_name() -> None:
    assert sentence("nothing stands in the way") == "Nothing stands in the way"
    assert sentence("x86_64 only") == "x86_64 only" and sentence("41 s") == "41 s"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [(3008, 1769, "3008 -> 1769 MB"), (None, 512, "none -> 512 MB"), (3008, None, "3008 MB -> none")],
)
def test_a_unit_that_both_values_have_is_told_once(before: int | None, after: int | None, told: str) -> None:
    assert step_of(a_change(before=before, after=after)) == told


@pytest.mark.parametrize(
    "steering", ["\x1b[2J", "\n", "\r", "\x9b", "\u202e", "\u2028", "\u2029", "\x85", "\u200b", "\ud800"]
)
def test_a_name_can_neither_steer_the_terminal_nor_begin_a_line_of_its_own(steering: str) -> None:
    told = clean(f"orders{steering}Plan: 0 to change")
    assert steering not in told and len(told.splitlines()) == 1
    assert clean("größer als 命") == "größer als 命"
