"""Carries operations out in lanes by quota group, side by side, keeping the order that a function needs.

It interprets operations and knows no setting by name. A rollback is run by it too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from graphlib import TopologicalSorter
from itertools import islice
from queue import SimpleQueue

from lambda_tailor.apply_operation import Applier
from lambda_tailor.aws.lookups import Around
from lambda_tailor.aws.observer import read_many
from lambda_tailor.estimate import lane_of_operation
from lambda_tailor.leases import Held
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.record import StepRecord
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.model.verdict import Key
from lambda_tailor.setting import State

# Functions are taken in so many operations at a time, so that what is read by page stays recent.
CHUNK = 400
# Operations in flight in one lane. An update that AWS works on for seconds holds a place all that time.
WIDTH = 256
_GOOD = (Result.APPLIED, Result.UNCHANGED, Result.ROLLED_BACK)

Observer = Callable[[Operation, Ended], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Executes the operations of one run in one account and region.

    ``stop`` set from outside lets the calls in flight end and begins no more. ``observe`` is told
    each ending, from any thread. The functions in ``held`` (ARNs) are another run's and left alone.
    """

    applier: Applier
    observe: Observer = field(default=lambda _operation, _ended: None)
    stop: threading.Event = field(default_factory=threading.Event)
    held: Mapping[str, Held] = field(default_factory=dict)

    def execute(self, operations: Sequence[Operation], earlier: Mapping[str, StepRecord]) -> Mapping[str, Ended]:
        """How each operation ended; those that ``stop`` left out are absent.

        ``earlier`` is what the journal knows of the run: what has ended there is not done again.
        Raises JournalError, CredentialsError or EndpointUnreachable, after the calls in flight.
        """
        ended = {
            operation.id: Ended(step.result, step.detail)
            for operation in operations
            if (step := earlier.get(operation.id)) is not None
            and step.result is not None
            and step.result is not Result.FAILED
            and not _left_out(operation, step)
        }
        remaining = iter([operation for operation in operations if operation.id not in ended])
        while chunk := list(islice(remaining, CHUNK)):
            if self.stop.is_set():
                break
            self._chunk(chunk, earlier, ended)
        return ended

    def _chunk(
        self, operations: Sequence[Operation], earlier: Mapping[str, StepRecord], ended: dict[str, Ended]
    ) -> None:
        around = Around(self.applier.gateway, operations[0].account_id, self.applier.partition)
        recent = read_many(around, [operation.key for operation in operations])
        order = TopologicalSorter(_prerequisites(operations))
        order.prepare()
        by_id = {operation.id: operation for operation in operations}
        finished: SimpleQueue[tuple[Operation, Future[Ended]]] = SimpleQueue()
        lanes: dict[str, ThreadPoolExecutor] = {}
        running = 0
        try:
            while order.is_active():
                for operation in [] if self.stop.is_set() else [by_id[id] for id in order.get_ready()]:
                    lane = lane_of_operation(operation)
                    pool = lanes.setdefault(lane, ThreadPoolExecutor(WIDTH, thread_name_prefix=lane))
                    future = pool.submit(self._one, operation, earlier.get(operation.id), recent, ended)
                    future.add_done_callback(partial(_report, finished, operation))
                    running += 1
                if not running:
                    break
                operation, future = finished.get()
                running -= 1
                ended[operation.id] = future.result()
                order.done(operation.id)
        except BaseException:
            self.stop.set()
            raise
        finally:
            for pool in lanes.values():
                pool.shutdown(wait=True, cancel_futures=True)

    def _one(
        self,
        operation: Operation,
        earlier: StepRecord | None,
        recent: dict[Key, State],
        ended: Mapping[str, Ended],
    ) -> Ended:
        if earlier is not None and earlier.result in _GOOD and (left := _left_out(operation, earlier)):
            # The rest of it was applied by this run, so that the revision is no longer the plan's.
            operation, earlier = replace(operation.only(left), revision_id=None), None
        possible, because = _possible(operation, ended)
        if (other := self.held.get(operation.function)) is not None:
            result = Ended(Result.FAILED, str(other))
        elif not possible.after:
            result = Ended(Result.FAILED, because)
        else:
            result = self.applier.apply(possible, earlier, recent)
        self.applier.journal.settle(self.applier.run_id, operation.id, result.result, result.detail)
        self.observe(operation, result)
        return result


def _prerequisites(operations: Sequence[Operation]) -> dict[str, set[str]]:
    """By operation, those of the same chunk that have to be over before it begins."""
    here = {operation.id for operation in operations}
    return {o.id: here & {*o.follows, *(id for ids in o.requires.values() for id in ids)} for o in operations}


def _report(
    finished: SimpleQueue[tuple[Operation, Future[Ended]]], operation: Operation, future: Future[Ended]
) -> None:
    finished.put((operation, future))


def _left_out(operation: Operation, step: StepRecord) -> frozenset[str]:
    """The fields that an applied operation had to leave out, because what they need had failed."""
    return frozenset(operation.after) - frozenset(step.wrote) if step.call else frozenset()


def _possible(operation: Operation, ended: Mapping[str, Ended]) -> tuple[Operation, str]:
    """The operation without the fields whose requirements were not met, and why they were not."""
    because = ""
    unmet: set[str] = set()
    for name, required in operation.requires.items():
        for id in required:
            if id not in ended or ended[id].result not in _GOOD:
                unmet.add(name)
                because = ended[id].detail if id in ended else "what it needs was not done"
    if not unmet:
        return operation, ""
    return operation.only(frozenset(operation.after) - unmet), f"what it needs failed: {because}"
