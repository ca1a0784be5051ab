"""Carries operations out in lanes by quota group, side by side, keeping the order that a function needs.

It interprets operations and knows no setting by name. A rollback is run by it too.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue

from lambda_tailor.applying.apply_operation import Applier
from lambda_tailor.aws.quotas import Stopped
from lambda_tailor.journal.leases import Held
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.record import StepRecord
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.planning.estimate import lane_of_operation

# Operations are let into the lanes so many at a time.
CHUNK = 400
# Operations in flight in one lane. An update that AWS works on for seconds holds a place all that time.
WIDTH = 256
_GOOD = (Result.APPLIED, Result.UNCHANGED, Result.ROLLED_BACK)

Observer = Callable[[Operation, Ended], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Executes the operations of one run in one account and region.

    ``stop`` set from outside lets the calls in flight end and begins no more. ``observe`` is told
    each ending, from any thread. The functions in ``held`` (ARNs) are another run's and left alone, and so are
    the operations in ``stale`` (ids), whose function is gone or another by now.
    """

    applier: Applier
    observe: Observer = field(default=lambda _operation, _ended: None)
    stop: threading.Event = field(default_factory=threading.Event)
    held: Mapping[str, Held] = field(default_factory=dict)
    stale: Mapping[str, str] = field(default_factory=dict)

    def execute(self, operations: Sequence[Operation], earlier: Mapping[str, StepRecord]) -> Mapping[str, Ended]:
        """How each operation ended; those that ``stop`` left out are absent, also those that waited for their turn.

        ``earlier`` is what the journal knows of the run: what has ended there is not done again.
        Raises JournalError, LeaseLost, CredentialsError or EndpointUnreachable, after the calls in flight.
        """
        ended = {
            operation.id: Ended(step.result, step.detail)
            for operation in operations
            if (step := earlier.get(operation.id)) is not None
            and step.result is not None
            and step.result is not Result.FAILED
            and not _left_out(operation, step)
        }
        known = Known({operation.id: operation for operation in operations}, ended)
        _Flow(self, earlier, ended, known).run([o for o in operations if o.id not in ended])
        return ended

    def one(self, operation: Operation, earlier: StepRecord | None, known: Known) -> Ended:
        """Carry out one operation, as far as what it needs was done; how it ended is journalled and told."""
        again = earlier is not None and earlier.result in _GOOD
        if again and earlier is not None:
            # The rest of it was applied by this run, so that the revision is no longer the plan's.
            operation = replace(operation.only(_left_out(operation, earlier)), revision_id=None)
        possible, because = known.possible(operation)
        if (other := self.held.get(operation.function)) is not None:
            result = Ended(Result.FAILED, str(other))
        elif (changed := self.stale.get(operation.id)) is not None:
            result = Ended(Result.FAILED, changed)
        elif not possible.after:
            result = Ended(Result.FAILED, because)
        else:
            patient = known.was_given_a_permission(operation)
            result = self.applier.apply(possible, None if again else earlier, patient=patient)
        if again and earlier is not None and result.result is Result.UNCHANGED:
            result = Ended(Result.APPLIED, earlier.detail)
        self.applier.journal.settle(self.applier.run_id, operation.id, result, self.applier.token)
        self.observe(operation, result)
        return result


@dataclass(frozen=True, slots=True)
class Known:
    """The operations of the run by id, and how those ended that are over."""

    operations: Mapping[str, Operation]
    ended: Mapping[str, Ended]

    def possible(self, operation: Operation) -> tuple[Operation, str]:
        """The operation without the fields whose requirements were not met, and why they were not."""
        because = ""
        unmet: set[str] = set()
        for name, required in operation.requires.items():
            for id in required:
                if not self._met(operation, name, id):
                    unmet.add(name)
                    because = self.ended[id].detail if id in self.ended else "what it needs was not done"
        if not unmet:
            return operation, ""
        return operation.only(frozenset(operation.after) - unmet), f"what it needs failed: {because}"

    def was_given_a_permission(self, operation: Operation) -> bool:
        """Whether this run gave the function's role a permission that the operation needs."""
        needed = {id for ids in operation.requires.values() for id in ids}
        return any(self.operations[id].key.kind == "role-policy" for id in needed if id in self.operations)

    def _met(self, operation: Operation, name: str, required: str) -> bool:
        ended = self.ended.get(required)
        if ended is None or required not in self.operations:
            return False
        if not ended.left:
            return ended.result in _GOOD
        # Of an operation that was done in part, only what belongs to the same change counts.
        refs = set(operation.changes.get(name, ()))
        others = self.operations[required].changes
        return not any(refs & set(others.get(each, ())) for each in ended.left)


class _Flow:
    """One way of all operations through the lanes.

    They are let in by the chunk, and a chunk is let in while the one before it still runs: so no lane waits
    for another, nor for a chunk's last update.
    """

    def __init__(
        self, executor: Executor, earlier: Mapping[str, StepRecord], ended: dict[str, Ended], known: Known
    ) -> None:
        self._executor = executor
        self._earlier = earlier
        self._ended = ended
        self._known = known
        self._inside: dict[str, Operation] = {}
        self._waits_for: dict[str, set[str]] = {}
        self._running = 0
        self._finished: SimpleQueue[tuple[Operation, Future[Ended]]] = SimpleQueue()
        self._lanes: dict[str, ThreadPoolExecutor] = {}

    def run(self, operations: Sequence[Operation]) -> None:
        """Through with all of them, or as far as ``stop`` lets them."""
        chunks = deque(operations[start : start + CHUNK] for start in range(0, len(operations), CHUNK))
        try:
            while (chunks and not self._stopped) or self._running:
                if chunks and len(self._inside) <= CHUNK // 2 and not self._stopped:
                    self._let_in(chunks.popleft())
                elif self._running:
                    self._await_one()
        except BaseException:
            self._executor.stop.set()
            raise
        finally:
            for pool in self._lanes.values():
                pool.shutdown(wait=True, cancel_futures=True)

    @property
    def _stopped(self) -> bool:
        return self._executor.stop.is_set()

    def _let_in(self, chunk: Sequence[Operation]) -> None:
        applier = self._executor.applier
        applier.journal.intend(applier.run_id, [operation.id for operation in chunk])
        self._inside |= {operation.id: operation for operation in chunk}
        for operation in chunk:
            self._waits_for[operation.id] = {id for id in operation.waits_for if id in self._inside}
        self._begin([operation for operation in chunk if not self._waits_for[operation.id]])

    def _begin(self, operations: Sequence[Operation]) -> None:
        for operation in [] if self._stopped else operations:
            lane = lane_of_operation(operation)
            pool = self._lanes.setdefault(lane, ThreadPoolExecutor(WIDTH, thread_name_prefix=lane))
            earlier = self._earlier.get(operation.id)
            future = pool.submit(self._executor.one, operation, earlier, self._known)
            future.add_done_callback(partial(_report, self._finished, operation))
            self._running += 1

    def _await_one(self) -> None:
        operation, future = self._finished.get()
        self._running -= 1
        try:
            self._ended[operation.id] = future.result()
        except Stopped:
            return  # it did not come to its turn, and neither does what waits for it
        del self._inside[operation.id], self._waits_for[operation.id]
        free: list[Operation] = []
        for id, others in self._waits_for.items():
            if operation.id in others:
                others.discard(operation.id)
                if not others:
                    free.append(self._inside[id])
        self._begin(free)


def _report(
    finished: SimpleQueue[tuple[Operation, Future[Ended]]], operation: Operation, future: Future[Ended]
) -> None:
    finished.put((operation, future))


def _left_out(operation: Operation, step: StepRecord) -> frozenset[str]:
    """The fields that an applied operation had to leave out, because what they need had failed."""
    return frozenset(operation.after) - frozenset(step.wrote) if step.call else frozenset()
