"""What every page has: a title, a line about it, contents, and groups of what somebody has to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import Plan
from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.groups import Reason
from lambda_tailor.report.page.cards import Ids, shell
from lambda_tailor.report.texts import brief_range, clean, count, fine_usd, grouped, setting_name, value

# So many members of a group are named; the others are counted.
NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The page's title, heading, the pieces of the line under it, and its contents as (id, name)."""

    title: str
    heading: str
    meta: tuple[str, ...]
    code: str
    nav: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Stat:
    """One of the counts beside the figure."""

    href: str
    number: str
    icon: str
    tone: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Member:
    """One change of a group: where its card is, and its step, or the sentence that is said instead."""

    href: str
    name: str
    money: str
    setting: str
    before: str
    after: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Changes of one reason: named ones, how many more, and what to type."""

    title: str
    detail: str
    money: str
    small: str
    members: tuple[Member, ...]
    more: int = 0
    hint: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading with an icon over groups."""

    icon: str
    tone: str
    title: str
    detail: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """One of the steps at the end: what it is, what to type, what it does."""

    title: str
    command: str
    about: str


def accounts(plan: Plan) -> list[str]:
    """The accounts that the plan is about, as they come."""
    return list(dict.fromkeys(clean(function.account_id) for function in plan.functions))


def where(plan: Plan) -> str:
    """What the page is about, for its heading."""
    found = accounts(plan)
    if not found:
        looked_in = plan.assumptions.get("looked_in")
        return clean(str(looked_in[0])) if isinstance(looked_in, list) and len(looked_in) == 1 else "no function"
    if len(plan.functions) == 1:
        return clean(plan.functions[0].name)
    return f"account {found[0]}" if len(found) == 1 else f"{len(found)} accounts"


def scope(plan: Plan) -> str:
    """How many functions, in what."""
    found, regions = accounts(plan), list(dict.fromkeys(clean(f.region) for f in plan.functions))
    places = [count(len(found), "account")] if len(found) > 1 else []
    places.append(regions[0] if len(regions) == 1 else count(len(regions), "region"))
    return f"{count(len(plan.functions), 'function')} in {' and '.join(places)}" if found else "no function"


def group(reason: Reason, ids: Ids, *, what: str, hint: str = "", command: str = "") -> Group:
    """A reason as it is shown; ``what`` says what its money is."""
    risky = f", {reason.risk.value} risk" if what == "at stake" else ""
    members = tuple(
        Member(
            href=ids.by_arn.get(row.function.arn, ""),
            name=clean(row.function.name),
            money=brief_range(row.change.monthly_usd) if row.change.monthly_usd.high > 0 else "",
            setting=setting_name(row.change.rule, row.change.setting),
            before=grouped(value(row.change.setting, row.change.before)),
            after=grouped(value(row.change.setting, row.change.after)),
            sentence=clean(row.change.reason) if row.status == "finding" else "",
        )
        for row in reason.rows[:NAMED]
    )
    return Group(
        title=clean(reason.text),
        detail=f"{count(reason.functions, 'function')}{risky}",
        money=brief_range(reason.usd) if reason.usd.high > 0 else "",
        small=what if reason.usd.high > 0 else "no money" if what else "",
        members=members,
        more=len(reason.rows) - len(members),
        hint=hint,
        command=command,
    )


def forced(reason: Reason) -> str:
    """The command that makes blocked changes all the same: up to three by name."""
    if len(reason.rows) > 3:
        return f"lambda-tailor plan --all --force FUNCTION:{reason.rule}"
    names = dict.fromkeys(shell(row.function.name) for row in reason.rows)
    forces = [f"--force {shell(f'{row.function.name}:{row.change.rule}')}" for row in reason.rows]
    return " ".join(["lambda-tailor plan", *(f"--function {name}" for name in names), *forces])


_WITHOUT: Mapping[Risk, str] = {
    Risk.HIGH: "lambda-tailor plan --all --risk medium",
    Risk.MEDIUM: "lambda-tailor plan --all --risk low",
}


def without(risk: Risk) -> str:
    """The command that plans without changes of that risk."""
    return _WITHOUT.get(risk, "")


def assumptions(plan: Plan, assumed_functions: int, *, evidence_note: str = "") -> list[tuple[str, str]]:
    """What the figures rest on, as (term, sentence)."""
    assumed = plan.assumptions
    told = [
        ("The range", "Low: the function is bound by CPU and slows down with less memory. High: it is not."),
    ]
    invocations, duration = assumed.get("invocations_per_month"), assumed.get("duration_ms")
    if isinstance(invocations, int) and isinstance(duration, int | float):
        load = f"{invocations:,} invocations a month of {duration:,} ms each"
        told.append(("Assumed load", f"Where none was measured: {load}. {count(assumed_functions, 'function')}."))
    free = "counted" if assumed.get("free_tier") else "not counted"
    prices = assumed.get("prices")
    notes = [str(note) for note in prices] if isinstance(prices, Sequence) and not isinstance(prices, str) else []
    told.append(("Prices", clean(f"On demand. The free tier is {free}. {'. '.join(notes)}".strip().rstrip(".") + ".")))
    told.append(("Evidence", clean(" ".join(filter(None, (evidence_note, *_evidence(assumed.get("evidence"))))))))
    return [(term, sentence) for term, sentence in told if sentence]


def _evidence(evidence: object) -> Iterable[str]:
    if not isinstance(evidence, Mapping):
        return
    metrics = evidence.get("metrics")
    charged = fine_usd(Decimal(str(evidence.get("usd", "0"))))
    if isinstance(metrics, int):
        yield f"{metrics:,} metrics were asked for. Reading them cost {charged}."
    unread = evidence.get("not_read")
    for because in unread if isinstance(unread, Sequence) and not isinstance(unread, str) else ():
        yield f"Not read: {str(because).rstrip('.')}."
