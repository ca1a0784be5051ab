"""Carries operations out in lanes by quota group, side by side, keeping the order that a function needs.

It interprets operations and knows no setting by name. A rollback is run by it too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice

from lambda_tailor.apply_operation import Applier, Ended
from lambda_tailor.aws.lookups import Around
from lambda_tailor.aws.observer import read_many
from lambda_tailor.aws.quotas import lane_of
from lambda_tailor.journal import StepRecord
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.run import Result
from lambda_tailor.model.verdict import Key
from lambda_tailor.setting import State
from lambda_tailor.settings import all_settings

# Functions are taken in so many operations at a time, so that what is read by page stays recent.
CHUNK = 400
# Requests in flight in one lane; more would only wait for the lane's pace.
WIDTH = 8
_GOOD = (Result.APPLIED, Result.UNCHANGED, Result.ROLLED_BACK)

Observer = Callable[[Operation, Ended], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Executes the operations of one run in one account and region.

    ``stop`` set from outside lets the calls in flight end and begins no more. ``observe`` is told
    each ending, from any thread.
    """

    applier: Applier
    observe: Observer = field(default=lambda _operation, _ended: None)
    stop: threading.Event = field(default_factory=threading.Event)

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
        waiting = {operation.id: operation for operation in operations}
        lanes: dict[str, ThreadPoolExecutor] = {}
        running: dict[Future[Ended], Operation] = {}
        try:
            while waiting or running:
                if not self.stop.is_set():
                    for operation in [o for o in waiting.values() if _ready(o, waiting, running)]:
                        del waiting[operation.id]
                        lane = _lane(operation)
                        pool = lanes.setdefault(lane, ThreadPoolExecutor(WIDTH, thread_name_prefix=lane))
                        future = pool.submit(self._one, operation, earlier.get(operation.id), recent, dict(ended))
                        running[future] = operation
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    operation = running.pop(future)
                    ended[operation.id] = future.result()
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
        recent: Mapping[Key, State],
        ended: Mapping[str, Ended],
    ) -> Ended:
        if earlier is not None and earlier.result in _GOOD and (left := _left_out(operation, earlier)):
            # The rest of it was applied by this run, so that the revision is no longer the plan's.
            operation, earlier = replace(operation.only(left), revision_id=None), None
        possible, because = _possible(operation, ended)
        if not possible.after:
            result = Ended(Result.FAILED, because)
        else:
            result = self.applier.apply(possible, earlier, recent.get(operation.key))
        self.applier.journal.settle(self.applier.run_id, operation.id, result.result, result.detail)
        self.observe(operation, result)
        return result


def _left_out(operation: Operation, step: StepRecord) -> frozenset[str]:
    """The fields that an applied operation had to leave out, because what they need had failed."""
    return frozenset(operation.after) - frozenset(step.wrote) if step.call else frozenset()


def _lane(operation: Operation) -> str:
    actions = all_settings()[operation.key.kind].write_actions
    return lane_of(actions[0]) if actions else operation.key.kind


def _ready(operation: Operation, waiting: Mapping[str, Operation], running: Mapping[Future[Ended], Operation]) -> bool:
    before = {*operation.follows, *(id for ids in operation.requires.values() for id in ids)}
    return not any(id in waiting for id in before) and not any(o.id in before for o in running.values())


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
