"""docs/advice.md: what is said to the fleet, as a table; written by ``python -m tests.advice.page``."""

from __future__ import annotations

from pathlib import Path

from tests.advice.fleet import FLEET, Case

PAGE = Path(__file__).parents[2] / "docs" / "advice.md"
BEGIN, END = "<!-- the fleet -->", "<!-- the end of the fleet -->"


def table() -> str:
    """The fleet as a Markdown table."""
    rows = [f"| `{case.name}` | {case.what} | {_said(case)} | {case.because} |" for case in FLEET]
    return "\n".join(["| function | what is known | verdict | because |", "|---|---|---|---|", *rows])


def _said(case: Case) -> str:
    return "; ".join(f"{rule.replace('_', ' ')}: {_one(case, rule, value)}" for rule, value in case.verdict.items())


def _one(case: Case, rule: str, value: object) -> str:
    if isinstance(value, str):
        kind, _, _ = value.partition(" ")
        return {"kept": "left as it is", "blocked": "blocked", "finding": "told, not changed"}.get(kind, value)
    if rule == "memory":
        return f"{case.function.memory_mb} -> {value} MB"
    return f"over {value['threshold']:g}" if isinstance(value, dict) else f"-> {value}"


def page(text: str) -> str:
    """The page with the table of now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
