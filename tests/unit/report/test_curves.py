"""The cost-against-memory curve: hand-worked figures, marked sizes, a table behind it, nothing unescaped."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

from lambda_tailor.model.evidence import AT_SIZE, AtMemory, Evidence, Quote
from lambda_tailor.model.plan import PlannedFunction
from lambda_tailor.model.verdict import Proposed
from lambda_tailor.report import charts, html
from lambda_tailor.report.curves import curves
from lambda_tailor.rules.memory import MemoryOptions, judge
from tests.builders import a_function, measured
from tests.unit.report.plans import HOSTILE, a_change, a_plan, a_planned, money


def quotes(*sizes: tuple[int, float]) -> tuple[Quote, ...]:
    return tuple(Quote(f"{AT_SIZE}{mb}", ms, "ms", "REPORT records", 14.0, 600) for mb, ms in sizes)


def sized(name: str, *sizes: tuple[int, float], saves: str = "5", region: str = "us-east-1") -> PlannedFunction:
    change = a_change(before=1024, after=512, evidence=quotes(*sizes), monthly_usd=money(saves))
    return a_planned(name, (change,), region=region)


def test_the_memory_rule_quotes_what_a_run_took_at_each_size() -> None:
    seen = Evidence(
        memory_used=measured(100, "MB"), duration_avg=measured(200), invocations=measured(1000, "count"),
        at_memory=(AtMemory(1024, 600, 190, 200, 100), AtMemory(512, 600, 210, 220, 100)),
    )  # fmt: skip
    (verdict,) = judge(a_function(memory_mb=1024), seen, MemoryOptions(from_evidence=True))
    assert isinstance(verdict, Proposed) and verdict.after == 512
    assert {q.name: q.value for q in verdict.evidence if q.name.startswith(AT_SIZE)} == {
        f"{AT_SIZE}512": 220,
        f"{AT_SIZE}1024": 200,
    }


def test_a_million_invocations_cost_what_the_price_list_says() -> None:
    (curve,) = curves(a_plan(sized("f", (512, 220.0), (1024, 200.0))))
    # 1,000,000 x 0.5 GB x 0.220 s x $0.0000166667, and 1,000,000 requests at $0.20 a million.
    assert [point.usd.quantize(Decimal("0.01")) for point in curve.points] == [Decimal("2.03"), Decimal("3.53")]


def test_arm_is_cheaper() -> None:
    plan = a_plan(sized("f", (512, 220.0), (1024, 200.0)))
    arm = replace(plan, functions=tuple(replace(f, architecture="arm64") for f in plan.functions))
    assert curves(arm)[0].points[0].usd < curves(plan)[0].points[0].usd


def test_a_function_that_ran_at_one_size_or_has_no_prices_has_no_curve() -> None:
    assert curves(a_plan(sized("one", (512, 220.0)))) == []
    assert curves(a_plan(sized("nowhere", (512, 220.0), (1024, 200.0), region="mars-north-1"))) == []


def test_the_greatest_saving_comes_first_and_no_more_than_ten_are_drawn() -> None:
    functions = [sized(f"f{n}", (512, 220.0), (1024, 200.0), saves=str(n)) for n in range(13)]
    plan = a_plan(*functions)
    assert [curve.function.name for curve in curves(plan)][:2] == ["f12", "f11"]
    page = html.render(plan)
    assert page.count("Line chart of cost against memory for") == 10
    assert "3 more functions ran at several sizes" in page


def test_the_drawing_marks_both_sizes_and_says_what_it_shows() -> None:
    (curve,) = curves(a_plan(sized("f", (512, 220.0), (768, 205.0), (1024, 200.0))))
    drawn = charts.cost_by_memory(curve, HOSTILE)
    root = ElementTree.fromstring(drawn)
    assert root.attrib["role"] == "img" and root.attrib["aria-label"] == HOSTILE
    text = "".join(root.itertext())
    assert "now" in text and "proposed" in text and "Memory in MB" in text


def test_a_name_cannot_break_out_of_the_page() -> None:
    page = html.render(a_plan(sized(HOSTILE, (512, 220.0), (1024, 200.0))))
    assert "<img src=x" not in page
