"""The cost-against-memory curve: hand-worked figures, a band between and beyond what was measured, named sizes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from lambda_tailor.model.evidence import AT_SIZE, AtMemory, Evidence, Quote
from lambda_tailor.model.plan import MonthlyUsd, PlannedFunction
from lambda_tailor.report import html
from lambda_tailor.report.curves import Curve, curve_of
from lambda_tailor.report.page.curve_chart import curve_chart
from lambda_tailor.rules.memory import MemoryOptions, judge
from tests.builders import a_function, measured
from tests.unit.report.plans import a_change, a_plan, a_planned, money

CENT = Decimal("0.01")


def quotes(*sizes: tuple[int, float]) -> tuple[Quote, ...]:
    return tuple(Quote(f"{AT_SIZE}{mb}", ms, "ms", "REPORT records", 14.0, 600) for mb, ms in sizes)


def sized(name: str, *sizes: tuple[int, float], region: str = "us-east-1", after: int = 512) -> PlannedFunction:
    change = a_change(before=1024, after=after, evidence=quotes(*sizes), monthly_usd=money("5"))
    return a_planned(name, (change,), region=region)


def curve(function: PlannedFunction) -> Curve:
    found = curve_of(function)
    assert found is not None
    return found


def cents(usd: MonthlyUsd) -> tuple[Decimal, Decimal]:
    return usd.low.quantize(CENT), usd.high.quantize(CENT)


def test_the_memory_rule_quotes_what_a_run_took_at_each_size() -> None:
    seen = Evidence(
        memory_used=measured(100, "MB"), duration_avg=measured(200), invocations=measured(1000, "count"),
        at_memory=(AtMemory(1024, 600, 190, 200, 100), AtMemory(512, 600, 210, 220, 100)),
    )  # fmt: skip
    (verdict, *_) = judge(a_function(memory_mb=1024), seen, MemoryOptions(from_evidence=True))
    assert {q.name: q.value for q in verdict.evidence if q.name.startswith(AT_SIZE)} == {
        f"{AT_SIZE}512": 220,
        f"{AT_SIZE}1024": 200,
    }


def test_a_million_invocations_cost_what_the_price_list_says() -> None:
    points = curve(sized("f", (512, 220.0), (1024, 200.0))).points
    # 1,000,000 x 0.5 GB x 0.220 s x $0.0000166667, and 1,000,000 requests at $0.20 a million.
    assert [point.usd.quantize(CENT) for point in points] == [Decimal("2.03"), Decimal("3.53")]


def test_arm_is_cheaper() -> None:
    function = sized("f", (512, 220.0), (1024, 200.0))
    assert curve(replace(function, architecture="arm64")).points[0].usd < curve(function).points[0].usd


def test_from_one_size_the_band_runs_from_bound_by_cpu_to_not() -> None:
    # At half the size 200 ms take 400 ms, which costs the same, or 200 ms, which costs half; requests stay.
    assert cents(curve(sized("f", (1024, 200.0))).at(512)) == (Decimal("1.87"), Decimal("3.53"))


def test_where_it_was_measured_there_is_no_band() -> None:
    band = curve(sized("f", (512, 220.0), (1024, 200.0))).at(512)
    assert band.low == band.high


def test_between_two_measured_sizes_the_band_is_what_both_allow() -> None:
    one, both = curve(sized("f", (1024, 200.0))), curve(sized("f", (512, 220.0), (1024, 200.0)))
    wide, narrow = one.at(768), both.at(768)
    assert narrow.high - narrow.low < wide.high - wide.low


def test_the_average_run_stands_in_for_sizes_that_are_not_quoted() -> None:
    quote = Quote("duration_avg", 200.0, "ms", "CloudWatch", 14.0, 9000)
    function = a_planned("f", (a_change(before=1024, after=512, evidence=(quote,)),))
    assert [(point.memory_mb, point.samples) for point in curve(function).points] == [(1024, 9000)]


def test_without_a_duration_or_prices_or_a_change_of_memory_there_is_no_curve() -> None:
    assert curve_of(a_planned("f", (a_change(evidence=()),))) is None
    assert curve_of(sized("nowhere", (512, 220.0), (1024, 200.0), region="mars-north-1")) is None
    assert curve_of(a_planned("f", (a_change(rule="timeout", setting="timeout_s"),))) is None


def test_both_sizes_are_named_and_measured_ones_are_dots() -> None:
    chart = curve_chart(curve(sized("f", (1024, 200.0))))
    assert [(mark.name, mark.size, mark.measured) for mark in chart.marks] == [
        ("now", "1,024", True),
        ("proposed", "512", False),
    ]
    assert len(chart.dots) == 1 and "$3.53 at 1,024 MB now, $1.87 to $3.53 at 512 MB" in chart.label


@pytest.mark.parametrize("after", [128, 512, 896, 960, 1536, 3008, 10_240])
def test_everything_lies_within_the_plot(after: int) -> None:
    chart = curve_chart(curve(sized("f", (1024, 200.0), after=after)))
    places = [tuple(map(float, pair.split(","))) for pair in chart.band.split()]
    assert len(places) > 40
    assert all(-0.1 <= x <= 100.1 and 0 <= y <= 88.1 for x, y in places)
    assert all(0 <= mark.x <= 100 for mark in chart.marks)
    assert html.render(a_plan(sized("f", (1024, 200.0), after=after)))


def test_names_that_are_close_stand_back_to_back() -> None:
    now, proposed = curve_chart(curve(sized("f", (1024, 200.0), after=896))).marks
    assert (proposed.anchor, now.anchor) == ("end", "start")
    now, proposed = curve_chart(curve(sized("f", (1024, 200.0), after=256))).marks
    assert (proposed.anchor, now.anchor) == ("middle", "middle")
