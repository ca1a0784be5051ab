"""From what was measured to the document of a tune. Pure."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING
from urllib.parse import quote

from lambda_tailor.clock import now
from lambda_tailor.evidence.percentiles import percentile
from lambda_tailor.model.tuning import Band, Durations, Predicted, Range, TunedSize, Tuning

if TYPE_CHECKING:
    from lambda_tailor.tuning.choosing import Chooser, Interval
    from lambda_tailor.tuning.measuring import Invoked
    from lambda_tailor.tuning.options import TuneOptions
    from lambda_tailor.tuning.preparing import Subject

_MILLION = 1_000_000
_VISUALIZER = "https://lambda-power-tuning.show/#"
_BAND_POINTS = 16


@dataclass
class Samples:
    """Every call by size: warm-ups and measured ones apart."""

    warm_ups: dict[int, Invoked] = field(default_factory=dict)
    measured: dict[int, list[Invoked]] = field(default_factory=dict)

    def add(self, memory_mb: int, done: Invoked, *, warm_up: bool) -> None:
        """Take down a call."""
        if warm_up:
            self.warm_ups[memory_mb] = done
        else:
            self.measured.setdefault(memory_mb, []).append(done)

    def warm(self, memory_mb: int) -> Sequence[Invoked]:
        """The measured calls at a size."""
        return self.measured.get(memory_mb, ())

    @property
    def all(self) -> Sequence[tuple[int, Invoked]]:
        """Every call with its size."""
        warm = [(mb, done) for mb, calls in self.measured.items() for done in calls]
        return [*self.warm_ups.items(), *warm]

    def spent(self, usd: Callable[[int, float], float]) -> float:
        """What all calls cost, US dollars; AWS bills INIT with the first call of each size."""
        return sum(usd(mb, _billed(done)) for mb, done in self.all)

    def slowest_ms(self, memory_mb: int) -> float:
        """The longest billed time at this size, or in proportion from the next larger ones."""
        return max((_billed(done) * max(1.0, mb / memory_mb) for mb, done in self.all), default=0.0)


def _billed(done: Invoked) -> float:
    return done.billed_ms if done.billed_ms is not None else (done.duration_ms or 0.0)


def tuning_of(
    subject: Subject,
    options: TuneOptions,
    chooser: Chooser,
    samples: Samples,
    tune_id: str,
    notes: tuple[str, ...],
) -> Tuning:
    """The document of a tune that has ended."""
    look = chooser.ended()
    function = subject.function
    sizes = tuple(_size(subject, samples, mb) for mb in sorted({mb for mb, _ in samples.all}))
    chosen, present = look.chosen_mb, function.memory_mb
    said = [*notes]
    if chosen is None:
        said.append("no size that was invoked will do")
    elif not look.settled:
        said.append("not settled: the differences are within the noise of its calls; more --max-invocations tell more")
    ratio = chooser.cost_ratio(chosen, present) if chosen is not None else None
    slower = chooser.duration_ratio(chosen, present) if chosen is not None else None
    return Tuning(
        tune_id=tune_id,
        at=now(),
        account_id=function.account_id,
        region=function.region,
        function=function.name,
        arn=function.arn,
        code_sha256=subject.code_sha256,
        objective=str(options.objective),
        now_mb=present,
        chosen_mb=chosen,
        settled=look.settled,
        sizes=sizes,
        predicted=_predicted(subject, chooser, chosen, ratio) if chosen is not None and ratio is not None else None,
        cost_ratio=_range(ratio),
        duration_ratio=_range(slower),
        invocations=sum(len(calls) for calls in samples.measured.values()),
        warm_ups=len(samples.warm_ups),
        spent_usd=samples.spent(subject.usd),
        expected_loss=look.expected_loss,
        curve=_curve(chooser) if chosen is not None else (),
        notes=tuple(said),
        visualizer_url=visualizer_url(sizes),
        architecture=function.architecture,
    )


def _size(subject: Subject, samples: Samples, mb: int) -> TunedSize:
    calls = samples.warm(mb)
    took = [call.duration_ms for call in calls if call.error is None and call.duration_ms is not None]
    billed = [_billed(call) for call in calls if call.error is None]
    warm_up = samples.warm_ups.get(mb)
    errors = sum(call.error is not None for call in calls) + (warm_up is not None and warm_up.error is not None)
    mean = fmean(billed) if billed else None
    return TunedSize(
        memory_mb=mb,
        invocations=len(calls),
        errors=errors,
        duration_ms=(Durations(mean=fmean(took), p50=percentile(took, 50), p95=percentile(took, 95)) if took else None),
        billed_ms=mean,
        init_ms=warm_up.init_ms if warm_up else None,
        usd_per_million=None if mean is None else subject.usd(mb, mean, _MILLION),
    )


def _predicted(subject: Subject, chooser: Chooser, chosen: int, ratio: Interval) -> Predicted:
    took = chooser.duration_ms(chosen)
    return Predicted(
        duration_ms=Range(low=took.low, high=took.high),
        usd_per_million=Range(
            low=subject.usd(chosen, took.low, _MILLION), high=subject.usd(chosen, took.high, _MILLION)
        ),
        monthly_saving_usd=_saving(subject, ratio),
    )


def _saving(subject: Subject, ratio: Interval) -> Range | None:
    """At the measured load; what requests cost stays the same."""
    if subject.monthly_usd <= 0:
        return None
    requests = subject.usd(0, 0.0, subject.monthly_invocations or 0.0)
    compute = subject.monthly_usd - requests
    return Range(low=compute * (1 - ratio.high), high=compute * (1 - ratio.low))


def _range(interval: Interval | None) -> Range | None:
    return None if interval is None else Range(low=interval.low, high=interval.high)


def _curve(chooser: Chooser) -> tuple[Band, ...]:
    band = chooser.band()
    step = max(1, len(band) // _BAND_POINTS)
    return tuple(Band(memory_mb=mb, low_ms=each.low, high_ms=each.high) for mb, each in band[::step])


def visualizer_url(sizes: Sequence[TunedSize]) -> str | None:
    """The link of AWS Lambda Power Tuning's visualizer: sizes, ms and US dollars a call, each packed in base64."""
    told = [s for s in sizes if s.duration_ms is not None and s.usd_per_million is not None]
    if not told:
        return None
    mb = struct.pack(f"<{len(told)}H", *(s.memory_mb for s in told))
    ms = struct.pack(f"<{len(told)}f", *(s.duration_ms.mean for s in told if s.duration_ms))
    usd = struct.pack(f"<{len(told)}f", *((s.usd_per_million or 0.0) / _MILLION for s in told))
    return _VISUALIZER + ";".join(quote(base64.b64encode(part).decode(), safe="=+/") for part in (mb, ms, usd))
