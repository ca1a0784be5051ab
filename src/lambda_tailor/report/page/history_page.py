"""The page of the history, worked out: saved since the beginning, promised against realized, every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lambda_tailor.model.history import History, PastRun
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.run import Status
from lambda_tailor.model.usage import SECONDS_A_MONTH
from lambda_tailor.report.figures import NOTHING
from lambda_tailor.report.page.cards import Tag, shell
from lambda_tailor.report.page.charts import FULL, Scale, Tick, promise, scale
from lambda_tailor.report.page.common import Command, Head, Stat
from lambda_tailor.report.page.promises import PromiseRow, verdict_of
from lambda_tailor.report.texts import brief_range, clean, count, spoken

# So many points of a line; and so many runs in the list, newest first.
_POINTS, _LISTED = 60, 200
_TAGS = {
    Status.SUCCEEDED: Tag("applied", "check", "in place"),
    Status.FAILED: Tag("failed", "x", "partly failed"),
    Status.INTERRUPTED: Tag("back", "clock", "interrupted"),
    Status.RUNNING: Tag("back", "clock", "under way"),
    Status.ROLLED_BACK: Tag("none", "back", "put back"),
}


@dataclass(frozen=True, slots=True)
class Growth:
    """What was saved since the first run, as a band over time, with its ticks, and the two ends of the time."""

    band: str
    line: str
    money: tuple[Tick, ...]
    first: str
    last: str
    label: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in the list."""

    when: str
    run_id: str
    what: str
    user: str
    tag: Tag
    money: str
    small: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """All that the page of the history shows."""

    head: Head
    eyebrow: str
    figure: tuple[str, ...]
    sentence: str
    stats: tuple[Stat, ...]
    growth: Growth | None
    scale: Scale | None
    promises: tuple[PromiseRow, ...]
    rows: tuple[RunRow, ...]
    more: int
    steps: tuple[Command, ...]
    assumptions: tuple[tuple[str, str], ...]


def history_page(history: History) -> HistoryPage:
    """The page of all runs."""
    own = [run for run in history.runs if run.of_run is None]
    effective = [run for run in own if run.until is None and run.changes]
    saved = sum((_so_far(run, history.at) for run in own), NOTHING)
    monthly = sum((_a_month(run) for run in effective), NOTHING)
    judged = [run for run in own if run.realized_usd is not None and run.judged_usd is not None]
    axis = _axis(judged) if judged else None
    growth = _growth(own, history.at)
    costs = saved.high <= 0 and saved != NOTHING
    return HistoryPage(
        head=_head(history, growth=growth is not None, promises=bool(judged)),
        eyebrow="Cost since the first run" if costs else "Saved since the first run",
        figure=tuple(brief_range(-saved if costs else saved).split(" to ")),
        sentence=_sentence(own, effective, monthly, judged),
        stats=_stats(history, effective),
        growth=growth,
        scale=axis,
        promises=tuple(_promised(run, axis) for run in judged) if axis is not None else (),
        rows=tuple(_row(run) for run in reversed(history.runs[-_LISTED:])),
        more=max(0, len(history.runs) - _LISTED),
        steps=_steps(),
        assumptions=_assumptions(bool(judged)),
    )


def _a_month(run: PastRun) -> MonthlyUsd:
    """What a run saves a month: as measured where that is known, and else as promised."""
    if run.realized_usd is None or run.judged_usd is None:
        return run.promised_usd
    # What could not be judged stays as it was promised.
    rest = MonthlyUsd.between(run.promised_usd.low - run.judged_usd.low, run.promised_usd.high - run.judged_usd.high)
    return rest + MonthlyUsd(run.realized_usd, run.realized_usd)


def _so_far(run: PastRun, at: str) -> MonthlyUsd:
    months = _months(run.started_at, run.until or at)
    monthly = _a_month(run)
    return MonthlyUsd(monthly.low * months, monthly.high * months)


def _months(start: str, end: str) -> Decimal:
    return max(Decimal(0), Decimal(str(_seconds(end) - _seconds(start))) / SECONDS_A_MONTH)


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _head(history: History, *, growth: bool, promises: bool) -> Head:
    nav = [("growth", "Saved")] if growth else []
    nav += [("promise", "Promise")] if promises else []
    nav += [("runs", "Runs"), ("next", "Next"), ("assumptions", "Assumptions")]
    since = (f"since {spoken(history.runs[0].started_at, time=False)}",) if history.runs else ()
    return Head(
        title=f"lambda-tailor: {count(len(history.runs), 'run')}",
        heading="All runs",
        meta=(count(len(history.runs), "run"), *since, spoken(history.at)),
        code="",
        nav=tuple(nav),
    )


def _sentence(
    own: Sequence[PastRun], effective: Sequence[PastRun], monthly: MonthlyUsd, judged: Sequence[PastRun]
) -> str:
    if not own:
        return "No run yet."
    told = [f"{count(len(effective), 'run')} in effect, {brief_range(monthly)} a month now."]
    if judged:
        realized = sum((run.realized_usd or Decimal(0) for run in judged), Decimal(0))
        promised = sum((run.judged_usd or NOTHING for run in judged), NOTHING)
        told.append(
            f"Measured for {len(judged)} of them: {brief_range(MonthlyUsd(realized, realized))} a month, "
            f"promised {brief_range(promised)}: {verdict_of(realized, promised)}."
        )
    else:
        told.append("As promised; measure it with: lambda-tailor report --history --realized.")
    return " ".join(told)


def _stats(history: History, effective: Sequence[PastRun]) -> tuple[Stat, ...]:
    back = [run for run in history.runs if run.of_run is None and run.until is not None]
    failed = [run for run in history.runs if run.failed]
    changes = sum(run.changes for run in effective)
    lost = sum(run.failed for run in failed)
    return (
        Stat("#runs", f"{len(effective):,}", "check", "ok", "in effect", f"{count(changes, 'change')} in place"),
        Stat(
            "#runs",
            f"{len(failed):,}",
            "x",
            "bad" if failed else "",
            "with failures",
            f"{count(lost, 'change')} failed" if lost else "none",
        ),
        Stat("#runs", f"{len(back):,}", "back", "", "put back", "as it was before" if back else "none"),
    )


def _growth(runs: Sequence[PastRun], at: str) -> Growth | None:
    """The money saved so far at points in time; None where there is no time or no money."""
    money = [run for run in runs if _a_month(run) != NOTHING]
    if not money:
        return None
    start, end = min(_seconds(run.started_at) for run in money), _seconds(at)
    if end - start < 3600:
        return None
    moments = [start + (end - start) * n / _POINTS for n in range(_POINTS + 1)]
    saved = [sum((_until(run, moment, at) for run in money), NOTHING) for moment in moments]
    axis = scale(float(min(s.low for s in saved)), float(max(s.high for s in saved)), room=1.08)

    def place(n: int, usd: Decimal) -> str:
        return f"{n / _POINTS * FULL:.1f},{FULL - axis.at(usd):.1f}"

    high = [place(n, s.high) for n, s in enumerate(saved)]
    low = [place(n, s.low) for n, s in enumerate(saved)]
    total = brief_range(saved[-1])
    first = min(money, key=lambda run: _seconds(run.started_at)).started_at
    return Growth(
        band=" ".join([*high, *reversed(low)]),
        line=" ".join(low),
        money=tuple(Tick(FULL - tick.at, tick.label) for tick in axis.ticks),
        first=spoken(first, time=False),
        last=spoken(at, time=False),
        label=f"Saved from {spoken(first, time=False)} to {spoken(at, time=False)}: {total}",
    )


def _until(run: PastRun, moment: float, at: str) -> MonthlyUsd:
    end = min(moment, _seconds(run.until or at))
    months = Decimal(str(max(0.0, end - _seconds(run.started_at)))) / SECONDS_A_MONTH
    monthly = _a_month(run)
    return MonthlyUsd(monthly.low * months, monthly.high * months)


def _axis(judged: Sequence[PastRun]) -> Scale:
    ends = [float(end) for run in judged for end in ((run.judged_usd or NOTHING).low, (run.judged_usd or NOTHING).high)]
    ends += [float(run.realized_usd or 0) for run in judged]
    return scale(min(ends), max(ends), room=1.05)


def _promised(run: PastRun, axis: Scale) -> PromiseRow:
    promised, saved = run.judged_usd or NOTHING, run.realized_usd or Decimal(0)
    verdict = verdict_of(saved, promised)
    tone = "amb" if verdict == "less than promised" else ""
    return PromiseRow(
        spoken(run.started_at, time=False),
        f"promised {brief_range(promised)}",
        brief_range(MonthlyUsd(saved, saved)),
        verdict,
        tone,
        promise(axis, promised, saved),
    )


def _row(run: PastRun) -> RunRow:
    if run.of_run is not None:
        what = f"put back {count(run.changes, 'change')} of {clean(run.of_run)}"
        tag = Tag("none", "back", "rollback") if not run.failed else _TAGS[Status.FAILED]
        return RunRow(spoken(run.started_at), clean(run.run_id), what, clean(run.user.rpartition(":")[2]), tag, "", "")
    failed = f", {run.failed} failed" if run.failed else ""
    what = f"{count(run.changes, 'change')} in {count(run.functions, 'function')}{failed}"
    tag = _TAGS[Status.ROLLED_BACK if run.until is not None else run.status]
    money = brief_range(_a_month(run)) if run.promised_usd != NOTHING else ""
    small = "" if not money else "a month, measured" if run.realized_usd is not None else "a month, promised"
    return RunRow(
        spoken(run.started_at), clean(run.run_id), what, clean(run.user.rpartition(":")[2]), tag, money, small
    )


def _steps() -> tuple[Command, ...]:
    return (
        Command("One run", "lambda-tailor report latest --out run.html", "Its changes, its promise, what failed."),
        Command("Did it keep its promise", "lambda-tailor runs latest --realized", "From a week after it on."),
        Command("Undo the newest", f"lambda-tailor rollback {shell('latest')}", "Exactly what was there before."),
    )


def _assumptions(judged: bool) -> tuple[tuple[str, str], ...]:
    measured = "Where it was measured, by that; else" if judged else "Nothing was measured for this page:"
    return (
        ("Saved so far", "A run's saving a month, over the time from its start until it was put back, or until now."),
        ("A run's saving", f"{measured} by what it promised for what it put in place, from the low to the high end."),
        ("A month", "730 hours, as AWS bills."),
    )
