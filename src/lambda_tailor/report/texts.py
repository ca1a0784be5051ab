"""Values and money in words, the same in every report. Nothing that AWS says is trusted to be printable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import JsonValue

from lambda_tailor.model.plan import MonthlyUsd, Problem, rounded

UNITS: Mapping[str, str] = {"_mb": " MB", "_s": " s", "_days": " days", "_ms": " ms"}
ABSENT: Mapping[str, str] = {
    "retention_days": "never expires",
    "noncurrent_days": "never",
    "reserved_concurrency": "unreserved",
}


def clean(text: str) -> str:
    """Text without control characters, so that a name can neither steer the terminal nor begin a line of its own."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(c) else c for c in text)


def _steers(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in ("Zl", "Zp")


def value(setting: str, raw: JsonValue) -> str:
    """A setting's value with its unit."""
    if raw is None:
        return ABSENT.get(setting, "none")
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    if isinstance(raw, int | float):
        unit = next((u for ending, u in UNITS.items() if setting.endswith(ending)), "")
        return f"{raw:g}{unit}" if isinstance(raw, float) else f"{raw}{unit}"
    if isinstance(raw, list):
        return ", ".join(_short(str(item)) for item in raw) or "none"
    if isinstance(raw, dict):
        return clean(_alarm(setting, raw) if "alarm" in raw else ", ".join(f"{k}: {_plain(v)}" for k, v in raw.items()))
    return clean(_short(raw))


# What people know an alarm by; its other fields are named where they change, never printed whole.
_ALARM_FIELDS: Mapping[str, str] = {"Period": "every {} s", "EvaluationPeriods": "for {} periods"}


def _alarm(setting: str, raw: Mapping[str, JsonValue]) -> str:
    """An alarm by its name, threshold and period."""
    parts = [_threshold(setting, raw[name]) for name in _THRESHOLD if raw.get(name) is not None]
    parts += [told.format(_plain(raw[name])) for name, told in _ALARM_FIELDS.items() if raw.get(name) is not None]
    period = _metric_period(raw.get("Metrics"))
    if period is not None:
        parts.append(f"every {period:g} s")
    known = {"alarm", "definition", *_THRESHOLD, *_ALARM_FIELDS}
    unshown = [name for name, field in raw.items() if field is not None and name not in known]
    others = [name for name in unshown if name != "Metrics" or period is None]
    if others:
        parts.append(f"with its {', '.join(others)}")
    return " ".join([str(raw["alarm"]), ", ".join(parts)]).strip()


_THRESHOLD = ("threshold", "Threshold")


def _threshold(setting: str, raw: JsonValue) -> str:
    """``over 1 %``, ``over 20 s``: a duration's threshold is in ms, an error rate's in percent."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return f"over {_plain(raw)}"
    if "duration" in setting:
        return f"over {raw / 1000:g} s" if raw >= 1000 else f"over {raw:g} ms"
    return f"over {raw:g} %" if "rate" in setting or "error" in setting else f"over {_plain(raw)}"


def _metric_period(metrics: JsonValue) -> float | None:
    """The period in seconds of a metric-math alarm, from the first metric that it reads."""
    for query in metrics if isinstance(metrics, list) else ():
        stat = query.get("MetricStat") if isinstance(query, dict) else None
        period = stat.get("Period") if isinstance(stat, dict) else None
        if isinstance(period, int | float):
            return period
    return None


def _plain(raw: JsonValue) -> str:
    """A value inside another, on one line and without brackets."""
    if isinstance(raw, float):
        return f"{raw:.10g}"
    if isinstance(raw, list):
        return ", ".join(map(_plain, raw)) or "none"
    return "none" if raw is None else str(raw)


def _short(text: str) -> str:
    """An ARN by its last part, which is what people call it by."""
    if not text.startswith("arn:"):
        return text
    parts = text.split(":")
    return ":".join(parts[6:]) if len(parts) > 6 else parts[-1]


CENT = Decimal("0.01")


def usd(amount: Decimal) -> str:
    """US dollars to the cent."""
    cents = rounded(amount, CENT)
    return f"-${-cents:,.2f}" if cents < 0 else f"${abs(cents):,.2f}"


def fine_usd(amount: Decimal) -> str:
    """US dollars, of less than a cent two digits that count."""
    if amount == 0 or amount >= CENT:
        return usd(amount)
    return f"${rounded(amount, Decimal(1).scaleb(amount.adjusted() - 1)):f}"


def usd_range(amount: MonthlyUsd) -> str:
    """From the careful to the hopeful end; one figure where they are the same."""
    low, high = usd(amount.low), usd(amount.high)
    return low if low == high else f"{low} to {high}"


def place(problem: Problem) -> str:
    """What a problem is about, and where that is."""
    where = [part for part in (problem.account_id, problem.region) if part and part not in problem.subject]
    return f"{problem.subject} ({', '.join(where)})" if where else problem.subject


def count(number: int, noun: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """``40 s``, ``3 min``, ``1 h 51 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def brief(amount: Decimal) -> str:
    """US dollars as people say them: whole from $10 on, to the cent below, and never ``$0`` for something."""
    size = abs(amount)
    if 0 < size < CENT:
        return f"under {usd(CENT)}"
    sign = "-" if amount < 0 else ""
    return f"{sign}{_whole(size)}" if size >= TEN or size == 0 else f"{sign}{usd(size)}"


def brief_range(amount: MonthlyUsd) -> str:
    """A range as people say it: whole dollars where an end has ten of them, one figure where both say the same."""
    if max(abs(amount.low), abs(amount.high)) < CENT:
        return brief(amount.high or amount.low)
    grain = Decimal(1) if max(abs(amount.low), abs(amount.high)) >= TEN else CENT
    shown = amount.quantize(grain)
    low, high = ("$0" if not end else _whole(end) if grain == 1 else usd(end) for end in (shown.low, shown.high))
    return low if low == high else f"{low} to {high}"


def exact_worth(amount: MonthlyUsd) -> str:
    """What one change saves or adds, to the cent."""
    whole = amount.quantize(CENT)
    if 0 < whole.low < whole.high:
        return f"saves {usd(whole.low)} to {usd(whole.high)}"
    return brief_worth(amount)


def brief_worth(amount: MonthlyUsd) -> str:
    """What a change saves or adds, in words; empty where it does neither, and never a saving below zero."""
    if amount.low == amount.high == 0:
        return ""
    if amount.high <= 0:
        told = brief_range(-amount)
        return f"adds {told}" if not told.startswith("$0 ") else f"adds up to {brief(-amount.low)}"
    if amount.low > 0 and not brief_range(amount).startswith("$0 "):
        return f"saves {brief_range(amount)}"
    costs, saves = -amount.low, amount.high
    if costs * 20 <= saves:
        return f"saves up to {brief(saves)}"
    if saves * 20 <= costs:
        return f"adds up to {brief(costs)}"
    return f"saves up to {brief(saves)} or adds up to {brief(costs)}"


def _whole(amount: Decimal) -> str:
    dollars = rounded(amount, Decimal(1))
    return f"-${-dollars:,}" if dollars < 0 else f"${dollars:,}"


TEN = Decimal(10)


_NAMES: Mapping[str, str] = {
    "memory_mb": "Memory", "timeout_s": "Timeout", "ephemeral_mb": "Ephemeral storage",
    "retention_days": "Log retention", "tracing": "X-Ray tracing", "dead_letter_arn": "Dead-letter queue",
    "on_failure_destination": "On-failure destination",
    "layers": "Layers", "versioning": "Bucket versioning", "noncurrent_days": "Expiry of old versions",
    "recursive_loop": "Recursive loops",
    "log_class": "Log class", "log_format": "Log format", "visibility_timeout_s": "Visibility timeout",
}  # fmt: skip


def setting_name(rule: str, setting: str) -> str:
    """What people call a setting: ``Memory``, ``Provisioned concurrency: live``."""
    name, _, more = setting.partition(".")
    told = _NAMES.get(name) or name.replace("_", " ").capitalize()
    return clean(f"{told}: {more}" if more else told)


_THOUSANDS = re.compile(r"(?<![\w.,:/-])\d{4,}(?=( |$))")


_UNIT = re.compile(r"(?<=\d) (?=(?:MB|s|ms|days|%)(?:\W|$))")


def grouped(text: str) -> str:
    """Numbers of four digits and more with commas where they stand alone, and kept with their unit: ``3,008 MB``."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", _THOUSANDS.sub(lambda match: f"{int(match[0]):,}", text))


def big(number: float) -> str:
    """A count as people say it: ``1.7 M``, ``396 k``, ``8,120``."""
    for size, unit in ((1e9, "billion"), (1e6, "M"), (1e3, "k")):
        if number >= size * (10 if unit == "k" else 1):
            return f"{number / size:.3g} {unit}"
    return f"{number:,.0f}"


def spoken(day: str, *, time: bool = True) -> str:
    """An ISO 8601 time as people write it: ``24 November 2026, 10:12 UTC``; as it is where it is none."""
    try:
        at = datetime.fromisoformat(day)
    except ValueError:
        return clean(day)
    told = f"{at.day} {at:%B %Y}"
    return f"{told}, {at:%H:%M} UTC" if time else told


def minute(at: str) -> str:
    """An ISO 8601 time to the minute, in UTC, for lists: ``2026-11-24 10:12 UTC``; as it is where it is none."""
    try:
        return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return clean(at)


def sentence(text: str) -> str:
    """The text with a capital letter, unless it begins with a name or a figure."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text
