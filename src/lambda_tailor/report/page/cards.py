"""The functions of a plan or a run as cards: a line that is always seen, and what opens under it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from lambda_tailor.model.evidence import AT_SIZE, Quote
from lambda_tailor.model.plan import Change, MonthlyUsd, PlannedFunction, Series
from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.curves import curve_of
from lambda_tailor.report.figures import NOTHING, is_assumed, net_of
from lambda_tailor.report.groups import rule_title
from lambda_tailor.report.page.charts import Bar, Promise, Scale, Spark, spark
from lambda_tailor.report.page.curve_chart import CurveChart, curve_chart
from lambda_tailor.report.page.rollout_chart import RolloutChart
from lambda_tailor.report.texts import (
    big,
    brief_range,
    brief_worth,
    clean,
    count,
    grouped,
    sentence,
    setting_name,
    value,
)

Kind = Literal["charts", "full", "short"]
# Full cards: the functions with the most money, and all that somebody has to look at, up to so many.
RICH, FULL_CARDS, A_FOLDER = 50, 100, 100
# Beyond so many functions a page is no place to look for one.
MOST = 1500


@dataclass(frozen=True, slots=True)
class Tag:
    """A word with an icon: ``kind`` is its class in the style sheet."""

    kind: str
    icon: str
    text: str


RISK_TAGS: Mapping[Risk, Tag] = {
    Risk.NONE: Tag("none", "check", "no risk"),
    Risk.LOW: Tag("low", "check", "low risk"),
    Risk.MEDIUM: Tag("medium", "risk", "medium risk"),
    Risk.HIGH: Tag("high", "risk", "high risk"),
}
BLOCKED = Tag("blocked", "stop", "blocked")
FINDING = Tag("none", "info", "to know")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change: its setting, before and after, why, its tag and its money. ``step`` tells that there is an after."""

    setting: str
    before: str
    after: str
    step: bool
    why: str
    tag: Tag
    money: str
    small: str = ""
    undone: bool = False


@dataclass(frozen=True, slots=True)
class SparkChart:
    """A series with its title, what it comes to, its first and last day, its peak and a limit's name."""

    title: str
    total: str
    first: str
    last: str
    peak: str
    limit: str
    spark: Spark


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A function's card. ``rich`` cards have evidence and commands; ``bar`` is for where there is room."""

    id: str
    name: str
    where: tuple[str, str]
    what: str
    tags: tuple[Tag, ...]
    money: str
    small: str
    bar: tuple[Bar, ...] = ()
    promise: Promise | None = None
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    rollout: RolloutChart | None = None
    sparks: tuple[SparkChart, ...] = ()
    curve: CurveChart | None = None
    evidence: str = ""
    commands: tuple[tuple[str, str], ...] = ()
    rich: bool = True


@dataclass(frozen=True, slots=True)
class Folder:
    """Short cards under one closed line."""

    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """All cards of a page: full ones, folders of short ones, and how many functions are left out."""

    full: tuple[Card, ...]
    folders: tuple[Folder, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Ids:
    """The id of each function's card on the page, by ARN."""

    by_arn: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, functions: Iterable[PlannedFunction]) -> Ids:
        """Numbered in order."""
        return cls({function.arn: f"fn-{n}" for n, function in enumerate(functions, 1)})


def shelve(
    functions: Sequence[PlannedFunction],
    grave: Callable[[PlannedFunction], bool],
    card: Callable[[PlannedFunction, Kind], Card],
    money: Callable[[PlannedFunction], MonthlyUsd] = net_of,
) -> Shelf:
    """Full cards for the first functions and for grave ones, short ones for the others, a hundred to a folder.

    ``card`` makes a function's card of a kind.
    """
    rich = {function.arn for function in functions[:RICH]}
    more = [f.arn for f in functions[RICH:] if grave(f)][: FULL_CARDS - min(RICH, len(functions))]
    full = rich.union(more)
    short = [function for function in functions if function.arn not in full]
    folders, shown = [], short[: max(0, MOST - len(full))]
    for begin in range(0, len(shown), A_FOLDER):
        part = shown[begin : begin + A_FOLDER]
        first = len(full) + begin + 1
        span = brief_range(MonthlyUsd.between(money(part[-1]).high, money(part[0]).high))
        each = f", {span} each" if any(money(f) != NOTHING for f in part) else ""
        title = f"{first:,} to {first + len(part) - 1:,}{each}"
        folders.append(Folder(title, tuple(card(function, "short") for function in part)))
    kept = tuple(card(f, "charts" if f.arn in rich else "full") for f in functions if f.arn in full)
    return Shelf(kept, tuple(folders), len(short) - len(shown))


def planned_card(
    function: PlannedFunction, card_id: str, axis: Scale, said: frozenset[tuple[str, Risk]], kind: Kind
) -> Card:
    """A function of a plan. ``said`` are the rules and risks that hold for most functions and are no tag of each."""
    net, assumed = net_of(function), is_assumed(function)
    sparks, curve = evidence_of(function) if kind == "charts" else ((), None)
    return Card(
        id=card_id,
        name=clean(function.name),
        where=(clean(function.account_id), clean(function.region)),
        what=what_of(function.changes),
        tags=tuple(_tags(function, said)),
        money=figure(net),
        small=_of(net, function.monthly_cost_usd, assumed) if net != NOTHING else "",
        bar=tuple(bar_of(net, axis, assumed=assumed)),
        lines=tuple(planned_line(change) for change in function.changes),
        notes=tuple(map(clean, function.notes)),
        sparks=sparks,
        curve=curve,
        evidence=quoted(function) if kind != "short" else "",
        commands=_commands(function) if kind != "short" else (),
        rich=kind != "short",
    )


def figure(net: MonthlyUsd) -> str:
    """A function's money, without a word where it saves."""
    if net == NOTHING:
        return "—"
    return brief_worth(net) if net.low < 0 else brief_range(net)


def what_of(changes: Iterable[Change]) -> str:
    """The rules whose changes are made, in their order."""
    titles = dict.fromkeys(rule_title(change.rule) for change in changes if change.pending)
    text = ", ".join(title if title.startswith("X-") else title[:1].lower() + title[1:] for title in titles)
    return text or "nothing to change"


def bar_of(net: MonthlyUsd, axis: Scale, *, assumed: bool) -> Iterator[Bar]:
    """The bar of a function's net; none where it may cost something."""
    if net.low < 0 or net.high <= 0:
        return
    low, high = axis.at(net.low), axis.at(net.high)
    kind = "assumed" if assumed else "measured"
    if low > 0:
        yield Bar(0.0, max(low, 0.8), kind)
    if high > low:
        yield Bar(low, max(high - low, 0.8), f"{kind}-range")


def planned_line(change: Change) -> Line:
    """One change of a plan."""
    if change.kind == "finding":
        return Line(
            setting=setting_name(change.rule, change.setting),
            before="",
            after="",
            step=False,
            why=sentence(clean(change.reason)),
            tag=FINDING,
            money="",
        )
    blocked = change.blocked is not None
    worth = brief_worth(change.monthly_usd)
    small = "not saved" if blocked and worth else "reaches no traffic" if worth and not change.counted else ""
    return Line(
        setting=setting_name(change.rule, change.setting),
        before=grouped(value(change.setting, change.before)),
        after=grouped(value(change.setting, change.after)),
        step=True,
        why=sentence(clean(change.blocked if change.blocked is not None else change.reason)),
        tag=BLOCKED if blocked else RISK_TAGS[change.risk],
        money=(brief_range(change.monthly_usd) if blocked and worth else worth) or "—",
        small=small or ("assumed" if change.assumed and worth else ""),
        undone=blocked,
    )


def evidence_of(
    function: PlannedFunction, *, proposed: str = "proposed", now: str = "now"
) -> tuple[tuple[SparkChart, ...], CurveChart | None]:
    """The charts of a function: its series by day, and its cost by memory."""
    drawn = (_spark(series, function) for series in function.series)
    curve = curve_of(function)
    sparks = tuple(chart for chart in drawn if chart is not None)
    return sparks, None if curve is None else curve_chart(curve, proposed, now)


def _spark(series: Series, function: PlannedFunction) -> SparkChart | None:
    memory = next((c.after for c in function.changes if c.setting == "memory_mb" and c.kind == "change"), None)
    limit = float(memory) if series.name == "memory_used" and isinstance(memory, int) else None
    drawn = spark(series.values, limit)
    if drawn is None:
        return None
    known = [v for v in series.values if v is not None]
    first = date.fromisoformat(series.first_day[:10])
    days = len(series.values)
    if series.name == "invocations":
        title, total = "Invocations a day", f"{big(sum(known))} in {count(days, 'day')}"
        peak = big(max(known))
    else:
        title = "Peak memory a day, in a sample" if series.sampled else "Peak memory a day"
        total, peak = f"at most {max(known):,.0f} MB", ""
    last = first + timedelta(days=days - 1)
    named = f"proposed {limit:,.0f} MB" if limit is not None else ""
    return SparkChart(title, total, f"{first.day} {first:%b}", f"{last.day} {last:%b}", peak, named, drawn)


_READINGS: Mapping[str, str] = {
    "memory_used": "memory in use",
    "duration_max": "longest run",
    "duration_avg": "average run",
    "duration_p50": "p50 of a run",
    "duration_p95": "p95 of a run",
    "duration_p99": "p99 of a run",
    "billed_avg": "average billed",
    "init_avg": "average init",
    "concurrency_max": "at once",
    "log_bytes": "logged",
    "tmp_used": "temporary storage in use",
    "async_events": "asynchronous events",
    "provisioned_max": "provisioned in use",
    "idle_days": "idle",
}


def quoted(function: PlannedFunction) -> str:
    """What was measured, each reading once, with its source."""
    quotes = {q.name: q for c in function.changes for q in c.evidence if not q.name.startswith(AT_SIZE)}
    told = [
        f"{_READINGS.get(name, name.replace('_', ' '))} {_amount(q)} "
        f"({q.source}, {q.window_days:g} days, {count(q.samples, 'sample')})"
        for name, q in quotes.items()
    ]
    told += [f"no peak memory by day: {series.because}" for series in function.series if series.because]
    return clean("; ".join(told))


def _amount(quote: Quote) -> str:
    number = (
        f"{quote.value:,.0f}" if abs(quote.value) >= 100 or float(quote.value).is_integer() else f"{quote.value:.3g}"
    )
    return number if quote.unit == "count" else f"{number} {quote.unit}"


def _of(net: MonthlyUsd, cost: MonthlyUsd | None, assumed: bool) -> str:
    if cost is None or cost.high < max(Decimal(1), net.high):
        return "assumed" if assumed else ""
    return f"of {brief_range(cost)} {'assumed' if assumed else 'a month'}"


def _tags(function: PlannedFunction, said: frozenset[tuple[str, Risk]]) -> Iterator[Tag]:
    blocked = sum(change.blocked is not None for change in function.changes)
    risks = {c.risk for c in function.changes if c.pending and (c.rule, c.risk) not in said}
    for risk in (Risk.HIGH, Risk.MEDIUM):
        if risk in risks:
            yield RISK_TAGS[risk]
            break
    if blocked:
        yield Tag("blocked", "stop", f"{blocked} blocked")


def _commands(function: PlannedFunction) -> tuple[tuple[str, str], ...]:
    name, where = shell(function.name), f" --region {shell(function.region)}"
    return (
        ("Why, and what would change it", f"lambda-tailor explain {name}{where}"),
        ("Only this function", f"lambda-tailor apply --function {name}{where}"),
    )


def shell(word: str) -> str:
    """A word as a shell takes it."""
    return shlex.quote(clean(word))
