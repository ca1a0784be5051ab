"""One operation, from reading what is there to knowing how it ended; safe to be cut off anywhere and begun again.

The order is: wait for the pace, look, write down what is sent, ask whether the lease still stands and
the look is still young, send, look again.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from lambda_tailor.applying.judgement import Doing, Judge
from lambda_tailor.applying.looks import LEAD_S, LOOK_S, Look, Looks
from lambda_tailor.applying.placeholders import Placeholders
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused, TailorError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import Holder
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.record import Sending, StepRecord
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import Broken, Call, ResourceAddress, Setting, State

# AWS refuses these because another hand was faster: what it did is read, and judged again.
_RACED = frozenset(
    {"PreconditionFailedException", "ResourceConflictException", "OperationAborted", "OperationAbortedException"}
)
_TRIES = 4
# So often a look may turn out too old when its write is to be sent: then this machine is too slow to be safe.
_LOOKS = 8
# An update of a function takes about a second: looking sooner costs a call and tells nothing.
UPDATE_TAKES_S = 1.0
# How long to wait, each time, for AWS to show what it has done.
_SHOWN_AFTER_S = (0.5, 1.0, 2.0)


class _Overtaken(Exception):
    """What was looked at is no longer so: nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies operations of one run in one account and region, under a lease.

    ``undone`` has the steps that this run puts back, by operation, where it is a rollback; ``token`` is
    the fencing token of the lease. ``stop`` lets nothing begin that waits for its turn.
    """

    run_id: str
    gateway: Gateway
    journal: Journal
    placeholders: Placeholders
    partition: str
    holder: Holder
    looks: Looks
    token: int = 0
    undone: Mapping[str, StepRecord] | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def apply(self, operation: Operation, earlier: StepRecord | None) -> Ended:
        """Bring the operation about, unless it is so already or something speaks against it.

        ``earlier`` is what an interrupted attempt wrote down. Raises Stopped where it did not come to its turn,
        and LeaseLost, JournalError, CredentialsError and EndpointUnreachable, which end the run; every other error
        is an outcome.
        """
        try:
            return _Application(self, operation, earlier).carry_out()
        except (AwsRefused, AccessDenied) as error:
            return Ended(Result.FAILED, str(error))


class _Application:
    """One operation on its way."""

    def __init__(self, applier: Applier, operation: Operation, earlier: StepRecord | None) -> None:
        self._applier = applier
        self._operation = operation
        self._setting: Setting = all_settings()[operation.key.kind]
        self._address = ResourceAddress(
            operation.account_id, operation.region, applier.partition, operation.key.resource
        )
        self._was = earlier.was if earlier is not None and earlier.written else None
        self._sent_before = self._was is not None

    def carry_out(self) -> Ended:
        applier = self._applier
        judge = Judge(applier.placeholders, self._setting, self._operation, applier.undone)
        for attempt in range(1, _TRIES + 1):
            look, turn = self._look_in_turn(judge.wanted)
            if isinstance(look.state, Broken):
                return Ended(Result.FAILED, look.state.because)
            doing = judge.judge(look.state, self._was, attempt)
            if isinstance(doing, Ended):
                return doing
            try:
                return self._write(doing, look, turn)
            except _Overtaken:
                self._unsent()
            except AwsRefused as error:
                # Refused, overtaken or unanswered: what is there now decides, not the error.
                if not error.lost:
                    self._unsent()
                if attempt == _TRIES or not (error.lost or error.code in _RACED):
                    return self._after_refusal(doing, error)
            except TailorError:
                self._unsent()
                raise
        return Ended(Result.FAILED, "another hand changes it all the time: left as it is")

    def _look_in_turn(self, wanted: State) -> tuple[Look, float]:
        gateway, looks = self._applier.gateway, self._applier.looks
        expected = self._setting.write(self._address, self._applier.placeholders.real(self._operation.before), wanted)
        turn = gateway.turn(expected.name)
        looks.coming(self._operation.key, gateway.due_in_s(turn))
        gateway.until(turn - LEAD_S, self._applier.stop)
        return looks.before(self._setting, self._operation.key), turn

    def _write(self, doing: Doing, look: Look, turn: float) -> Ended:
        applier, operation = self._applier, self._operation
        call = self._setting.write(self._address, doing.observed, doing.wanted)
        sending = Sending(
            function=operation.function,
            holder=applier.holder.id,
            call=call.name,
            was=applier.placeholders.was(doing.wanted, doing.observed),
            wrote=applier.placeholders.wrote(doing.wanted),
            seen=self._setting.identity(doing.observed),
        )
        applier.journal.sent(applier.run_id, operation.id, sending)
        self._was = self._was or sending.was
        applier.gateway.write(call, turn, _Guard(self, call, look))
        return self._confirmed(doing)

    def _unsent(self) -> None:
        """Nothing was sent after all: what was written down for it is not so."""
        if not self._sent_before:
            self._was = None
            self._applier.journal.unsent(self._applier.run_id, self._operation.id, self._applier.token)

    def _after_refusal(self, doing: Doing, error: AwsRefused) -> Ended:
        state = self._applier.looks.again(self._setting, self._operation.key).state
        if not isinstance(state, Broken) and not self._applier.placeholders.differing(doing.wanted, state):
            return doing.ended(Result.APPLIED, f"it took, although AWS answered {error.code}")
        return Ended(Result.FAILED, str(error))

    def _confirmed(self, doing: Doing) -> Ended:
        """What was written is read back: whether it took, and is still so."""
        waits = [UPDATE_TAKES_S if self._setting.asynchronous else 0.0, *_SHOWN_AFTER_S]
        differing: list[str] = []
        for wait_s in waits:
            state = self._applier.looks.after(self._setting, self._operation.key, wait_s).state
            if isinstance(state, Broken):
                return Ended(Result.FAILED, f"AWS took the call and then failed: {state.because}")
            differing = self._applier.placeholders.differing(doing.wanted, state)
            if not differing:
                return doing.ended(Result.APPLIED, made=self._setting.identity(state))
            if self._applier.placeholders.differing(doing.was(differing), state):
                return doing.ended(Result.FAILED, f"written, and then another hand changed {', '.join(differing)}")
        if self._setting.eventual:
            return doing.ended(Result.APPLIED, "AWS does not show it yet")
        return Ended(Result.FAILED, f"AWS took the call, but {', '.join(differing)} did not change")


@dataclass(slots=True)
class _Guard:
    """Asked at the very last before a write is sent, each time: is the lease ours, and the look young?"""

    application: _Application
    call: Call
    look: Look

    def __call__(self) -> None:
        """Raises LeaseLost, _Overtaken, and what looking raises."""
        applier = self.application._applier
        operation, setting = self.application._operation, self.application._setting
        conditional = "RevisionId" in self.call.parameters
        leased = self.look
        for _ in range(_LOOKS):
            old = applier.looks.age(self.look) > LOOK_S and not conditional
            if not old and applier.looks.age(leased) <= LOOK_S:
                return
            if old:
                again = applier.looks.again(setting, operation.key)
                if again.state != self.look.state:
                    raise _Overtaken
                self.look = again
            leased = Look(self.look.state, applier.looks.now())
            applier.journal.still_held(applier.holder, operation.function)
        raise AwsRefused("it takes longer than a second from looking to writing: nothing is sent", code="TooSlow")
