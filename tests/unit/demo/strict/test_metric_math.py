"""The strict layer's metric math, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tailor.demo.strict.expression import Apply, ExpressionError, Name, Number, parse
from lambda_tailor.demo.strict.metric_math import MathError, Series, evaluate

ERRORS: Series = {0: 5.0, 60: 0.0, 180: 2.0}
RUNS: Series = {0: 50.0, 60: 0.0, 120: 10.0, 180: 8.0}


def queries(**expressions: str) -> list[dict[str, Any]]:
    metrics: list[dict[str, Any]] = [{"Id": "errors", "MetricStat": {}}, {"Id": "runs", "MetricStat": {}}]
    return [{"Id": name, "Expression": text} for name, text in expressions.items()] + metrics


def computed(expression: str) -> Series:
    return evaluate(queries(e=expression), {"errors": ERRORS, "runs": RUNS})["e"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # Only where both have a value, and nowhere where it divides by zero.
        ("100*errors/runs", {0: 10.0, 180: 25.0}),
        ("errors + 1", {0: 6.0, 60: 1.0, 180: 3.0}),
        ("-errors", {0: -5.0, 60: 0.0, 180: -2.0}),
        ("(errors + runs) * 2", {0: 110.0, 60: 0.0, 180: 20.0}),
        ("runs - errors - 1", {0: 44.0, 60: -1.0, 180: 5.0}),
        ("errors ^ 2", {0: 25.0, 60: 0.0, 180: 4.0}),
        ("FILL(errors, 0)", {0: 5.0, 60: 0.0, 120: 0.0, 180: 2.0}),
        ("FILL(errors, runs)", {0: 5.0, 60: 0.0, 120: 10.0, 180: 2.0}),
        ("IF(runs > 9, runs, 0)", {0: 50.0, 60: 0.0, 120: 10.0, 180: 0.0}),
        ("IF(errors, runs)", {0: 50.0, 180: 8.0}),
        ("IF(runs >= 8 AND errors < 3, 1, 0)", {0: 0.0, 60: 0.0, 180: 1.0}),
        ("errors == 0 || errors == 2", {0: 0.0, 60: 1.0, 180: 1.0}),
        ("runs / SUM(runs)", {0: 50 / 68, 60: 0.0, 120: 10 / 68, 180: 8 / 68}),
        ("runs - AVG(runs)", {0: 33.0, 60: -17.0, 120: -7.0, 180: -9.0}),
        ("runs - MAX(runs) + MIN(runs)", {0: 0.0, 60: -50.0, 120: -40.0, 180: -42.0}),
        ("SUM(METRICS())", {0: 55.0, 60: 0.0, 120: 10.0, 180: 10.0}),
        ("MAX(METRICS('run'))", RUNS),
        ("SUM(METRICS() * 2)", {0: 110.0, 60: 0.0, 120: 20.0, 180: 20.0}),
    ],
)
def test_expressions(expression: str, expected: Series) -> None:
    assert computed(expression) == pytest.approx(expected)


def test_an_expression_may_read_another_that_stands_after_it() -> None:
    found = evaluate(queries(share="rate / 100", rate="100*errors/runs"), {"errors": ERRORS, "runs": RUNS})
    assert found["share"] == {0: 0.1, 180: 0.25}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("100*errors/calls", "undefined variable"),
        ("STDDEV(errors)", "Unsupported function or operator STDDEV"),
        ("errors % 2", "Unsupported"),
        ("errors +", "unexpected end"),
        ("errors runs", "unexpected symbol found runs"),
        ("(errors", "unexpected end"),
        ("errors # 2", "unexpected symbol found #"),
        ("FILL(errors)", "Wrong number of operands"),
        ("SUM(errors)", "does not evaluate to a time series"),
        ("e + 1", "circle"),
        ("'errors'", "text stands"),
    ],
)
def test_all_else_is_refused(expression: str, said: str) -> None:
    with pytest.raises(MathError, match=said):
        computed(expression)


def test_an_id_may_be_used_once() -> None:
    with pytest.raises(MathError, match="not unique"):
        evaluate([*queries(e="errors"), {"Id": "errors", "MetricStat": {}}], {"errors": ERRORS, "runs": RUNS})


def test_products_bind_tighter_than_sums_and_both_go_from_the_left() -> None:
    assert parse("1 - a - 2 * b") == Apply(
        "-", (Apply("-", (Number(1), Name("a"))), Apply("*", (Number(2), Name("b"))))
    )


def test_an_expression_without_end_is_refused_in_words() -> None:
    with pytest.raises(ExpressionError, match="too deep"):
        parse("(" * 5000)
