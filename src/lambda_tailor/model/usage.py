"""Billable quantities of a month. Quantities are physics; what they cost is in ``money``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, Decimal
from typing import Literal

NONE = Decimal(0)
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_VCPU_MB = 1769
FREE_EPHEMERAL_MB = 512
# AWS bills by a month of 730 hours, in its own calculator too.
SECONDS_A_MONTH = Decimal(730 * 3600)
DAYS_A_MONTH = SECONDS_A_MONTH / 86_400
# CloudWatch Logs stores compressed: https://aws.amazon.com/cloudwatch/pricing/ (its examples count 0.15).
LOG_COMPRESSION = Decimal("0.15")

Scenario = Literal["cpu-bound", "io-bound"]


@dataclass(frozen=True, slots=True)
class Usage:
    """A month's billable quantities; negative where a change does away with some.

    GB-seconds of compute by architecture, requests, GB-seconds of /tmp above 512 MB and of
    provisioned concurrency, log GB ingested and GB-months stored, metrics read by alarms, traces
    recorded, queue requests, secrets and calls for them, GB-months of objects in S3 Standard.
    """

    gb_s_x86: Decimal = NONE
    gb_s_arm: Decimal = NONE
    requests: Decimal = NONE
    ephemeral_gb_s: Decimal = NONE
    provisioned_gb_s: Decimal = NONE
    provisioned_duration_gb_s: Decimal = NONE
    provisioned_gb_s_arm: Decimal = NONE
    provisioned_duration_gb_s_arm: Decimal = NONE
    log_gb_ingested: Decimal = NONE
    log_gb_month: Decimal = NONE
    alarm_metrics: Decimal = NONE
    traces: Decimal = NONE
    queue_requests: Decimal = NONE
    secrets: Decimal = NONE
    secret_calls: Decimal = NONE
    bucket_gb_month: Decimal = NONE

    def __add__(self, other: Usage) -> Usage:
        # Most changes add nothing that is billed, and a fleet has many.
        if other is ZERO:
            return self
        if self is ZERO:
            return other
        return Usage(*(getattr(self, name) + getattr(other, name) for name in QUANTITIES))

    def __sub__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) - getattr(other, name) for name in QUANTITIES))

    def __neg__(self) -> Usage:
        return Usage(*(-getattr(self, name) for name in QUANTITIES))


QUANTITIES = tuple(f.name for f in fields(Usage))
ZERO = Usage()
# One change's usage in two worlds: where it saves the least, and where it saves the most.
Pair = tuple[Usage, Usage]


@dataclass(frozen=True, slots=True)
class Load:
    """What a function is asked to do in a month.

    ``duration_ms`` is the average duration at ``at_memory_mb``; ``assumed`` where nobody measured it;
    ``source`` says where the numbers come from. ``init_ms`` is what INIT adds to that on average: it is
    billed too, but runs with more CPU than the size has and takes as long at any size.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """

    invocations_per_month: Decimal
    duration_ms: Decimal
    at_memory_mb: int
    assumed: bool
    source: str = ""
    init_ms: Decimal = NONE


@dataclass(frozen=True, slots=True)
class Profile:
    """The part of a configuration that compute is billed by, in MB; ``provisioned`` in executions."""

    memory_mb: int
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    ephemeral_mb: int = FREE_EPHEMERAL_MB
    provisioned: int = 0


def duration_at(memory_mb: int, load: Load, scenario: Scenario) -> Decimal:
    """The duration in ms at another size, rounded up to the millisecond that is billed.

    A function bound by I/O takes as long at any size. One bound by CPU takes as much longer as it
    has less of one vCPU; beyond one vCPU a single thread gains nothing.
    """
    had, has = min(load.at_memory_mb, ONE_VCPU_MB), min(memory_mb, ONE_VCPU_MB)
    if scenario == "io-bound":
        return load.duration_ms
    scaled = (load.duration_ms * had / has).to_integral_value(ROUND_CEILING)
    # The average of billed durations need not be whole: rounding up must not make more CPU slower.
    return scaled if has < had else min(scaled, load.duration_ms)


def compute_usage(profile: Profile, load: Load, scenario: Scenario) -> Usage:
    """A month's compute, requests, /tmp and provisioned concurrency of a function under a load.

    Provisioned executions serve what they can of a load that is spread evenly over the month; the
    rest is billed on demand.
    https://aws.amazon.com/lambda/pricing/
    """
    per_run_ms = duration_at(profile.memory_mb, load, scenario) + load.init_ms
    seconds = per_run_ms / 1000 * load.invocations_per_month
    gb, arm = Decimal(profile.memory_mb) / 1024, profile.architecture == "arm64"
    provisioned_s = profile.provisioned * SECONDS_A_MONTH
    served_s = min(seconds, provisioned_s)
    on_demand = (seconds - served_s) * gb
    extra_mb = max(0, profile.ephemeral_mb - FREE_EPHEMERAL_MB)
    return Usage(
        gb_s_x86=on_demand if profile.architecture == "x86_64" else NONE,
        gb_s_arm=on_demand if profile.architecture == "arm64" else NONE,
        requests=load.invocations_per_month,
        ephemeral_gb_s=seconds * extra_mb / 1024,
        provisioned_gb_s=NONE if arm else provisioned_s * gb,
        provisioned_duration_gb_s=NONE if arm else served_s * gb,
        provisioned_gb_s_arm=provisioned_s * gb if arm else NONE,
        provisioned_duration_gb_s_arm=served_s * gb if arm else NONE,
    )


def alarm_usage(metrics: int) -> Usage:
    """What alarms add that read so many metrics in all; metric math pays for each metric it reads."""
    return Usage(alarm_metrics=Decimal(metrics))


def tracing_usage(load: Load, sample_rate: Decimal = Decimal("0.05")) -> Pair:
    """What active tracing adds, as (most traces, fewest traces).

    Lambda records the first request of each second and ``sample_rate`` of all others. Where the load
    comes in bursts that is little more than the rate; where it is spread evenly, every second has a
    first request. https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    invocations = load.invocations_per_month
    first = min(invocations, SECONDS_A_MONTH)
    return Usage(traces=first + (invocations - first) * sample_rate), Usage(traces=invocations * sample_rate)


def queue_usage(requests_per_month: Decimal) -> Usage:
    """What a queue adds; an idle dead-letter queue has no requests and costs nothing."""
    return Usage(queue_requests=requests_per_month)


def secret_usage(secrets: int, calls_per_month: Decimal = NONE) -> Usage:
    """What secrets add, and the calls that read them."""
    return Usage(secrets=Decimal(secrets), secret_calls=calls_per_month)


def stored_log_gb(ingested_gb_per_month: Decimal, days: int | None, horizon_months: int = 12) -> Decimal:
    """The log GB in store, compressed, under a retention; None is for ever.

    Logs that never expire grow without end, so every retention is looked at as it stands
    ``horizon_months`` after logging began.
    """
    horizon = Decimal(horizon_months)
    months = horizon if days is None else min(days / DAYS_A_MONTH, horizon)
    return ingested_gb_per_month * LOG_COMPRESSION * months


def log_retention_usage(
    ingested_gb_per_month: Decimal, before_days: int | None, after_days: int | None, horizon_months: int = 12
) -> Usage:
    """The change of stored GB-months when the retention changes; negative where less is kept.

    What is done away with has to be in the account's usage before: ``stored_log_gb`` gives it.
    """
    before = stored_log_gb(ingested_gb_per_month, before_days, horizon_months)
    after = stored_log_gb(ingested_gb_per_month, after_days, horizon_months)
    return Usage(log_gb_month=after - before)
