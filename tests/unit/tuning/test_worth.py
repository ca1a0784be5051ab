"""Which function is tuned first: the one of which it saves most to know the curve, not the one that costs most."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("numpy")

from lambda_tailor.aws.accounts import Scope
from lambda_tailor.model.evidence import AtMemory, Evidence
from lambda_tailor.money.prices import Prices, prices_for
from lambda_tailor.tuning.objective import Objective, parse
from lambda_tailor.tuning.options import TuneOptions
from lambda_tailor.tuning.payloads import Payloads
from lambda_tailor.tuning.preparing import Subject, by_worth
from lambda_tailor.tuning.worth import free_points, of_knowing_usd
from tests.builders import a_function, measured

CHEAPEST = TuneOptions(objective=Objective(), payload="events", production_payloads=True)


def a_subject(name: str, memory_mb: int, monthly_usd: float, evidence: Evidence | None = None, **given: Any) -> Subject:
    prices = prices_for("us-east-1")
    assert isinstance(prices, Prices)
    return Subject(
        scope=Scope("us-east-1", None), function=a_function(name, memory_mb=memory_mb), original={},
        evidence=evidence or Evidence(), prices=prices, payloads=Payloads((b"{}",)),
        sizes_mb=(128, 256, 512, 1024, 2048, 3008), most_usd=1.0, likely_usd=0.1, monthly_usd=monthly_usd, **given,
    )  # fmt: skip


def at(memory_mb: int, ms: float) -> AtMemory:
    return AtMemory(memory_mb, 1000, ms, ms, 80)


def test_a_dear_function_that_is_known_to_wait_at_its_smallest_size_comes_after_a_cheaper_unknown_one() -> None:
    waits = Evidence(at_memory=(at(128, 500), at(1024, 495)), duration_p50=measured(500))
    dear = a_subject("dear", 128, 100.0, waits)
    unknown = a_subject("unknown", 3008, 30.0)
    first, second = by_worth([dear, unknown], CHEAPEST)
    assert (first.function.name, second.function.name) == ("unknown", "dear")
    assert first.worth_usd > 5 > second.worth_usd >= 0


def test_twice_the_load_is_worth_twice_as_much_and_no_load_nothing() -> None:
    one, two = (of_knowing_usd(a_subject("f", 1024, usd), CHEAPEST) for usd in (10.0, 20.0))
    assert two == pytest.approx(2 * one) and one > 0
    assert of_knowing_usd(a_subject("f", 1024, 0.0), CHEAPEST) == 0


@pytest.mark.parametrize("objective", ["balanced=0.5", "fastest-within=10%", "p95-under=800ms"])
def test_under_another_objective_it_is_how_far_the_present_size_falls_short_at_most_all_it_costs(
    objective: str,
) -> None:
    options = TuneOptions(objective=parse(objective), payload="events")
    assert 0 < of_knowing_usd(a_subject("f", 128, 10.0), options) <= 10


def test_production_counts_as_measured_only_where_the_payloads_are_its_own() -> None:
    subject = a_subject("f", 1024, 1.0, Evidence(duration_p50=measured(200)))
    (hint,) = free_points(subject, TuneOptions(objective=Objective(), payload="events"))
    (known,) = free_points(subject, CHEAPEST)
    assert hint.sd > known.sd and hint.duration_ms == known.duration_ms == 200
