"""An explanation as text: rule by rule, what decides first. Lines of a given width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from lambda_tailor.model.evidence import NOT_READ
from lambda_tailor.model.explanation import (
    ExplainedFunction,
    ExplainedOption,
    ExplainedReading,
    ExplainedRule,
    ExplainedVerdict,
    Explanation,
    WouldChange,
)
from lambda_tailor.report.texts import brief_range, clean, count, exact_worth, value

WIDTH = 80
_LABEL = 10
_STYLE = {"proposed": "green", "blocked": "yellow", "finding": "cyan", "kept": "", "silent": "dim", "off": "dim"}

# A line and the style that a terminal may give it.
Line = tuple[str, str]


def lines(explanation: Explanation, width: int = WIDTH, *, verbose: bool = False) -> Iterator[Line]:
    """Style and text of every line; ``verbose`` adds the options that are at their defaults."""
    for function in explanation.functions:
        yield from _function(explanation, function, width, verbose)


def _function(explanation: Explanation, function: ExplainedFunction, width: int, verbose: bool) -> Iterator[Line]:
    head = f"{function.name}: account {function.account_id}, {function.region}, policy {explanation.policy}"
    yield from _wrapped(head, width, "", "bold")
    for note in function.notes:
        yield from _wrapped(f"note: {note}", width, "  ", "yellow")
    for rule in (rule for rule in function.rules if rule.status != "off"):
        yield ("", "")
        yield from _rule(rule, width, verbose)
    off = [rule for rule in function.rules if rule.status == "off"]
    if off:
        yield ("", "")
        yield from _wrapped(f"Not asked: {_not_asked(off)}.", width, "", "dim")


def _not_asked(off: Sequence[ExplainedRule]) -> str:
    by_reason: dict[str, list[str]] = {}
    for rule in off:
        by_reason.setdefault(rule.because, []).append(rule.rule)
    return "; ".join(f"{', '.join(rules)} ({because})" for because, rules in by_reason.items())


def _rule(rule: ExplainedRule, width: int, verbose: bool) -> Iterator[Line]:
    yield from _wrapped(f"{rule.rule}: {rule.status}", width, "", f"bold {_STYLE[rule.status]}".strip())
    if rule.because:
        yield from _labelled("", rule.because, width)
    for verdict in rule.verdicts:
        yield from _labelled(verdict.kind, _verdict(verdict), width, _STYLE[verdict.kind])
    yield from _policy(rule.policy, width, verbose)
    for reading in rule.evidence:
        if reading.absent == NOT_READ.because and not verbose:
            continue
        yield from _labelled("evidence", _reading(reading), width, "dim")
    for change in rule.would_change:
        yield from _labelled("to change", _would_change(change), width)


def _verdict(verdict: ExplainedVerdict) -> str:
    before, after = value(verdict.setting, verdict.before), value(verdict.setting, verdict.after)
    if verdict.kind in ("kept", "finding"):
        return f"{verdict.setting} {before}: {verdict.because}"
    risk = f"; risk {verdict.risk.value}" if verdict.risk and verdict.kind == "proposed" else ""
    if risk and verdict.risk_because:
        risk += f" ({'; '.join(verdict.risk_because)})"
    money = f"; {paid} a month" if (paid := exact_worth(verdict.monthly_usd)) else ""
    if money and verdict.kind == "blocked":
        money = f"; {brief_range(verdict.monthly_usd)} a month not saved"
    return f"{verdict.setting} {before} -> {after}: {verdict.because}{risk}{money}"


def _policy(options: Sequence[ExplainedOption], width: int, verbose: bool) -> Iterator[Line]:
    """What was said, by whom; the rule's own defaults together at the end."""
    for origin, said in _by_origin(options).items():
        yield from _labelled("policy", f"{', '.join(_option(option) for option in said)} ({origin})", width)
    defaults = [_option(option) for option in options if option.origin == "default"]
    if defaults and verbose:
        yield from _labelled("default", ", ".join(defaults), width, "dim")


def _by_origin(options: Sequence[ExplainedOption]) -> dict[str, list[ExplainedOption]]:
    by_origin: dict[str, list[ExplainedOption]] = {}
    for option in options:
        if option.origin != "default":
            override = f", override for {option.override}" if option.override else ""
            until = f" until {option.until}" if option.until else ""
            by_origin.setdefault(f"{option.origin}{override}{until}", []).append(option)
    return by_origin


def _option(option: ExplainedOption) -> str:
    return f"{option.option} {_plain(option.value)}"


def _plain(raw: JsonValue) -> str:
    """An option's value; its name tells the unit."""
    return value("", raw) if not isinstance(raw, dict) else ", ".join(f"{name}: {each}" for name, each in raw.items())


def _reading(reading: ExplainedReading) -> str:
    if reading.absent:
        return f"{reading.name}: none, {reading.absent}"
    if isinstance(reading.value, list):
        return f"{reading.name}: {'; '.join(_item(item) for item in reading.value)}"
    shown = _number(reading.value) if isinstance(reading.value, int | float) else str(reading.value)
    days = (
        f", {reading.window_days:g} day{'' if reading.window_days == 1 else 's'}"
        if reading.window_days is not None
        else ""
    )
    samples = f", {count(reading.samples, 'sample')}" if reading.samples is not None else ""
    unit = "" if reading.unit == "count" else f" {reading.unit}"
    return f"{reading.name}: {shown}{unit} ({reading.source}{days}{samples})"


def _number(value: float) -> str:
    """Six digits, and all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100_000 else f"{value:,.6g}"


def _item(item: JsonValue) -> str:
    if not isinstance(item, dict):
        return str(item)
    return ", ".join(f"{name} {_plain(each)}" for name, each in item.items() if each is not None)


def _would_change(change: WouldChange) -> str:
    if change.then is None:
        return change.what
    says = "; ".join(f"{verdict.kind}, {_verdict(verdict)}" for verdict in change.then) or "nothing to say"
    return f"{change.what}: {says}"


def _labelled(label: str, text: str, width: int, style: str = "") -> Iterator[Line]:
    return _wrapped(text, width, f"  {label:<{_LABEL}}", style)


def _wrapped(text: str, width: int, start: str, style: str = "") -> Iterator[Line]:
    """The text under its label; a name longer than the line is broken rather than let out of it."""
    inside = " " * len(start)
    found = textwrap.wrap(clean(text), width, initial_indent=start, subsequent_indent=inside, break_on_hyphens=False)
    return ((style, line) for line in found or [start])
