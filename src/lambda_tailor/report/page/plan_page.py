"""The page of a plan, worked out: what it saves and how sure that is, where from, what to decide, every function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd, Plan, PlannedFunction
from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.figures import NOTHING, Figures, by_money, days_of_load, figures_of, net_of
from lambda_tailor.report.groups import OfRule, Reason, at_risk, blocked, by_rule, common, findings
from lambda_tailor.report.page.cards import Card, Ids, Kind, Shelf, planned_card, shelve
from lambda_tailor.report.page.charts import Bar, Waterfall, scale, split_bar, waterfall
from lambda_tailor.report.page.common import (
    Column,
    Command,
    Group,
    Head,
    Stat,
    assumptions,
    forced,
    group,
    scope,
    where,
    without,
)
from lambda_tailor.report.texts import brief_range, clean, count, place, spoken

UNCHANGED = "Everything fits"


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A rule's row of the waterfall: its name, how many functions, and its money with the sign and the word for it."""

    name: str
    detail: str
    word: str
    money: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hero:
    """The large figure as the two ends of its range, the sentences around it, and its bar with a key."""

    eyebrow: str
    figure: tuple[str, ...]
    sentence: str
    bar: tuple[Bar, ...]
    bar_label: str
    key: tuple[tuple[str, str, str], ...]
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """All that the page of a plan shows."""

    head: Head
    hero: Hero
    stats: tuple[Stat, ...]
    flow: tuple[FlowRow, ...]
    waterfall: Waterfall | None
    net: str
    money_note: str
    problems: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    shelf: Shelf
    unchanged: int
    shown: int
    steps: tuple[Command, ...]
    assumptions: tuple[tuple[str, str], ...]


def plan_page(plan: Plan) -> PlanPage:
    """The page of a plan."""
    figures = figures_of(plan)
    functions = by_money(f for f in plan.functions if f.changes or f.notes)
    ids = Ids.of(functions)
    rules, risks, stopped, known = by_rule(plan), at_risk(plan), blocked(plan), findings(plan)
    columns = tuple(_columns(stopped, risks, known, ids))
    worth = [group for group in rules if group.usd != NOTHING]
    flow = waterfall([group.usd for group in worth], figures.net) if worth else None
    decide = bool(columns or plan.problems or plan.notes)
    return PlanPage(
        head=_head(plan, figures, flow=flow is not None, decide=decide),
        hero=_hero(figures, plan),
        stats=_stats(figures, decide=decide),
        flow=tuple(_flow_row(group) for group in worth),
        waterfall=flow,
        net=brief_range(-figures.net if figures.net.high <= 0 else figures.net).replace("-$", "−$"),
        money_note=_money_note(plan),
        problems=tuple((clean(place(problem)), clean(problem.because)) for problem in plan.problems),
        notes=tuple(map(clean, plan.notes)),
        columns=columns,
        shelf=_shelf(functions, ids, _said_once(risks, figures)),
        unchanged=len(plan.functions) - len(functions),
        shown=len(functions),
        steps=STEPS if figures.changes else NOTHING_TO_DO,
        assumptions=tuple(assumptions(plan, figures.assumed_functions)),
    )


STEPS = (
    Command("Apply", "lambda-tailor apply plan.json", "Shows the plan and asks. Refuses what somebody changed since."),
    Command(
        "Check, a week later", "lambda-tailor runs latest --realized", "Promised against realized, by measured load."
    ),
    Command(
        "Undo, at any time", "lambda-tailor rollback latest", "Everything as it was. Deleted logs do not come back."
    ),
)
NOTHING_TO_DO = (
    Command("Look again, next week", "lambda-tailor plan --all", "Loads change; this reads, and changes nothing."),
    Command(
        "Why nothing", "lambda-tailor explain FUNCTION", "What each rule says of a function, and what would change it."
    ),
)


def _head(plan: Plan, figures: Figures, *, flow: bool, decide: bool) -> Head:
    nav = [("money", "Money")] if flow else []
    nav += [("decide", "Decide")] if decide else []
    nav += [("functions", "Functions"), ("apply", "Apply"), ("assumptions", "Assumptions")]
    title = f"lambda-tailor: {net_words(figures.net)} a month" if figures.changes else f"lambda-tailor: {UNCHANGED}"
    return Head(
        title=title,
        heading=f"Plan for {where(plan)}",
        meta=(scope(plan), spoken(plan.created_at), f"policy {clean(plan.policy)}"),
        code=clean(plan.plan_id),
        nav=tuple(nav),
    )


def net_words(net: MonthlyUsd) -> str:
    """The net with its word: ``saves $554 to $798``, ``adds $4 to $9``."""
    if net == NOTHING:
        return "$0"
    return f"adds {brief_range(-net)}" if net.high <= 0 else f"saves {brief_range(net)}"


def _hero(figures: Figures, plan: Plan) -> Hero:
    net = figures.net
    adds = net.high <= 0 and net != NOTHING
    shown = -net if adds else net
    ends = tuple(brief_range(shown).split(" to "))
    figure = (f"Adds {ends[0]}", *ends[1:]) if adds else ends
    bars = () if net.low < 0 else tuple(split_bar(figures.measured, figures.assumed))
    return Hero(
        eyebrow="Net cost a month" if adds else "Net saving a month",
        figure=figure,
        sentence=" ".join(_sentences(figures, plan)),
        bar=bars,
        bar_label=f"Measured {brief_range(figures.measured)}, assumed {brief_range(figures.assumed)} a month",
        key=tuple(_key(figures, plan)),
        hint="Hatched or dashed: from the low to the high end of the range."
        if any("range" in b.kind for b in bars)
        else "",
    )


def _sentences(figures: Figures, plan: Plan) -> Iterator[str]:
    if not figures.changes:
        yield f"{UNCHANGED}: {count(figures.functions, 'function')}, nothing to change."
        return
    if figures.net == NOTHING and figures.saves == NOTHING:
        yield "What is to be changed is worth no money."
    if figures.cost_now is not None and figures.cost_now.high > 0 and figures.net.low > 0:
        cost = figures.cost_now
        shares = sorted({round(100 * end / cost.high) for end in (figures.net.low, figures.net.high)})
        yield f"{' to '.join(map(str, shares))} % of the {brief_range(cost)} that these functions cost now."
    if figures.adds.high > 0 and figures.saves.high > 0:
        yield f"Saves {brief_range(figures.saves)}, adds {brief_range(figures.adds)}."
    if figures.assumed != NOTHING and figures.measured == NOTHING:
        yield "All of it is assumed: no load was measured."
    if figures.unpriced:
        yield f"Without {', '.join(map(clean, figures.unpriced))}: no prices are known there."


def _key(figures: Figures, plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Measured and assumed, as (shape, figure with its word, whose it is); nothing where nothing is worth anything."""
    if figures.measured != NOTHING:
        window = days_of_load(plan)
        load = f"{window} of their own load" if window else "their own load"
        about = f"{count(figures.measured_functions, 'function')}, from {load}"
        yield "measured", f"{brief_range(figures.measured)}|measured", about
    if figures.assumed != NOTHING:
        about = f"{count(figures.assumed_functions, 'function')} with too little load to measure"
        yield "assumed", f"{brief_range(figures.assumed)}|assumed", about


def _stats(figures: Figures, *, decide: bool) -> tuple[Stat, ...]:
    target = "#decide" if decide else "#functions"
    at_stake = f"{brief_range(figures.at_stake)} of the saving" if figures.at_stake.high else "no money at stake"
    unsaved = f"{brief_range(figures.not_saved)} not saved" if figures.not_saved.high else "will not be made"
    changed = f"in {figures.changed_functions:,} of {count(figures.functions, 'function')}"
    return (
        Stat("#functions", f"{figures.changes:,}", "list", "ok", _plural(figures.changes, "change"), changed),
        Stat(
            target,
            f"{figures.at_risk:,}",
            "risk",
            "risk" if figures.at_risk else "",
            "at risk",
            at_stake if figures.at_risk else "none of medium or high risk",
        ),
        Stat(
            target,
            f"{figures.blocked:,}",
            "stop",
            "",
            "blocked",
            unsaved if figures.blocked else "nothing stands in the way",
        ),
    )


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _flow_row(group: OfRule) -> FlowRow:
    usd = group.usd
    detail = count(group.functions, "function")
    if usd.high <= 0:
        return FlowRow(group.title, detail, "adds", f"− {brief_range(-usd)}", "cost")
    if usd.low < 0:
        return FlowRow(group.title, detail, "from a cost to a saving:", brief_range(usd).replace("-$", "−$"), "")
    return FlowRow(group.title, detail, "saves", f"+ {brief_range(usd)}", "save")


def _money_note(plan: Plan) -> str:
    """Whose money it is, where there are a few accounts; else what the figures are in."""
    by_account: dict[str, MonthlyUsd] = {}
    for function in plan.functions:
        by_account[function.account_id] = by_account.get(function.account_id, NOTHING) + net_of(function)
    if not 1 < len(by_account) <= 3:
        return "US dollars a month"
    return "US dollars a month; " + ", ".join(f"{clean(a)} {brief_range(usd)}" for a, usd in by_account.items())


def _columns(stopped: list[Reason], risks: list[Reason], known: list[Reason], ids: Ids) -> Iterator[Column]:
    if stopped:
        number = sum(len(reason.rows) for reason in stopped)
        groups = tuple(group(r, ids, what="not saved", hint="Make it all the same", command=forced(r)) for r in stopped)
        yield Column("stop", "", "Blocked", f"{count(number, 'change')}, will not be made", groups)
    if risks:
        number = sum(len(reason.rows) for reason in risks)
        yield Column(
            "risk", "amb", "At risk", f"{count(number, 'change')}, will be made", tuple(_risky(r, ids) for r in risks)
        )
    if known:
        number = sum(len(reason.rows) for reason in known)
        groups = tuple(group(reason, ids, what="") for reason in known)
        yield Column("info", "", "To know", f"{count(number, 'finding')}, nothing is changed", groups)


def _risky(reason: Reason, ids: Ids) -> Group:
    command = without(reason.risk)
    hint = f"Plan without changes of {reason.risk.value} risk" if command else ""
    return group(reason, ids, what="at stake", hint=hint, command=command)


def _said_once(risks: list[Reason], figures: Figures) -> frozenset[tuple[str, Risk]]:
    """What holds for most functions is said under Decide, not beside each."""
    return frozenset((reason.rule, reason.risk) for reason in common(risks, figures.changed_functions))


def _shelf(functions: list[PlannedFunction], ids: Ids, said: frozenset[tuple[str, Risk]]) -> Shelf:
    most = max((net_of(f).high for f in functions), default=Decimal(0))
    axis = scale(0, float(most), room=1.0)

    def grave(function: PlannedFunction) -> bool:
        return any(c.blocked is not None or (c.pending and c.risk is Risk.HIGH) for c in function.changes)

    def card(function: PlannedFunction, kind: Kind) -> Card:
        return planned_card(function, ids.by_arn[function.arn], axis, said, kind)

    return shelve(functions, grave, card)
