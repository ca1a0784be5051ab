"""A tune in the terminal: the sizes that were measured, the curve with its band, the choice, where it stands now."""

from __future__ import annotations

import math

from lambda_tailor.model.tuning import Range, Tuning
from lambda_tailor.report.texts import clean

_WIDTH = 48


def lines(tuning: Tuning) -> list[str]:
    """The text of one tune."""
    found = [f"{clean(tuning.function)} ({tuning.region}), {tuning.objective}: {_choice(tuning)}", ""]
    found += _table(tuning)
    found += ["", *_chart(tuning)] if tuning.curve else []
    found += ["", *_promise(tuning)]
    found.append(
        f"  {tuning.invocations} measured invocations and {tuning.warm_ups} warm-ups, {tuning.spent_usd:.6f} USD"
    )
    found += [f"  Note: {clean(note)}." for note in tuning.notes]
    if tuning.visualizer_url:
        found.append(f"  Compare: {tuning.visualizer_url}")
    return found


def _choice(tuning: Tuning) -> str:
    if tuning.chosen_mb is None:
        return "no size will do"
    sure = "settled" if tuning.settled else "not settled"
    if tuning.chosen_mb == tuning.now_mb:
        return f"stay at {tuning.now_mb} MB ({sure})"
    return f"{tuning.now_mb} MB -> {tuning.chosen_mb} MB ({sure})"


def _table(tuning: Tuning) -> list[str]:
    rows = [f"  {'MB':>7} {'calls':>6} {'errors':>6} {'mean ms':>10} {'p95 ms':>10} {'INIT ms':>9} {'USD/million':>12}"]
    for size in tuning.sizes:
        mark = ">" if size.memory_mb == tuning.chosen_mb else "=" if size.memory_mb == tuning.now_mb else " "
        took = size.duration_ms
        rows.append(
            f"{mark} {size.memory_mb:>7} {size.invocations:>6} {size.errors:>6} "
            f"{_number(took.mean if took else None, 10, 1)} {_number(took.p95 if took else None, 10, 1)} "
            f"{_number(size.init_ms, 9, 0)} {_number(size.usd_per_million, 12, 2)}"
        )
    return [*rows, "  > chosen, = now"]


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width},.{digits}f}"


def _chart(tuning: Tuning) -> list[str]:
    """Duration against memory, both as logarithms: the band as dashes, measured means as dots."""
    measured = {size.memory_mb: size for size in tuning.sizes if size.duration_ms is not None}
    bands = {band.memory_mb: (band.low_ms, band.high_ms) for band in tuning.curve}
    values = [v for pair in bands.values() for v in pair]
    values += [size.duration_ms.mean for size in measured.values() if size.duration_ms]
    low, high = math.log(max(min(values), 1e-3)), math.log(max(values))

    def column(ms: float) -> int:
        share = (math.log(max(ms, 1e-3)) - low) / (high - low) if high > low else 0.0
        return round(share * (_WIDTH - 1))

    rows = [f"  {'MB':>7}  duration from {math.exp(low):,.1f} to {math.exp(high):,.1f} ms (logarithmic)"]
    for mb in sorted({*bands, *measured}):
        row = [" "] * _WIDTH
        if mb in bands:
            start, end = (column(ms) for ms in bands[mb])
            row[start : end + 1] = "-" * (end + 1 - start)
        took = measured[mb].duration_ms if mb in measured else None
        if took is not None:
            row[column(took.mean)] = "o"
        mark = ">" if mb == tuning.chosen_mb else "=" if mb == tuning.now_mb else " "
        rows.append(f"{mark} {mb:>7}  {''.join(row).rstrip()}")
    return [*rows, "  o measured mean, --- what the model expects (95 %)"]


def _promise(tuning: Tuning) -> list[str]:
    told = tuning.predicted
    if told is None:
        return []
    found = [f"  Duration at {tuning.chosen_mb} MB: {_ms(told.duration_ms)}"]
    if told.monthly_saving_usd is not None:
        saving = told.monthly_saving_usd
        found.append(f"  Saves {saving.low:,.2f} to {saving.high:,.2f} USD a month at the measured load")
    elif tuning.cost_ratio is not None:
        ratio = tuning.cost_ratio
        found.append(
            f"  A call costs {100 * ratio.low:.0f} to {100 * ratio.high:.0f} % of what it costs now; "
            "no load was measured, so no monthly figure"
        )
    return found


def _ms(told: Range) -> str:
    return f"{told.low:,.1f} to {told.high:,.1f} ms"
