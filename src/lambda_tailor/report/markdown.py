"""A plan as Markdown for a pull request comment, short enough for GitHub to take it."""

from __future__ import annotations

import re

from lambda_tailor.model.plan import Plan
from lambda_tailor.report.tables import Row, first_to_read, function_of, rows
from lambda_tailor.report.terminal import assumption_lines, plan_total
from lambda_tailor.report.texts import clean, place, value, worth

# GitHub refuses a comment of more than 65,536 characters.
LIMIT = 65_000
_TABLE = "| function | setting | before | after | a month | risk | why |\n|---|---|---|---|--:|---|---|"


def render(plan: Plan, *, limit: int = LIMIT) -> str:
    """The plan, blocked and risky changes first; what exceeds ``limit`` characters is left out and counted."""
    first, name = first_to_read(plan), function_of(plan)
    seen = set(map(_identity, first))
    rest = [row for row in rows(plan) if _identity(row) not in seen]
    head = f"## lambda-tailor\n\n**{_safe(plan_total(plan))}**\n"
    problems = "".join(f"\n> Not read: {_safe(place(p))}: {_safe(p.because)}" for p in plan.problems[:20])
    tail = "\n\n" + "\n".join(_safe(line).replace("\\- ", "- ", 1) for line in assumption_lines(plan)) + "\n"
    tail += f"\n`{_code(plan.plan_id)}`, policy `{_code(plan.policy)}`. Nothing was changed.\n"
    body, cut, room = problems + "\n", 0, limit - len(head) - len(problems) - len(tail) - 120
    for title, group in (("Blocked or risky", first), ("Changes and findings", rest)):
        if not group:
            continue
        section = f"\n### {title}\n\n{_TABLE}\n"
        for row in group:
            line = _line(row, name(row))
            if cut or len(body) + len(section) + len(line) > room:
                cut += 1
            else:
                section += line
        if not section.endswith("|\n|---|---|---|---|--:|---|---|\n"):
            body += section
    note = f"\n_{cut} more are not shown here, because a comment has room for {limit:,} characters._\n" if cut else ""
    return head + body + note + tail


def _identity(row: Row) -> tuple[str, str, str]:
    return row.function.arn, row.change.rule, row.change.setting


def _line(row: Row, name: str) -> str:
    change = row.change
    why = f"**blocked:** {_safe(change.blocked)}" if change.blocked is not None else _safe(change.reason)
    money = worth(change.monthly_usd) if change.pending else ""
    before, after = value(change.setting, change.before), value(change.setting, change.after)
    cells = (
        _safe(name),
        _safe(change.setting),
        _safe(before),
        _safe(after),
        money,
        change.risk.value,
        why,
    )
    return f"| {' | '.join(cells)} |\n"


def _safe(text: str) -> str:
    """Text in which nothing is taken for Markdown, HTML or a mention."""
    flat = clean(text).replace("\n", " ")
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", flat)
    # A mention would write to whoever has that name.
    return flat.replace("@", "@\N{WORD JOINER}")


def _code(text: str) -> str:
    return clean(text).replace("`", "'").replace("\n", " ")
