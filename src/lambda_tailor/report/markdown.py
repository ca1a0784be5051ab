"""A plan as Markdown for a pull request comment: net first, grouped, the rest folded, short enough for GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lambda_tailor.model.plan import MonthlyUsd, Plan
from lambda_tailor.report.figures import NOTHING, Figures, figures_of
from lambda_tailor.report.groups import Reason, at_risk, blocked, by_rule, findings
from lambda_tailor.report.sentences import assumption_lines, net_words, plan_total, step_of, steps_of
from lambda_tailor.report.tables import Row, function_of
from lambda_tailor.report.texts import brief_range, brief_worth, clean, count, place
from lambda_tailor.report.view import DEFAULT, View, ordered_rows

# GitHub refuses a comment of more than 65,536 characters.
LIMIT = 65_000
_NOTE = 160
_RULES = "| | functions | net a month |\n|---|--:|--:|\n"
_REASONS = "| | what | functions | a month |\n|---|---|---|--:|\n"
_CHANGES = "| function | setting | step | a month | risk | why |\n|---|---|---|--:|---|---|\n"
_NAMES = 5


def render(plan: Plan, *, limit: int = LIMIT, view: View = DEFAULT) -> str:
    """The plan, what is least important last; what exceeds ``limit`` characters is left out and counted."""
    figures = figures_of(plan)
    head = f"## lambda-tailor: {_safe(net_words(figures.net))}\n\n{_figures(figures)}\n"
    problems = "".join(f"\n> Not read: {_safe(place(p))}: {_safe(p.because)}" for p in plan.problems[:20])
    problems += "".join(f"\n> {_safe(note)}" for note in plan.notes[:20])
    tail = _rest(plan)
    decide = list(_decide(plan))
    parts = [head, problems + "\n" if problems else "", _by_rule(plan)]
    room = limit - sum(map(len, parts)) - len(tail) - _NOTE
    if decide:
        body, cut = _fitting(decide, room // 2, len(_REASONS) + 120)
        title = f"To decide: {figures.blocked:,} blocked, {figures.at_risk:,} at risk"
        parts.append(_folded(title, _REASONS + body, opened=True) + _left_out(cut, limit))
        room -= len(parts[-1])
    rows = ordered_rows(plan, view.sort)
    if view.top is not None:
        kept = set(list(dict.fromkeys(row.function.arn for row in rows))[: view.top])
        rows = [row for row in rows if row.function.arn in kept]
    if rows:
        name = function_of(plan)
        body, cut = _fitting((_line(row, name(row)) for row in rows), room, len(_CHANGES) + 120)
        parts.append(_folded(f"All changes: {len(rows):,}, most money first", _CHANGES + body) + _left_out(cut, limit))
    return "".join([*parts, tail])


def _figures(f: Figures) -> str:
    lines = [f"**{_safe(_net(f.net))}** a month"]
    if f.assumed != NOTHING:
        measured, assumed = _safe(_net(f.measured)), _safe(_net(f.assumed))
        lines.append(
            f"measured {measured} ({count(f.measured_functions, 'function')}), "
            f"assumed {assumed} ({count(f.assumed_functions, 'function')} with too little load)"
        )
    lines.append(f"{count(f.changes, 'change')} in {count(f.changed_functions, 'function')}")
    lines.append(f"{f.at_risk:,} at risk, {f.blocked:,} blocked")
    return "\n".join(f"- {line}" for line in lines)


def _net(usd: MonthlyUsd) -> str:
    return f"adds {brief_range(-usd)}" if usd.high <= 0 and usd != NOTHING else brief_range(usd)


def _by_rule(plan: Plan) -> str:
    groups = by_rule(plan)
    if not groups:
        return ""
    lines = (
        f"| **{_safe(g.title)}** {_safe(steps_of([r.change for r in g.rows]))} | {g.functions:,} | "
        f"{_safe(brief_range(g.usd)) if g.usd != NOTHING else ''} |\n"
        for g in groups
    )
    return f"\n{_RULES}{''.join(lines)}"


def _decide(plan: Plan) -> Iterator[str]:
    for mark, reasons in (("blocked", blocked(plan)), ("", at_risk(plan)), ("to know", findings(plan))):
        for reason in reasons:
            usd = _safe(brief_range(reason.usd)) if reason.usd.high > 0 else ""
            yield f"| {mark or reason.risk.value} | {_safe(reason.text)} | {_who(reason)} | {usd} |\n"


def _who(reason: Reason) -> str:
    names = list(dict.fromkeys(row.function.name for row in reason.rows))
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return ", ".join(map(_safe, names[:_NAMES])) + more


def _line(row: Row, name: str) -> str:
    change = row.change
    if row.status == "blocked":
        why = f"**blocked:** {_safe(change.blocked or '')}"
        money = f"{_safe(brief_range(change.monthly_usd))} not saved" if change.monthly_usd.high > 0 else ""
    else:
        why = _safe(change.reason)
        money = _safe(brief_worth(change.monthly_usd))
        money += " assumed" if change.assumed and money else ""
    step = _safe(step_of(change)) if row.status != "finding" else "finding"
    return f"| {_safe(name)} | {_safe(change.setting)} | {step} | {money} | {change.risk.value} | {why} |\n"


def _fitting(lines: Iterator[str] | Sequence[str], room: int, frame: int) -> tuple[str, int]:
    """As many of the lines as there is room for beside their frame, and how many were left out."""
    body, cut, used = [], 0, frame
    for line in lines:
        if cut or used + len(line) > room:
            cut += 1
        else:
            body.append(line)
            used += len(line)
    return "".join(body), cut


def _folded(title: str, body: str, *, opened: bool = False) -> str:
    return f"\n<details{' open' if opened else ''}><summary>{title}</summary>\n\n{body}\n</details>\n"


def _left_out(cut: int, limit: int) -> str:
    return f"\n_{cut} more are not shown here, because a comment has room for {limit:,} characters._\n" if cut else ""


def _rest(plan: Plan) -> str:
    lines = "\n".join(_safe(line.strip()).replace("\\- ", "- ", 1) for line in assumption_lines(plan)[1:])
    rests = _folded("What the figures rest on", lines + "\n")
    made = f"`{_code(plan.plan_id)}`, policy `{_code(plan.policy)}`"
    return f"{rests}\n{_safe(plan_total(plan))} {made}. Nothing was changed.\n"


def _safe(text: str) -> str:
    """Text in which nothing is taken for Markdown, HTML or a mention."""
    flat = clean(text).replace("\n", " ")
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    flat = re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", flat)
    # A mention would write to whoever has that name.
    return flat.replace("@", "@\N{WORD JOINER}")


def _code(text: str) -> str:
    return clean(text).replace("`", "'").replace("\n", " ")
