"""What guarded rollouts keep: their state in the journal, the time, and nobody who watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from lambda_tailor.documents import adapter
from lambda_tailor.journal.rollouts import RolloutRow
from lambda_tailor.model.rollout import Rollout, RolloutStatus, SideTotal
from lambda_tailor.model.usage import Load, Profile, compute_usage
from lambda_tailor.money.bill import Unpriced, bill, prices_for
from lambda_tailor.rollout.state import State


@dataclass(frozen=True, slots=True)
class Clock:
    """The time in seconds since 1970, and how to wait."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Unwatched:
    """Keeps it to itself."""

    def looked(self, rollout: Rollout) -> None:
        """Nothing."""

    def complained(self, complaint: str) -> None:
        """Nothing."""

    def stopped(self, sentence: str) -> None:
        """Nothing."""


def first_shown(state: State, takes: str) -> Rollout:
    """A rollout as it is shown before anything is done."""
    return Rollout(
        function=state.name,
        region=state.region,
        account_id=state.account_id,
        arn=state.arn,
        track=state.track,
        alias=state.alias,
        from_version=state.old_version,
        to_version=None,
        status=RolloutStatus.RUNNING,
        steps=state.options.steps,
        minutes=state.options.minutes,
        allowed_slowdown=state.options.allowed_slowdown,
        allowed_errors=state.options.allowed_errors,
        per_hour=round(state.per_hour, 2),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        takes=takes,
    )


def is_open(row: RolloutRow) -> bool:
    """Whether nobody has ended it."""
    return row.shown.status is RolloutStatus.RUNNING


def loaded(text: str) -> State:
    """A state as the journal has it."""
    state: State = adapter(State).validate_json(text)
    return state


def dumped(state: State) -> str:
    """A state as the journal takes it."""
    return adapter(State).dump_json(state).decode()


def priced(state: State, total: SideTotal) -> SideTotal:
    """With what a thousand runs cost, where there are prices for the region and runs to price."""
    prices = prices_for(state.region)
    if isinstance(prices, Unpriced) or total.billed_ms is None:
        return total
    profile = Profile(total.memory_mb, state.architecture, 512)
    load = Load(Decimal(1_000_000), Decimal(str(total.billed_ms)), total.memory_mb, assumed=False)
    usd = bill(compute_usage(profile, load, "io-bound"), prices, free_tier=False)
    return replace(total, usd_per_thousand=round(float(usd) / 1000, 6))
