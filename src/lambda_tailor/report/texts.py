"""Values and money in words, the same in every report. Nothing that AWS says is trusted to be printable."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from pydantic import JsonValue

from lambda_tailor.model.plan import MonthlyUsd

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
        return clean(", ".join(f"{k}: {v}" if k != "alarm" else str(v) for k, v in raw.items()))
    return clean(_short(raw))


def _short(text: str) -> str:
    """An ARN by its last part, which is what people call it by."""
    if not text.startswith("arn:"):
        return text
    parts = text.split(":")
    return ":".join(parts[6:]) if len(parts) > 6 else parts[-1]


def usd(amount: Decimal) -> str:
    """US dollars to the cent."""
    cents = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"-${-cents:,.2f}" if cents < 0 else f"${abs(cents):,.2f}"


def usd_range(amount: MonthlyUsd) -> str:
    """From the careful to the hopeful end; one figure where they are the same."""
    low, high = usd(amount.low), usd(amount.high)
    return low if low == high else f"{low} to {high}"


def worth(amount: MonthlyUsd) -> str:
    """What a change saves or adds, in words; empty where it does neither."""
    if amount.low == amount.high == 0:
        return ""
    if amount.high <= 0:
        return f"adds {usd_range(MonthlyUsd(-amount.high, -amount.low))}"
    return f"saves {usd_range(amount)}"


def count(number: int, noun: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
