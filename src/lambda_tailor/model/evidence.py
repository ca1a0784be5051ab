"""What was measured about a function: each value with its source, window and sample count.

A value that nobody measured is ``Absent`` with the reason; it is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value: ``unit`` is ms, MB, count, days or bytes; ``window_days`` how far it looks back.

    ``daily`` has it by day (ISO 8601), where it is known so.
    """

    value: float
    unit: str
    source: str
    window_days: float
    samples: int
    daily: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """No value, because …"""

    because: str


Measurement = Measured | Absent
# How quotes of what a run took at a memory size begin; the size in MB follows.
AT_SIZE = "billed_at_mb_"
NOT_READ = Absent("not asked for")


@dataclass(frozen=True, slots=True)
class AtMemory:
    """What was measured while the function had ``memory_mb``: averages in ms."""

    memory_mb: int
    invocations: int
    duration_ms: float
    billed_ms: float
    max_memory_mb: float


@dataclass(frozen=True, slots=True)
class Trigger:
    """What invokes the function; ``resource`` is the ARN or service name of the source.

    ``limit_s`` is how long the source waits for an answer; ``visibility_timeout_s`` is a queue's.
    """

    kind: Literal["queue", "stream", "asynchronous", "request-response"]
    resource: str
    limit_s: float | None = None  # the source gives up after this many seconds
    visibility_timeout_s: int | None = None
    limit_assumed: bool = False  # AWS lets that limit be raised, and nobody has read it


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """A mapping by which Lambda polls a queue or stream for the function; times in seconds.

    ``qualifier`` is the version or alias that it invokes, empty for ``$LATEST``. ``retries`` of -1 is for ever;
    ``on_failure`` is the ARN that failed records go to. ``partial`` tells that the code reports which messages
    of a batch failed. ``provisioned`` pollers cost always and exclude ``max_concurrency``.
    """

    uuid: str
    source: str
    kind: Literal["queue", "stream"]
    qualifier: str = ""
    enabled: bool = True
    batch_size: int = 10
    window_s: int = 0
    max_concurrency: int | None = None
    retries: int | None = None
    max_age_s: int | None = None
    on_failure: str | None = None
    bisect: bool = False
    partial: bool = False
    parallelization: int = 1
    provisioned: bool = False
    visibility_timeout_s: int | None = None

    @property
    def name(self) -> str:
        """The queue's or stream's name."""
        return self.source.rpartition(":")[2].rpartition("/")[2] or self.source


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Compute Optimizer's advice: memory in MB and why; its saving in dollars a month, at list and after discounts."""

    memory_mb: int
    finding: str
    source: str = "compute-optimizer"
    list_usd: float = 0.0
    discounted_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Tuned:
    """The size that tuning chose by measuring the function itself; it holds while its code is the same.

    ``slowdown`` is the range of factors from the duration at ``from_mb`` to that at ``memory_mb``.
    ``settled`` is whether enough was measured to be sure of the choice. ``at_memory`` is what it measured.
    """

    memory_mb: int
    from_mb: int
    objective: str
    settled: bool
    slowdown: tuple[float, float]
    source: str
    at_memory: tuple[AtMemory, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one function's load. Durations in ms, memory in MB."""

    invocations: Measurement = NOT_READ
    errors: Measurement = NOT_READ
    throttles: Measurement = NOT_READ
    duration_avg: Measurement = NOT_READ
    duration_p50: Measurement = NOT_READ
    duration_p95: Measurement = NOT_READ
    duration_p99: Measurement = NOT_READ
    duration_max: Measurement = NOT_READ
    concurrency_max: Measurement = NOT_READ
    memory_used: Measurement = NOT_READ
    billed_avg: Measurement = NOT_READ
    init_avg: Measurement = NOT_READ
    timeouts: Measurement = NOT_READ
    idle_days: Measurement = NOT_READ
    log_bytes: Measurement = NOT_READ
    async_events: Measurement = NOT_READ
    tmp_used: Measurement = NOT_READ
    async_dropped: Measurement = NOT_READ
    dead_letter_errors: Measurement = NOT_READ
    destination_failures: Measurement = NOT_READ
    provisioned_max: Measurement = NOT_READ
    at_memory: tuple[AtMemory, ...] = ()
    recommendation: Recommendation | Absent = field(default=NOT_READ)
    triggers: tuple[Trigger, ...] | Absent = field(default=NOT_READ)
    event_sources: tuple[EventSource, ...] | Absent = field(default=NOT_READ)
    tuned: Tuned | Absent = field(default=NOT_READ)

    def quote(self, *names: str) -> tuple[Quote, ...]:
        """The named readings as they are quoted beside a change; absent ones are left out."""
        readings = ((name, getattr(self, name)) for name in names)
        return tuple(
            Quote(name, r.value, r.unit, r.source, r.window_days, r.samples)
            for name, r in readings
            if isinstance(r, Measured)
        )

    def quote_sizes(self) -> tuple[Quote, ...]:
        """What a run took at each memory size, where it ran at several; as tuned, where it was."""
        if isinstance(self.tuned, Tuned) and self.tuned.at_memory:
            return tuple(
                Quote(f"{AT_SIZE}{s.memory_mb}", s.billed_ms, "ms", self.tuned.source, 0.0, s.invocations)
                for s in self.tuned.at_memory
            )
        if len({size.memory_mb for size in self.at_memory}) < 2:
            return ()
        window = self.memory_used.window_days if isinstance(self.memory_used, Measured) else 0.0
        return tuple(
            Quote(f"{AT_SIZE}{s.memory_mb}", s.billed_ms, "ms", "REPORT records", window, s.invocations)
            for s in sorted(self.at_memory, key=lambda size: size.memory_mb)
        )

    @property
    def queues(self) -> tuple[EventSource, ...]:
        """The queues that Lambda polls for it, as far as they are known."""
        sources = self.event_sources
        return tuple(s for s in sources if s.kind == "queue" and s.enabled) if isinstance(sources, tuple) else ()

    @property
    def asynchronous(self) -> bool:
        """Whether something is seen to invoke it asynchronously."""
        events, triggers = self.async_events, self.triggers
        if isinstance(events, Measured) and events.value > 0:
            return True
        return isinstance(triggers, tuple) and any(trigger.kind == "asynchronous" for trigger in triggers)


READINGS = tuple(
    f.name
    for f in fields(Evidence)
    if f.name not in {"at_memory", "recommendation", "triggers", "event_sources", "tuned"}
)


@dataclass(frozen=True, slots=True)
class Quote:
    """One piece of evidence as quoted beside a change."""

    name: str
    value: float
    unit: str
    source: str
    window_days: float
    samples: int
