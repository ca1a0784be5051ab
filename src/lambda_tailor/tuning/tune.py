"""One function's tune: a copy is made, measured until it is known what to take, and removed again."""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from lambda_tailor import arns
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.scopes import OpenScope, open_scope
from lambda_tailor.clock import now
from lambda_tailor.errors import AccessDenied, AwsRefused, BadInput, FunctionHeld, StalePlan, TailorError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import Holder
from lambda_tailor.journal.tunings import Begun
from lambda_tailor.model.tuning import Tuning
from lambda_tailor.tuning.choosing import MAX_SIZES, STARTS_MB, Chooser
from lambda_tailor.tuning.copying import Copier, copy_name
from lambda_tailor.tuning.document import Samples, tuning_of
from lambda_tailor.tuning.measuring import Invoked, Invoker
from lambda_tailor.tuning.options import TuneOptions
from lambda_tailor.tuning.preparing import Subject, identity, reread
from lambda_tailor.tuning.worth import free_points

# Above the most memory that a measured call used.
_PEAK_ROOM = 1.1
_RENEW_EVERY_S = 15.0
# A copy that Lambda does not let run for so long is given up: others have the account's concurrency.
THROTTLED_FOR_S = 60.0
_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})

# Told of each call: the function, how many were measured so far, the size.
Told = Callable[[str, int, int], None]


@dataclass
class _Session:
    """The copy while it is measured."""

    subject: Subject
    options: TuneOptions
    chooser: Chooser
    copier: Copier
    invoker: Invoker
    stop: threading.Event
    told: Told
    versions: dict[int, str] = field(default_factory=dict)
    samples: Samples = field(default_factory=Samples)
    notes: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Measure until it is known. Raises BadInput where the payload fails at the present size."""
        present = self.subject.function.memory_mb
        first = self._call(present, 0)
        if first.error is not None:
            raise BadInput(
                f"The payload makes {self.subject.function.name} fail at its present {present} MB ({first.error}): "
                "nothing more was sent; give a payload that it can handle."
            )
        self._check_round(first, present)
        while (mb := self.chooser.look().next_mb) is not None:
            if self._over_budget(mb):
                self.notes.append("the budget ended before it was settled")
                return
            self._measure(mb)

    def _measure(self, mb: int) -> None:
        if mb not in self.versions and self._call(mb, 0).error is not None:
            self.chooser.failed(mb, counted=False)
            return
        done = self._call(mb, len(self.samples.warm(mb)) + 1)
        if done.error is not None or done.duration_ms is None:
            self.chooser.failed(mb)
        else:
            self.chooser.measured(mb, done.duration_ms)
        self.told(self.subject.function.name, self.chooser.invocations, mb)

    def _call(self, mb: int, number: int) -> Invoked:
        """The size's call of that number; 0 is its warm-up, before which its version is published."""
        if self.stop.is_set():
            raise TailorError("Interrupted: the copy was removed and nothing was kept.")
        if mb not in self.versions:
            self.versions[mb] = self.copier.version(mb)
        payload = self.subject.payloads.of_call(max(0, number - 1))
        try:
            done = self.invoker.invoke(self.versions[mb], payload)
        except AwsRefused as error:
            if error.code in _THROTTLED:
                raise TailorError(
                    f"Lambda throttled the copy of {self.subject.function.name}: the account's concurrency is in use; "
                    "tune again when there is less load. The copy was removed and nothing was kept."
                ) from error
            raise
        self.samples.add(mb, done, warm_up=number == 0)
        if done.max_memory_mb is not None:
            self.chooser.not_under(math.ceil(done.max_memory_mb * _PEAK_ROOM))
        return done

    def _spent(self) -> float:
        return self.samples.spent(self.subject.usd)

    def _likely(self, mb: int) -> float:
        seen = self.samples.slowest_ms(mb)
        return self.subject.usd(mb, seen)

    def _over_budget(self, mb: int) -> bool:
        calls = 1 if mb in self.versions else 2
        budget = self.options.budget_usd
        return budget is not None and self._spent() + calls * self._likely(mb) > budget

    def _check_round(self, first: Invoked, present: int) -> None:
        budget = self.options.budget_usd
        if budget is None:
            return
        took = first.billed_ms or first.duration_ms or 0.0
        sizes = {min(self.subject.sizes_mb, key=lambda mb: abs(math.log(mb / start))) for start in STARTS_MB}
        needed = self._spent() + sum(3 * self.subject.usd(mb, took * max(1.0, present / mb)) for mb in sizes)
        if needed > budget:
            raise BadInput(
                f"A budget of {budget:g} USD is too small for one round, which costs about {needed:.6f} USD: "
                "give more --budget-usd."
            )


def tune(
    subject: Subject,
    options: TuneOptions,
    connection: Connection,
    journal: Journal,
    *,
    stop: threading.Event | None = None,
    told: Told = lambda _function, _calls, _mb: None,
) -> Tuning:
    """Tune one function; the copy is gone afterwards, whatever happened.

    Raises BadInput, FunctionHeld, StalePlan where the function changed meanwhile, and what AWS's refusals raise.
    """
    opened = open_scope(connection, subject.scope)
    tune_id = f"tune-{now()[:19].replace(':', '').replace('-', '')}-{uuid.uuid4().hex[:6]}"
    with _held(journal, subject, tune_id, opened.caller_arn):
        notes = _without_left_overs(opened, journal, subject.function.arn)
        copier = Copier(opened.gateway, copy_name(subject.function.name, tune_id))
        _make(copier, journal, subject, tune_id)
        invoker = Invoker(_patient(connection, subject).gateway, copier.name)
        found: Tuning | None = None
        try:
            copier.settled()
            found = _measured(
                subject, options, opened, copier, invoker, stop or threading.Event(), told, tune_id, notes
            )
        finally:
            _remove(copier, journal, subject.function.name, tune_id, found)
        return found


def _without_left_overs(opened: OpenScope, journal: Journal, function: str) -> list[str]:
    """What killed tunes of the function left is removed: it is held by now, so that none of them is alive."""
    notes = []
    for left in journal.left_tunings():
        if left.function == function and not left.vouched:
            notes.append(
                f"the journal says that {left.tune_id} left a copy, which cannot be verified: "
                f"'lambda-tailor rollback {left.tune_id}' tells more"
            )
        elif left.function == function:
            Copier(opened.gateway, left.copy).remove(arns.part(left.function, 6), left.tune_id)
            journal.end_tuning(left.tune_id, None)
            notes.append(f"the copy that {left.tune_id} had left was removed first")
    return notes


def _make(copier: Copier, journal: Journal, subject: Subject, tune_id: str) -> None:
    """Write the copy down, and make it. What AWS refused for certain is nowhere to be removed."""
    copy = Begun(
        tune_id=tune_id,
        function=subject.function.arn,
        copy=copier.name,
        region=subject.function.region,
        role_arn=subject.scope.role_arn,
    )
    journal.begin_tuning(copy)
    try:
        copier.make(subject.original, subject.function.name, tune_id, subject.function.memory_mb)
    except (AccessDenied, BadInput, AwsRefused) as error:
        if isinstance(error, AwsRefused) and error.lost:
            _remove(copier, journal, subject.function.name, tune_id, None)
        else:
            journal.end_tuning(tune_id, None)
        raise


def _patient(connection: Connection, subject: Subject) -> OpenScope:
    """A connection that waits for an answer as long as the function may run, and not so long for its turn."""
    timeout = subject.function.timeout_s
    retry = replace(connection.retry, throttled_for_s=min(THROTTLED_FOR_S, connection.retry.throttled_for_s))
    patient = replace(
        connection, answer_within_s=timeout + 30.0, timeout_s=max(connection.timeout_s, timeout + 60.0), retry=retry
    )
    return open_scope(patient, subject.scope)


def _measured(
    subject: Subject,
    options: TuneOptions,
    opened: OpenScope,
    copier: Copier,
    invoker: Invoker,
    stop: threading.Event,
    told: Told,
    tune_id: str,
    notes: list[str],
) -> Tuning:
    function = subject.function
    free = free_points(subject, options)
    chooser = Chooser(
        subject.sizes_mb,
        options.objective,
        free,
        options.max_invocations,
        present_mb=None if free else function.memory_mb,
        # The first call, at the present size, is one of the ten warm-ups.
        max_sizes=MAX_SIZES - 1,
    )
    session = _Session(subject, options, chooser, copier, invoker, stop, told, notes=notes)
    session.run()
    if reread(opened, function.name) != identity(subject.original["Configuration"]):
        raise StalePlan(f"{function.name} was changed while its copy was measured: nothing was kept; tune it again.")
    return tuning_of(subject, options, chooser, session.samples, tune_id, tuple(session.notes))


def _remove(copier: Copier, journal: Journal, function: str, tune_id: str, found: Tuning | None) -> None:
    try:
        copier.remove(function, tune_id)
    except TailorError as error:
        raise TailorError(
            f"The copy {copier.name} may still be there ({error}): 'lambda-tailor rollback {tune_id}' removes it."
        ) from error
    journal.end_tuning(tune_id, found)


@contextmanager
def _held(journal: Journal, subject: Subject, tune_id: str, who: str) -> Iterator[None]:
    """Nobody else changes or tunes the function meanwhile, as far as they ask the journal."""
    holder = Holder(run_id=tune_id, who=who or "somebody")
    if journal.hold(holder, [subject.function.arn]):
        raise FunctionHeld(
            f"Another run or tune works on {subject.function.name}: wait until it has ended, and tune again."
        )
    over = threading.Event()

    def renew() -> None:
        while not over.wait(_RENEW_EVERY_S):
            journal.renew(holder)

    renewing = threading.Thread(target=renew, daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        journal.release(holder)
