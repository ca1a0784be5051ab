"""Billable quantities of a month. Quantities are physics; what they cost is in ``money``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal

NONE = Decimal(0)


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
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Usage)))

    def __sub__(self, other: Usage) -> Usage:
        return self + -other

    def __neg__(self) -> Usage:
        return Usage(*(-getattr(self, f.name) for f in fields(Usage)))


ZERO = Usage()
