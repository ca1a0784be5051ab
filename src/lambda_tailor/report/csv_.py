"""A plan as CSV: one change a row, for spreadsheets."""

from __future__ import annotations

import csv
import io

from lambda_tailor.model.plan import MonthlyUsd, Plan
from lambda_tailor.report.tables import Row
from lambda_tailor.report.texts import clean, value
from lambda_tailor.report.view import DEFAULT, View, ordered_rows

HEADER = (
    "account_id", "region", "function", "rule", "setting", "status", "before", "after", "risk",
    "monthly_usd_low", "monthly_usd_high", "reason", "blocked", "basis", "reason_code",
)  # fmt: skip
# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(plan: Plan, *, view: View = DEFAULT) -> str:
    """The plan's changes, most money first, one a row under a header; texts cannot be taken for formulas."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_cells(row) for row in ordered_rows(plan, view.sort))
    return written.getvalue()


def _cells(row: Row) -> list[str]:
    function, change = row.function, row.change
    # Whoever sums the column up sums what is saved, so what a block costs is not in it.
    money = change.monthly_usd if row.status == "pending" else MonthlyUsd()
    texts = (function.account_id, function.region, function.name, change.rule, change.setting, row.status)
    values = (value(change.setting, change.before), value(change.setting, change.after), change.risk.value)
    basis = "assumed" if change.assumed else "measured"
    last = (change.reason, change.blocked or "", basis if money.low or money.high else "", change.reason_code)
    numbers = [f"{money.low:f}", f"{money.high:f}"]
    return [*map(_text, (*texts, *values)), *numbers, *map(_text, last)]


def _text(text: str) -> str:
    text = clean(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
