"""The page of tunes, worked out: the size of each function, how sure that is, its curve, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.model.tuning import Range, TunedSize, Tuning
from lambda_tailor.report.page.cards import Tag
from lambda_tailor.report.page.common import Command, Head, Stat
from lambda_tailor.report.page.curve_chart import CurveChart, curve_chart
from lambda_tailor.report.texts import brief_range, clean, count, fine_usd, sentence, spoken
from lambda_tailor.report.tuned_curve import tuned_curve

_BAND = "where the model expects it, in 95 of 100 cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedFunction:
    """One function: its sentence, its chart, and a row a size (MB, calls, mean, 95th percentile, dollars, remark)."""

    name: str
    where: str
    tag: Tag
    sentence: str
    curve: CurveChart | None
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TunePage:
    """All that the page of tunes shows."""

    head: Head
    eyebrow: str
    figure: tuple[str, ...]
    sentence: str
    stats: tuple[Stat, ...]
    functions: tuple[TunedFunction, ...]
    steps: tuple[Command, ...]
    assumptions: tuple[tuple[str, str], ...]


STEPS = (
    Command("Plan with it", "lambda-tailor plan --all", "For 90 days, or until the code changes, plans propose it."),
    Command("Check, a week later", "lambda-tailor runs latest --realized", "Promised against realized, by load."),
)


def tune_page(tunings: Sequence[Tuning]) -> TunePage:
    """The page of at least one tune."""
    first = tunings[0]
    alone = len(tunings) == 1
    moved = [t for t in tunings if t.chosen_mb not in (None, t.now_mb)]
    figure = (_size(first),) if alone else (f"{len(moved):,} of {len(tunings):,}",)
    name = clean(first.function) if alone else count(len(tunings), "function")
    return TunePage(
        head=Head(
            title=f"lambda-tailor: {name} tuned",
            heading=f"{name}, tuned",
            meta=(f"for {first.objective}", spoken(first.at)),
            code=clean(first.tune_id) if alone else "",
            nav=(("functions", "Sizes"), ("next", "Next"), ("assumptions", "Assumptions")),
        ),
        eyebrow="The size that is wanted" if alone else "Functions that another size suits better",
        figure=figure,
        sentence=_sentence(first) if alone else "Each was measured as a temporary copy, which is gone.",
        stats=tuple(_stats(tunings)),
        functions=tuple(_function(tuning) for tuning in tunings),
        steps=STEPS,
        assumptions=tuple(_assumptions(tunings)),
    )


def _size(tuning: Tuning) -> str:
    return "no size" if tuning.chosen_mb is None else f"{tuning.chosen_mb:,} MB"


def _sentence(tuning: Tuning) -> str:
    if tuning.chosen_mb is None:
        return f"None of the sizes that were measured will do; it has {tuning.now_mb:,} MB."
    told = f"It has {tuning.now_mb:,} MB now"
    if tuning.chosen_mb == tuning.now_mb:
        told = "It has that now: nothing is to be changed"
    elif tuning.predicted is not None and tuning.predicted.monthly_saving_usd is not None:
        saving = _usd(tuning.predicted.monthly_saving_usd)
        told += f"; {tuning.chosen_mb:,} MB saves {saving} a month at the measured load"
    elif tuning.cost_ratio is not None:
        told += f"; a call at {tuning.chosen_mb:,} MB costs {_percent(tuning.cost_ratio)} of that; no load was measured"
    took = "" if tuning.predicted is None else f" A call takes {_ms(tuning.predicted.duration_ms)}."
    return f"{told}.{took}"


def _usd(amount: Range) -> str:
    return brief_range(MonthlyUsd.between(Decimal(str(amount.low)), Decimal(str(amount.high))))


def _percent(ratio: Range) -> str:
    return f"{100 * ratio.low:.0f} to {100 * ratio.high:.0f} %"


def _ms(took: Range) -> str:
    return f"{_number(took.low)} to {_number(took.high)} ms"


def _number(ms: float) -> str:
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:,.1f}"


def _stats(tunings: Sequence[Tuning]) -> Iterator[Stat]:
    settled = sum(tuning.settled for tuning in tunings)
    calls, warm_ups = (sum(getattr(t, name) for t in tunings) for name in ("invocations", "warm_ups"))
    spent = Decimal(str(sum(tuning.spent_usd for tuning in tunings)))
    unsure = len(tunings) - settled
    yield Stat(
        "#functions", f"{settled:,}", "check", "ok", "settled", f"{unsure:,} not settled" if unsure else "sure enough"
    )
    yield Stat("#functions", f"{calls:,}", "list", "", "measured invocations", f"and {count(warm_ups, 'warm-up')}")
    sizes = sum(len(tuning.sizes) for tuning in tunings)
    yield Stat("#functions", f"{sizes:,}", "info", "", "sizes measured", f"{fine_usd(spent)} spent")


def _function(tuning: Tuning) -> TunedFunction:
    curve = tuned_curve(tuning)
    sure = Tag("applied", "check", "settled") if tuning.settled else Tag("back", "clock", "not settled")
    return TunedFunction(
        name=clean(tuning.function),
        where=f"{clean(tuning.account_id)}, {clean(tuning.region)}",
        tag=sure,
        sentence=f"{_size(tuning)}. {_sentence(tuning)}",
        curve=None if curve is None else curve_chart(curve, "chosen", "now", _BAND),
        rows=tuple(_row(tuning, size) for size in tuning.sizes),
        notes=tuple(sentence(clean(note)) for note in tuning.notes),
    )


def _row(tuning: Tuning, size: TunedSize) -> tuple[str, ...]:
    took = size.duration_ms
    said = [
        word
        for word, held in (("chosen", size.memory_mb == tuning.chosen_mb), ("now", size.memory_mb == tuning.now_mb))
        if held
    ]
    said += [f"{size.errors:,} failed"] if size.errors else []
    return (
        f"{size.memory_mb:,}",
        f"{size.invocations:,}",
        "—" if took is None else _number(took.mean),
        "—" if took is None else _number(took.p95),
        "—" if size.usd_per_million is None else fine_usd(Decimal(str(size.usd_per_million))),
        ", ".join(said),
    )


def _assumptions(tunings: Sequence[Tuning]) -> Iterator[tuple[str, str]]:
    yield (
        "Measured",
        "A temporary copy with the same code was invoked; each size's first call is a warm-up and no measurement.",
    )
    yield ("Sizes in between", "By a model of duration against memory: no size is chosen that was not itself invoked.")
    yield ("Not settled", "The differences are within the noise of the calls; more --max-invocations tell more.")
    if any(tuning.predicted is None or tuning.predicted.monthly_saving_usd is None for tuning in tunings):
        yield ("Money a month", "Only where CloudWatch knows how often the function is invoked.")
