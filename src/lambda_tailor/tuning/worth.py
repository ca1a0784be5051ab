"""What it is worth to know a function's curve, before anything is measured: its load times the expected gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_tailor.model.evidence import Measured
from lambda_tailor.tuning.choosing import Chooser, Free

if TYPE_CHECKING:
    from lambda_tailor.tuning.options import TuneOptions
    from lambda_tailor.tuning.preparing import Subject

LEAST_SAMPLES = 50
# What production tells of the curve, in log ms: by its own payloads, and by others.
_SAME_PAYLOADS_SD, _OTHER_PAYLOADS_SD = 0.02, 0.2
# Where nothing is known of a function, it is as the prior says; its level does not matter then.
_ANY_MS, _ANY_SD = 100.0, 0.2


def free_points(subject: Subject, options: TuneOptions) -> tuple[Free, ...]:
    """What production showed at the present size and at earlier ones."""
    sd = _SAME_PAYLOADS_SD if options.production_payloads else _OTHER_PAYLOADS_SD
    sizes = [s for s in subject.evidence.at_memory if s.invocations >= LEAST_SAMPLES and s.duration_ms > 0]
    if len({size.memory_mb for size in sizes}) > 1:
        return tuple(Free(size.memory_mb, size.duration_ms, sd) for size in sizes)
    half = subject.evidence.duration_p50
    if isinstance(half, Measured) and half.samples >= LEAST_SAMPLES and half.value > 0:
        return (Free(subject.function.memory_mb, half.value, sd),)
    return ()


def of_knowing_usd(subject: Subject, options: TuneOptions) -> float:
    """What is expected to be saved a month by knowing the curve, US dollars; nothing where no load is known.

    For another objective than the cheapest: how far the present size is expected to fall short of it, in the money
    that the function costs.
    """
    if subject.monthly_usd <= 0:
        return 0.0
    present = subject.function.memory_mb
    free = free_points(subject, options) or (Free(present, _ANY_MS, _ANY_SD),)
    chooser = Chooser(subject.sizes_mb, options.objective, free, options.max_invocations, present_mb=present)
    return subject.monthly_usd * chooser.expected_gain(present)
