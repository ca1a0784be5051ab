"""Billable quantities of a month. Quantities are physics; what they cost is in ``money``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, Decimal
from typing import Literal

NONE = Decimal(0)
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_VCPU_MB = 1769
FREE_EPHEMERAL_MB = 512
SECONDS_A_MONTH = Decimal(730 * 3600)

Scenario = Literal["cpu-bound", "io-bound"]


@dataclass(frozen=True, slots=True)
class Usage:
    """A month's billable quantities; negative where a change does away with some.

    GB-seconds of compute by architecture, requests, GB-seconds of /tmp above 512 MB and of
    provisioned concurrency, log GB ingested and GB-months stored, metrics read by alarms, traces
    recorded, queue requests, secrets and calls for them.
    """

    gb_s_x86: Decimal = NONE
    gb_s_arm: Decimal = NONE
    requests: Decimal = NONE
    ephemeral_gb_s: Decimal = NONE
    provisioned_gb_s: Decimal = NONE
    provisioned_duration_gb_s: Decimal = NONE
    log_gb_ingested: Decimal = NONE
    log_gb_month: Decimal = NONE
    alarm_metrics: Decimal = NONE
    traces: Decimal = NONE
    queue_requests: Decimal = NONE
    secrets: Decimal = NONE
    secret_calls: Decimal = NONE

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) + getattr(other, name) for name in QUANTITIES))

    def __sub__(self, other: Usage) -> Usage:
        return self + -other

    def __neg__(self) -> Usage:
        return Usage(*(-getattr(self, name) for name in QUANTITIES))


QUANTITIES = tuple(f.name for f in fields(Usage))
ZERO = Usage()


@dataclass(frozen=True, slots=True)
class Load:
    """What a function is asked to do in a month.

    ``duration_ms`` is the average billed duration at ``at_memory_mb``; ``assumed`` where nobody
    measured it.
    """

    invocations: Decimal
    duration_ms: Decimal
    at_memory_mb: int
    assumed: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """The part of a configuration that compute is billed by, in MB."""

    memory_mb: int
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    ephemeral_mb: int = FREE_EPHEMERAL_MB


def duration_at(memory_mb: int, load: Load, scenario: Scenario) -> Decimal:
    """The duration in ms at another size, rounded up to the millisecond that is billed.

    A function bound by I/O takes as long at any size. One bound by CPU takes as much longer as it
    has less of one vCPU; beyond one vCPU a single thread gains nothing.
    """
    if scenario == "io-bound":
        return load.duration_ms
    had, has = min(load.at_memory_mb, ONE_VCPU_MB), min(memory_mb, ONE_VCPU_MB)
    return (load.duration_ms * had / has).to_integral_value(ROUND_CEILING) if had != has else load.duration_ms


def compute_usage(profile: Profile, load: Load, scenario: Scenario) -> Usage:
    """A month's compute, requests and /tmp of a function of that profile under that load."""
    seconds = duration_at(profile.memory_mb, load, scenario) / 1000 * load.invocations
    gb_s = seconds * profile.memory_mb / 1024
    extra_mb = max(0, profile.ephemeral_mb - FREE_EPHEMERAL_MB)
    return Usage(
        gb_s_x86=gb_s if profile.architecture == "x86_64" else NONE,
        gb_s_arm=gb_s if profile.architecture == "arm64" else NONE,
        requests=load.invocations,
        ephemeral_gb_s=seconds * extra_mb / 1024,
    )
