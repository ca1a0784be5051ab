"""The functions of a run as cards: how their changes ended, what was promised and what was realized."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd, Plan, PlannedFunction
from lambda_tailor.model.realized import Realized, RealizedFunction
from lambda_tailor.model.run import Run
from lambda_tailor.report.figures import NOTHING
from lambda_tailor.report.outcomes import End, Ending
from lambda_tailor.report.page.cards import (
    BLOCKED,
    Card,
    Ids,
    Kind,
    Line,
    Shelf,
    Tag,
    evidence_of,
    figure,
    planned_line,
    quoted,
    shell,
    shelve,
    what_of,
)
from lambda_tailor.report.page.charts import Scale, promise, scale
from lambda_tailor.report.page.rollout_chart import RolloutChart, rollout_chart
from lambda_tailor.report.rollout import ended
from lambda_tailor.report.texts import (
    brief_range,
    clean,
    sentence,
)

TAGS: Mapping[End, Tag] = {
    End.FAILED: Tag("failed", "x", "failed"),
    End.NOT_REACHED: Tag("none", "clock", "not reached"),
    End.GONE_BACK: Tag("back", "back", "gone back"),
    End.BLOCKED: BLOCKED,
    End.IN_PLACE: Tag("applied", "check", "applied"),
    End.PUT_BACK: Tag("none", "back", "put back"),
    End.UNCHANGED: Tag("none", "check", "as it was"),
}


_GRAVITY = {end: n for n, end in enumerate(End)}


@dataclass(frozen=True, slots=True)
class Told:
    """The run by function: its endings, what it promised with what is in place, and what was realized."""

    endings: Mapping[str, Sequence[Ending]]
    promised: Mapping[str, MonthlyUsd]
    realized: Mapping[str, RealizedFunction]

    def worst(self, function: PlannedFunction) -> End:
        """The gravest end of a function's changes."""
        return min((e.end for e in self.endings.get(function.arn, ())), key=_GRAVITY.__getitem__, default=End.UNCHANGED)


def told_of(plan: Plan, every: Sequence[Ending], realized: Realized | None) -> Told:
    by_function: dict[str, list[Ending]] = {}
    for ending in every:
        by_function.setdefault(ending.function.arn, []).append(ending)
    there = {(f.account_id, f.region, f.name): f.arn for f in plan.functions}
    measured = {
        there[key]: f
        for f in (realized.functions if realized is not None else ())
        if (key := (f.account_id, f.region, f.function)) in there
    }
    return Told(by_function, {arn: _in_place(each) for arn, each in by_function.items()}, measured)


def _in_place(each: Sequence[Ending]) -> MonthlyUsd:
    counted = (e for e in each if e.end is End.IN_PLACE and e.change.counted)
    return sum((ending.change.monthly_usd for ending in counted), NOTHING)


def ordered(plan: Plan, told: Told) -> list[PlannedFunction]:
    """Failed first, then not reached and gone back, then the most money."""
    shown = [f for f in plan.functions if f.arn in told.endings]
    bad = {End.FAILED: 0, End.NOT_REACHED: 1, End.GONE_BACK: 2}

    def key(function: PlannedFunction) -> tuple[int, Decimal, str]:
        return bad.get(told.worst(function), 3), -_worth(function, told), function.name

    return sorted(shown, key=key)


def _worth(function: PlannedFunction, told: Told) -> Decimal:
    measured = told.realized.get(function.arn)
    if measured is not None and measured.promised_usd is not None:
        return measured.promised_usd.high
    return told.promised.get(function.arn, NOTHING).high


def run_shelf(functions: list[PlannedFunction], ids: Ids, told: Told, run: Run) -> Shelf:
    most = max((float(_worth(f, told)) for f in functions), default=0.0)
    axis = scale(0, most, room=1.0)

    def card(function: PlannedFunction, kind: Kind) -> Card:
        return _card(function, ids.by_arn[function.arn], axis, told, run, kind)

    def grave(function: PlannedFunction) -> bool:
        return told.worst(function) in (End.FAILED, End.NOT_REACHED, End.GONE_BACK)

    return shelve(functions, grave, card, lambda f: told.promised.get(f.arn, NOTHING))


def _card(function: PlannedFunction, card_id: str, axis: Scale, told: Told, run: Run, kind: Kind) -> Card:
    each = told.endings[function.arn]
    measured, promised = told.realized.get(function.arn), told.promised[function.arn]
    saved = measured.saved_usd if measured is not None and measured.held is not None else None
    if saved is not None and measured is not None and measured.promised_usd is not None:
        promised, money, small = measured.promised_usd, brief_range(MonthlyUsd(saved, saved)), ""
        small = f"promised {brief_range(promised)}"
    else:
        money = figure(promised)
        small = ("promised; too early" if told.realized else "promised") if promised != NOTHING else ""
    back = told.worst(function) is End.GONE_BACK
    sparks, curve = (
        evidence_of(function, proposed="tried" if back else "now", now="before") if kind == "charts" else ((), None)
    )
    return Card(
        id=card_id,
        name=clean(function.name),
        where=(clean(function.account_id), clean(function.region)),
        what=what_of(function.changes),
        tags=tuple(_tags(each)),
        money=money,
        small=small,
        promise=promise(axis, promised, saved) if promised.low >= 0 and promised.high > 0 else None,
        lines=tuple(_line(ending) for ending in each),
        notes=tuple(map(clean, (*function.notes, *_rollouts(function, run), *(measured.worse if measured else ())))),
        rollout=_rollout_chart(function, run) if kind == "charts" else None,
        sparks=sparks,
        curve=curve,
        evidence=quoted(function) if kind != "short" else "",
        commands=_commands(function, run) if kind != "short" else (),
        rich=kind != "short",
    )


def _rollouts(function: PlannedFunction, run: Run) -> Iterator[str]:
    """How the function's guarded rollouts ended, in one line each."""
    for rollout in run.rollouts:
        if rollout.arn == function.arn:
            yield f"Rolled out: {ended(rollout)}"


def _rollout_chart(function: PlannedFunction, run: Run) -> RolloutChart | None:
    """The last of the function's rollouts over its time."""
    charts = (rollout_chart(rollout) for rollout in reversed(run.rollouts) if rollout.arn == function.arn)
    return next((chart for chart in charts if chart is not None), None)


def _tags(each: Sequence[Ending]) -> Iterator[Tag]:
    ends = Counter(ending.end for ending in each)
    bad = [end for end in (End.FAILED, End.NOT_REACHED, End.GONE_BACK) if ends[end]]
    for end in bad or [end for end in (End.IN_PLACE, End.PUT_BACK, End.UNCHANGED, End.BLOCKED) if ends[end]][:1]:
        yield replace(TAGS[end], text=f"{ends[end]} {end.value}")


def _line(ending: Ending) -> Line:
    line = planned_line(ending.change)
    said = clean(ending.detail) if ending.end in (End.FAILED, End.GONE_BACK, End.BLOCKED, End.NOT_REACHED) else ""
    lost = ending.end not in (End.IN_PLACE, End.UNCHANGED)
    gone = lost and ending.change.monthly_usd.high > 0
    return replace(
        line,
        why=sentence(said) or line.why,
        tag=TAGS[ending.end],
        money=brief_range(ending.change.monthly_usd) if gone else line.money,
        small="not saved" if gone else line.small,
        undone=ending.end is End.BLOCKED,
    )


def _commands(function: PlannedFunction, run: Run) -> tuple[tuple[str, str], ...]:
    name, where_ = shell(function.name), f" --region {shell(function.region)}"
    run_id = shell(run.run_id)
    return (
        ("Why, and what would change it", f"lambda-tailor explain {name}{where_}"),
        ("Did the promise hold", f"lambda-tailor runs {run_id} --realized"),
    )
