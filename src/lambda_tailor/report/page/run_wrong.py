"""What of a run is not in place, by the reason that was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.run import Run
from lambda_tailor.report.figures import NOTHING
from lambda_tailor.report.outcomes import End, Ending
from lambda_tailor.report.page.cards import (
    Ids,
    shell,
)
from lambda_tailor.report.page.common import Column, Group, Member
from lambda_tailor.report.page.run_cards import TAGS
from lambda_tailor.report.texts import (
    brief_range,
    clean,
    count,
    grouped,
    sentence,
    setting_name,
    value,
)


def wrong_columns(every: Sequence[Ending], ids: Ids, run: Run) -> Iterator[Column]:
    run_id = shell(run.run_id)
    shown = (
        (End.FAILED, "red", "Failed", "not made", "Mend that, then try again", f"lambda-tailor resume {run_id}"),
        (
            End.NOT_REACHED,
            "amb",
            "Not reached",
            "not begun",
            "Go on where it stopped",
            f"lambda-tailor resume {run_id}",
        ),
        (End.GONE_BACK, "amb", "Gone back", "put back by the guard", "", ""),
    )
    for end, tone, title, about, hint, command in shown:
        found = [ending for ending in every if ending.end is end]
        if found:
            groups = tuple(_group(text, each, ids, hint, command) for text, each in _by_detail(found))
            yield Column(TAGS[end].icon, tone, title, f"{count(len(found), 'change')}, {about}", groups)


def _by_detail(found: Sequence[Ending]) -> list[tuple[str, list[Ending]]]:
    groups: dict[str, list[Ending]] = {}
    for ending in found:
        groups.setdefault(ending.detail.replace(ending.function.name, "it"), []).append(ending)
    return sorted(groups.items(), key=lambda item: (-unsaved(item[1]).high, -len(item[1])))


def _group(text: str, found: Sequence[Ending], ids: Ids, hint: str, command: str) -> Group:
    usd = unsaved(found)
    members = tuple(
        Member(
            href=ids.by_arn.get(e.function.arn, ""),
            name=clean(e.function.name),
            money=brief_range(e.change.monthly_usd) if e.change.monthly_usd.high > 0 else "",
            setting=setting_name(e.change.rule, e.change.setting),
            before=grouped(value(e.change.setting, e.change.before)),
            after=grouped(value(e.change.setting, e.change.after)),
            sentence="",
        )
        for e in found[:8]
    )
    if not hint:
        hint, command = "Why, and what would change it", f"lambda-tailor explain {shell(found[0].function.name)}"
    return Group(
        title=sentence(clean(text)) or "No reason was given",
        detail=count(len({e.function.arn for e in found}), "function"),
        money=brief_range(usd) if usd.high > 0 else "",
        small="not saved" if usd.high > 0 else "no money",
        members=members,
        more=len(found) - len(members),
        hint=hint,
        command=command,
    )


def unsaved(found: Sequence[Ending]) -> MonthlyUsd:
    ranges = [e.change.monthly_usd for e in found if e.change.monthly_usd.high > 0]
    return sum((MonthlyUsd(max(r.low, Decimal(0)), r.high) for r in ranges), NOTHING)
