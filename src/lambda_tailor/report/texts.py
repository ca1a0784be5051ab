"""Values and money in words, the same in every report. Nothing that AWS says is trusted to be printable."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from pydantic import JsonValue

from lambda_tailor.model.plan import MonthlyUsd, Problem, rounded

UNITS: Mapping[str, str] = {"_mb": " MB", "_s": " s", "_days": " days", "_ms": " ms"}
ABSENT: Mapping[str, str] = {"retention_days": "never expires", "reserved_concurrency": "unreserved"}


def clean(text: str) -> str:
    """Text without control characters, so that a name cannot steer the terminal."""
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)


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
        return clean(_alarm(raw) if "alarm" in raw else ", ".join(f"{k}: {_plain(v)}" for k, v in raw.items()))
    return clean(_short(raw))


# What people know an alarm by; its other fields are named where they change, never printed whole.
_ALARM_FIELDS: Mapping[str, str] = {
    "threshold": "over {}", "Threshold": "over {}", "Period": "every {} s", "EvaluationPeriods": "for {} periods",
}  # fmt: skip


def _alarm(raw: Mapping[str, JsonValue]) -> str:
    """An alarm by its name, threshold and period."""
    known = {name: told for name, told in _ALARM_FIELDS.items() if raw.get(name) is not None}
    parts = [told.format(_plain(raw[name])) for name, told in known.items()]
    period = _metric_period(raw.get("Metrics"))
    if period is not None:
        parts.append(f"every {period:g} s")
    unshown = [name for name, field in raw.items() if field is not None and name not in {"alarm", *_ALARM_FIELDS}]
    others = [name for name in unshown if name != "Metrics" or period is None]
    if others:
        parts.append(f"with its {', '.join(others)}")
    return " ".join([str(raw["alarm"]), ", ".join(parts)]).strip()


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


def worth(amount: MonthlyUsd) -> str:
    """What a change saves or adds, in words; empty where it does neither."""
    if amount.low == amount.high == 0:
        return ""
    if amount.low > -CENT and amount.high < CENT:
        return f"{'adds' if amount.high <= 0 else 'saves'} under {usd(CENT)}"
    if amount.high <= 0:
        return f"adds {usd_range(-amount)}"
    return f"saves {usd_range(amount)}"


def place(problem: Problem) -> str:
    """What a problem is about, and where that is."""
    where = [part for part in (problem.account_id, problem.region) if part and part not in problem.subject]
    return f"{problem.subject} ({', '.join(where)})" if where else problem.subject


def count(number: int, noun: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """``40 s``, ``3 min``, ``1 h 51 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
