"""The page of a run, worked out: what is in place and what is not, what was promised and what was realized."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd, Plan
from lambda_tailor.model.realized import Realized, RealizedFunction
from lambda_tailor.model.run import Run, Status
from lambda_tailor.report.figures import NOTHING, figures_of
from lambda_tailor.report.outcomes import End, Ending, endings
from lambda_tailor.report.page.cards import (
    Ids,
    Shelf,
    shell,
)
from lambda_tailor.report.page.charts import Scale
from lambda_tailor.report.page.common import Column, Command, Head, Stat, assumptions, where
from lambda_tailor.report.page.promises import KeptBar, PromiseRow, axis_of, kept_bar, promise_row, verdict_of
from lambda_tailor.report.page.rollout_section import RolloutCard, rollout_cards
from lambda_tailor.report.page.run_cards import TAGS, Told, ordered, run_shelf, told_of
from lambda_tailor.report.page.run_wrong import unsaved, wrong_columns
from lambda_tailor.report.texts import (
    brief_range,
    clean,
    count,
    duration,
    spoken,
)


@dataclass(frozen=True, slots=True)
class RunHero:
    """The large figure as the ends of its range, the sentences around it, and its bar where something was measured."""

    eyebrow: str
    figure: tuple[str, ...]
    sentence: str
    kept: KeptBar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """All that the page of a run shows."""

    head: Head
    banner: tuple[str, str, str]
    hero: RunHero
    stats: tuple[Stat, ...]
    columns: tuple[Column, ...]
    scale: Scale | None
    promises: tuple[PromiseRow, ...]
    shelf: Shelf
    shown: int
    steps: tuple[Command, ...]
    assumptions: tuple[tuple[str, str], ...]
    rollouts: tuple[RolloutCard, ...] = ()


def run_page(plan: Plan, run: Run, realized: Realized | None = None) -> RunPage:
    """The page of a run; ``realized`` is what was measured after it, where somebody asked."""
    every = endings(plan, run)
    told = told_of(plan, every, realized)
    functions = ordered(plan, told)
    ids = Ids.of(functions)
    columns = tuple(wrong_columns(every, ids, run))
    rows = [told.realized[f.arn] for f in functions if f.arn in told.realized and told.realized[f.arn].held is not None]
    rows.sort(key=lambda r: -(r.promised_usd or NOTHING).high)
    axis = axis_of(rows) if rows else None
    return RunPage(
        head=_head(plan, run, realized, wrong=bool(columns), promises=bool(rows)),
        banner=_banner(run, Counter(ending.end for ending in every)),
        hero=_hero(run, rows, told),
        stats=_stats(every, plan, wrong=bool(columns)),
        columns=columns,
        scale=axis,
        promises=tuple(promise_row(row, axis) for row in rows) if axis is not None else (),
        rollouts=rollout_cards(run.rollouts),
        shelf=run_shelf(functions, ids, told, run),
        shown=len(functions),
        steps=_steps(run, Counter(ending.end for ending in every)),
        assumptions=tuple(assumptions(plan, figures_of(plan).assumed_functions, evidence_note=_windows(realized))),
    )


def _head(plan: Plan, run: Run, realized: Realized | None, *, wrong: bool, promises: bool) -> Head:
    meta = [f"{'put back' if run.of_run else 'applied'} {spoken(run.started_at)}{_took(run)}"]
    if realized is not None and realized.functions:
        meta.append(f"judged {spoken(realized.functions[0].after.end, time=False)}")
    if run.user:
        meta.append(f"by {clean(run.user.rpartition(':')[2])}")
    nav = [("wrong", "Not in place")] if wrong else []
    nav += [("promise", "Promise")] if promises else []
    nav += [("functions", "Functions"), ("undo", "Next"), ("assumptions", "Assumptions")]
    kind = "Rollback" if run.of_run else "Run"
    return Head(
        title=f"lambda-tailor: {kind.lower()} {clean(run.run_id)}, {run.status.value}",
        heading=f"{kind} in {where(plan)}",
        meta=tuple(meta),
        code=clean(run.run_id),
        nav=tuple(nav),
    )


def _took(run: Run) -> str:
    if run.finished_at is None:
        return ""
    try:
        seconds = (datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f", in {duration(max(seconds, 0))}"


def _banner(run: Run, ends: Counter[End]) -> tuple[str, str, str]:
    """The icon, its tone and the sentence, by the worst that happened."""
    total = sum(n for end, n in ends.items() if end not in (End.BLOCKED, End.UNCHANGED))
    if run.of_run is not None:
        back = f"{ends[End.PUT_BACK]} of {count(total, 'change')} of {clean(run.of_run)} put back"
        failed = f", {ends[End.FAILED]} could not be" if ends[End.FAILED] else ""
        return ("x", "red", f"{back}{failed}.") if failed else ("back", "grn", f"{back}: it is as it was before.")
    if run.status is Status.ROLLED_BACK and not ends[End.GONE_BACK]:
        return "back", "amb", "This run was rolled back by hand: everything is as it was before it."
    parts = [f"{ends[End.IN_PLACE]} of {count(total, 'change')} {'is' if total == 1 else 'are'} in place."]
    others = [f"{ends[end]} {word}" for end, word in _WORDS.items() if ends[end]]
    if run.status in (Status.INTERRUPTED, Status.RUNNING):
        state = "was interrupted" if run.status is Status.INTERRUPTED else "is under way"
        return "clock", "amb", " ".join([f"The run {state}.", *parts, *([", ".join(others) + "."] if others else [])])
    if not others:
        return "check", "grn", " ".join(parts) if total else "Nothing was to be changed."
    tone = "red" if ends[End.FAILED] and not ends[End.IN_PLACE] else "amb"
    return "risk", tone, " ".join([*parts, f"{', '.join(others)}.", "Nothing is half done."])


_WORDS: Mapping[End, str] = {
    End.FAILED: "failed",
    End.GONE_BACK: "went back",
    End.NOT_REACHED: "not reached",
}


def _hero(run: Run, rows: Sequence[RealizedFunction], told: Told) -> RunHero:
    if rows:
        saved = sum((row.saved_usd or Decimal(0) for row in rows), Decimal(0))
        promised = sum((row.promised_usd or NOTHING for row in rows), NOTHING)
        eyebrow = "Realized saving a month" if saved >= 0 else "Realized cost a month"
        figure_ = _ends(MonthlyUsd(abs(saved), abs(saved)))
        return RunHero(eyebrow, figure_, " ".join(_judged(rows, saved, promised, told)), kept_bar(promised, saved))
    if run.of_run is not None or run.status is Status.ROLLED_BACK:
        return RunHero("Saving a month", ("$0",), "Nothing of it is in place any more, so nothing is saved.")
    promised = sum(told.promised.values(), NOTHING)
    if promised == NOTHING:
        return RunHero("Promised saving a month", ("$0",), "What is in place is worth no money.")
    costs = promised.high <= 0
    eyebrow = "Promised cost a month" if costs else "Promised saving a month"
    when = f"What came of it is told a week after: lambda-tailor runs {clean(run.run_id)} --realized"
    return RunHero(eyebrow, _ends(-promised if costs else promised), f"By what is in place. {when}")


def _ends(usd: MonthlyUsd) -> tuple[str, ...]:
    return tuple(brief_range(usd).split(" to "))


def _judged(rows: Sequence[RealizedFunction], saved: Decimal, promised: MonthlyUsd, told: Told) -> Iterator[str]:
    days = _days(rows)
    verdict = {"as promised": "and kept", "less than promised": "and not kept"}.get(
        verdict_of(saved, promised), "and more than kept"
    )
    them = "this function" if len(rows) == 1 else f"these {len(rows)} functions"
    yield f"Promised {brief_range(promised)} for {them}, {verdict}: measured over {days} before and {days} after."
    early = {arn for arn, usd in told.promised.items() if usd != NOTHING} - {
        arn for arn, row in told.realized.items() if row.held is not None
    }
    if early:
        rest = sum((told.promised[arn] for arn in early), NOTHING)
        more = (
            f"{count(len(early), 'function')} more, promised {brief_range(rest)},"
            if rest.high > 0
            else f"{count(len(early), 'function')} more"
        )
        yield f"{more} ran too little to be judged yet."


def _days(rows: Sequence[RealizedFunction]) -> str:
    try:
        start, end = (datetime.fromisoformat(t) for t in (rows[0].after.start, rows[0].after.end))
    except ValueError:
        return "the same time"
    hours = (end - start).total_seconds() / 3600
    return count(round(hours / 24), "day") if hours >= 36 else count(round(hours), "hour")


def _stats(every: Sequence[Ending], plan: Plan, *, wrong: bool) -> tuple[Stat, ...]:
    ends = Counter(ending.end for ending in every)
    target = "#wrong" if wrong else "#functions"
    done = End.PUT_BACK if ends[End.PUT_BACK] else End.IN_PLACE
    touched = len({e.function.arn for e in every if e.end is done})
    icon = "back" if done is End.PUT_BACK else "check"
    second = End.NOT_REACHED if ends[End.NOT_REACHED] and not ends[End.FAILED] else End.FAILED
    third = End.GONE_BACK if ends[End.GONE_BACK] or not ends[End.BLOCKED] else End.BLOCKED
    return (
        Stat(
            "#functions",
            f"{ends[done]:,}",
            icon,
            "ok",
            done.value,
            f"in {touched:,} of {count(len(plan.functions), 'function')}",
        ),
        _stat(
            second, every, target, "x" if second is End.FAILED else "clock", "bad" if second is End.FAILED else "risk"
        ),
        _stat(third, every, target, TAGS[third].icon, "risk" if third is End.GONE_BACK else ""),
    )


def _stat(end: End, every: Sequence[Ending], target: str, icon: str, tone: str) -> Stat:
    found = [ending for ending in every if ending.end is end]
    lost = unsaved(found)
    detail = f"{brief_range(lost)} not saved" if lost.high > 0 else "as they were" if found else "none"
    return Stat(target, f"{len(found):,}", icon, tone if found else "", end.value, detail)


def _steps(run: Run, ends: Counter[End]) -> tuple[Command, ...]:
    run_id = shell(run.run_id)
    all_runs = Command("All runs", "lambda-tailor runs", "Who changed what, and when.")
    look = Command("Look again", "lambda-tailor verify --all", "Is everything still as the policy wants it?")
    if run.of_run is not None or run.status is Status.ROLLED_BACK:
        again = Command("Plan again", "lambda-tailor plan --all", "What would be changed now.")
        return look, again, all_runs
    undo = Command(
        "Undo all of it",
        f"lambda-tailor rollback {run_id}",
        "To exactly what was there before. Deleted logs do not come back.",
    )
    if ends[End.NOT_REACHED] or run.status is Status.INTERRUPTED:
        go_on = Command("Go on with it", f"lambda-tailor resume {run_id}", "Only what was not done yet is done.")
        return go_on, undo, all_runs
    return look, undo, all_runs


def _windows(realized: Realized | None) -> str:
    if realized is None or not realized.functions:
        return ""
    hours = realized.window_hours
    span = count(round(hours / 24), "day") if hours >= 36 else count(round(hours), "hour")
    return f"{span} before the run and {span} after it, from CloudWatch."
