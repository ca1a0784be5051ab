"""Whether a run's promise held, on windows with known values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lambda_tailor.model.evidence import Absent, Measured
from lambda_tailor.model.realized import RealizedFunction, Window
from lambda_tailor.model.run import Outcome, Result
from lambda_tailor.review.comparison import compare, profiles_of
from tests.builders import ACCOUNT, REGION, a_function

HOURS = 24.0


def window(memory_mb: int, **values: float) -> Window:
    given = {"invocations": 10_000, "errors": 0, "duration_avg": 1000, "duration_p50": 900, "duration_p95": 1500}
    readings: dict[str, Any] = {
        name: Measured(float(value), "ms", "CloudWatch", 1.0, 10_000) for name, value in {**given, **values}.items()
    }
    return Window(start="", end="", memory_mb=memory_mb, **readings)


def brought(after: Window, before: Window | None = None, region: str = REGION) -> RealizedFunction:
    outcome = Outcome(
        function="f", region=region, account_id=ACCOUNT, rule="memory", setting="memory_mb", before=2048, after=1024,
        outcome=Result.APPLIED,
    )  # fmt: skip
    function = a_function("f", memory_mb=1024, region=region)
    profiles = profiles_of(function, [outcome])
    return compare(function, profiles, before or window(2048), after, hours=HOURS, worse_percent=25)


def test_the_same_durations_at_half_the_memory_save_half_and_keep_the_promise() -> None:
    told = brought(window(1024))
    assert told.held
    assert told.per_million_usd is not None and told.promised_usd is not None
    # 2 GB-s and 1 GB-s at $0.0000166667, and 20 cents for the requests.
    assert told.per_million_usd == (Decimal("33.5334"), Decimal("16.8667"))
    # 10,000 a day are 304,167 in a month of 730 hours.
    assert told.saved_usd == (Decimal("16.6667") * 730 / 24 / 100).quantize(Decimal("0.0001"))
    assert told.promised_usd.high == told.saved_usd
    assert told.worse == ()


def test_a_function_that_slows_down_more_than_one_cpu_explains_breaks_the_promise() -> None:
    told = brought(window(1024, duration_avg=1900, duration_p50=1800, duration_p95=2900))
    assert told.held is False
    assert "cost more" in told.because
    assert told.worse == ("p50 duration went from 900 ms to 1,800 ms", "p95 duration went from 1,500 ms to 2,900 ms")


def test_slower_by_what_less_cpu_explains_keeps_the_promise_and_is_said() -> None:
    # 1769 / 1024 is 1.73: the careful end of the promise.
    told = brought(window(1024, duration_avg=1700, duration_p50=1530, duration_p95=2550))
    assert told.held
    assert len(told.worse) == 2


@pytest.mark.parametrize(("errors", "worse"), [(0, False), (100, False), (240, True)])
def test_errors_are_worse_beyond_one_in_a_hundred(errors: int, worse: bool) -> None:
    told = brought(window(1024, errors=errors), window(2048, errors=50))
    assert bool(told.worse) is worse


def test_too_few_invocations_say_nothing() -> None:
    told = brought(window(1024, invocations=19, duration_p95=99_999))
    assert told.held is None
    assert told.because == "only 19 invocations after the run, 20 are needed"
    assert told.worse == ()


def test_what_was_not_measured_is_not_zero() -> None:
    silent = Window(
        start="", end="", memory_mb=1024, invocations=Absent("no data"), errors=Absent("no data"),
        duration_avg=Absent("no data"), duration_p50=Absent("no data"), duration_p95=Absent("no data"),
    )  # fmt: skip
    assert brought(silent).because == "after the run: no data"


def test_a_region_without_prices_still_tells_what_got_worse() -> None:
    told = brought(window(1024, duration_p95=9000), region="xx-nowhere-1")
    assert told.held is None
    assert "no price of compute" in told.because
    assert len(told.worse) == 1
