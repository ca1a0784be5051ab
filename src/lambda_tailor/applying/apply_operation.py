"""One operation, from reading what is there to knowing how it ended; safe to be cut off anywhere and begun again.

The order is: wait for the pace, look, write down what is sent, ask whether the lease still stands and
the look is still young, send, look again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lambda_tailor import arns
from lambda_tailor.applying.judgement import Doing, Judge
from lambda_tailor.applying.lineage import Lineage
from lambda_tailor.applying.looks import LEAD_S, LOOK_S, Look, Looks
from lambda_tailor.applying.passage import Passage
from lambda_tailor.applying.placeholders import Placeholders
from lambda_tailor.aws.claims import Claims
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.quotas import Stopped
from lambda_tailor.errors import AccessDenied, AwsRefused, CredentialsError, EndpointUnreachable
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import Holder
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.record import Sending, StepRecord
from lambda_tailor.model.run import Ended, Result, StepState
from lambda_tailor.settings import all_settings, queue
from lambda_tailor.settings.setting import Answer, Broken, Call, ResourceAddress, Setting, State

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


# So long after one another a write is tried again that needs a permission which was just given: half a minute.
_PERMISSION_AFTER_S = (1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0)
_NOT_YET = frozenset({"InvalidParameterValueException"})


class _Overtaken(Exception):
    """What was looked at is no longer so: nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies operations of one run in one account and region, under a lease.

    ``undone`` knows what this run puts back, where it is a rollback, and ``claims`` who else uses it; ``token``
    is the fencing token of the lease. ``stop`` lets nothing begin that waits for its turn.
    """

    run_id: str
    gateway: Gateway
    journal: Journal
    placeholders: Placeholders
    partition: str
    holder: Holder
    looks: Looks
    token: int = 0
    undone: Lineage | None = None
    claims: Claims
    stop: threading.Event = field(default_factory=threading.Event)

    def apply(self, operation: Operation, earlier: StepRecord | None, *, patient: bool = False) -> Ended:
        """Bring the operation about, unless it is so already or something speaks against it.

        ``earlier`` is what an interrupted attempt wrote down; ``patient`` that a permission was just given which
        AWS may not know of everywhere. Raises Stopped where it did not come to its turn, and LeaseLost, JournalError,
        CredentialsError and EndpointUnreachable, which end the run; every other error is an outcome.
        """
        try:
            return _Application(self, operation, earlier, patient).carry_out()
        except (AwsRefused, AccessDenied) as error:
            return Ended(Result.FAILED, str(error))


class _Application:
    """One operation on its way, or a part of it."""

    def __init__(self, applier: Applier, operation: Operation, earlier: StepRecord | None, patient: bool) -> None:
        self._applier = applier
        self._operation = operation
        self._earlier = earlier
        self._patient = patient
        self._setting: Setting = all_settings()[operation.key.kind]
        self._address = ResourceAddress(
            operation.account_id, operation.region, applier.partition, operation.key.resource
        )
        self._was = dict(earlier.was) if earlier is not None and earlier.written else None
        self._known = frozenset(self._was or ())
        self._unclaimed: Look | None = None
        self._waits = deque(_PERMISSION_AFTER_S if patient and self._setting.by_role(operation.after) else ())

    def carry_out(self) -> Ended:
        applier = self._applier
        judge = Judge(applier.placeholders, self._setting, self._operation, applier.undone)
        attempt = 0
        while attempt < _TRIES:
            attempt += 1
            turn, passage = self._turn(judge.wanted)
            with passage:
                look = self._look(passage, fresh=attempt > 1)
                doing = self._decided(judge, look, attempt)
                if isinstance(doing, Ended):
                    return doing
                try:
                    answer = self._write(doing, look, turn, passage)
                except _Overtaken:
                    self._unsent(doing)
                except (AwsRefused, AccessDenied) as error:
                    lost = isinstance(error, AwsRefused) and error.lost
                    raced = isinstance(error, AwsRefused) and error.code in _RACED
                    # Refused, overtaken or unanswered: what is there now decides, not the error.
                    if not lost:
                        self._unsent(doing)
                    if (lost or raced) and attempt < _TRIES:
                        continue
                    ended = self._after_refusal(doing, error)
                    if ended is not None:
                        return ended
                    attempt = 0
                except (CredentialsError, EndpointUnreachable):
                    # The answer may have come in place of another: it stays written down as sent, and is looked into.
                    raise
                except BaseException:
                    self._unsent(doing)
                    raise
                else:
                    return self._confirmed(doing, answer)
        return Ended(Result.FAILED, "another hand changes it all the time: left as it is")

    def _decided(self, judge: Judge, look: Look, attempt: int) -> Doing | Ended:
        """What is to be written, or the end of it."""
        if isinstance(look.state, Broken):
            return Ended(Result.FAILED, look.state.because)
        doing = judge.judge(look.state, self._was, attempt)
        return doing if isinstance(doing, Ended) else self._claimed(doing) or doing

    def _claimed(self, doing: Doing) -> Ended | None:
        """What is removed nobody uses; what a run made is removed, or built on, only where it is as it was made."""
        undone, setting, operation = self._applier.undone, self._setting, self._operation
        if undone is not None and (kept := self._kept(doing, undone)) is not None:
            return kept
        if not setting.removes(doing.wanted):
            return None
        owners = {operation.function, *(ref.function for refs in operation.changes.values() for ref in refs)}
        names = frozenset(arns.part(arn, 6) for arn in owners)
        because = self._applier.claims.on(operation.key, doing.observed, names)
        self._unclaimed = Look(doing.observed, self._applier.looks.now())
        return None if because is None else Ended(Result.BLOCKED, because)

    def _kept(self, doing: Doing, undone: Lineage) -> Ended | None:
        """Why what a run made, or put its change on, is not put back."""
        setting, operation = self._setting, self._operation
        resource = f"{setting.title} {operation.key.resource}"
        identity = setting.identity(doing.observed)
        if not setting.removes(doing.wanted):
            if identity is None or undone.made_it(operation, identity):
                return None
            because = f"another hand has given {resource} something new since: left as it is"
            return Ended(Result.FAILED, because, left=dict.fromkeys(doing.wanted, because))
        arn = queue.arn(self._address.partition, self._address.region, self._address.account_id, self._address.resource)
        if (later := undone.relied_on(operation, arn if operation.key.kind == queue.KIND else None)) is not None:
            return Ended(Result.BLOCKED, f"{later} relies on {resource}: it is kept")
        in_doubt = undone.unconfirmed(operation) and not setting.untouched(doing.observed)
        if in_doubt or not undone.made_it(operation, identity):
            return Ended(Result.BLOCKED, f"{resource} is not as this run made it: it is kept")
        step = undone.step(operation)
        if setting.marked is not None and step is not None and step.state is not None:
            word = setting.marked.word(self._applier.gateway.call(setting.marked.read(self._address)))
            if word not in undone.family:
                return Ended(Result.BLOCKED, f"another hand made {resource}: it is kept")
        return None

    def _claimed_meanwhile(self, doing: Doing) -> bool:
        """Whether somebody uses by now what is about to be removed, where nobody did when that was asked."""
        asked, looks = self._unclaimed, self._applier.looks
        return asked is not None and looks.age(asked) > LOOK_S and self._claimed(doing) is not None

    def _turn(self, wanted: State) -> tuple[float, Passage]:
        """When the write may be sent, waited for but for the time that a look takes."""
        gateway, looks = self._applier.gateway, self._applier.looks
        expected = self._setting.write(self._address, self._applier.placeholders.real(self._operation.before), wanted)
        turn = gateway.turn(expected.name)
        looks.coming(self._operation.key, gateway.due_in_s(turn))
        gateway.until(turn - LEAD_S, self._applier.stop)
        return turn, looks.passage(self._operation.key, expected.name, gateway.due_in_s(turn))

    def _look(self, passage: Passage, *, fresh: bool) -> Look:
        # What was seen before a write whose answer was lost, or that another hand forestalled, tells nothing of it.
        # That its last update failed speaks against nothing, unless that was this run's.
        forgiving = self._was is None
        return self._applier.looks.before(self._setting, self._operation.key, passage, forgiving=forgiving, fresh=fresh)

    def _write(self, doing: Doing, look: Look, turn: float, passage: Passage) -> Answer:
        """Write down and send; the passage is over when it is sent, or is not."""
        try:
            return self._send(doing, look, turn, passage)
        finally:
            passage.leave()

    def _send(self, doing: Doing, look: Look, turn: float, passage: Passage) -> Answer:
        applier, operation = self._applier, self._operation
        call = self._setting.write(self._address, doing.observed, doing.wanted)
        call = self._setting.mark(call, applier.run_id)
        sending = Sending(
            function=operation.function,
            holder=applier.holder.id,
            call=call.name,
            was=applier.placeholders.was(doing.wanted, doing.observed),
            wrote=applier.placeholders.wrote(doing.wanted),
            seen=self._setting.identity(doing.observed),
        )
        applier.journal.sent(applier.run_id, operation.id, sending)
        self._was = {**sending.was, **(self._was or {})}
        return applier.gateway.write(call, turn, _Guard(self, doing, call, look, passage))

    def _unsent(self, doing: Doing) -> None:
        """Nothing was sent after all: what was written down for it is not so."""
        fields = [name for name in doing.wanted if name not in self._known]
        if self._was is not None and any(name in self._was for name in fields):
            self._was = {name: value for name, value in self._was.items() if name in self._known} or None
            applier = self._applier
            applier.journal.unsent(applier.run_id, self._operation.id, fields, applier.token)

    def _after_refusal(self, doing: Doing, error: AwsRefused | AccessDenied) -> Ended | None:
        """The end of it; None where it is to be tried again."""
        state = self._applier.looks.again(self._setting, self._operation.key).state
        if not isinstance(state, Broken) and not self._applier.placeholders.differing(doing.wanted, state):
            code = error.code if isinstance(error, AwsRefused) else "AccessDenied"
            return doing.ended(Result.APPLIED, f"it took, although AWS answered {code}")
        parts = self._setting.parts(doing.wanted)
        if len(parts) > 1:
            return self._in_parts(parts)
        if self._waits and isinstance(error, AwsRefused) and error.code in _NOT_YET:
            # IAM tells its own services of a new permission within seconds, not at once.
            if self._applier.stop.wait(self._waits.popleft()):
                raise Stopped
            return None
        return Ended(Result.FAILED, str(error), left=doing.left)

    def _in_parts(self, parts: Sequence[frozenset[str]]) -> Ended:
        """Each part by itself, so that what AWS refuses does not take the rest with it."""
        left: dict[str, str] = {}
        applied: list[Ended] = []
        for part in parts:
            operation = replace(self._operation.only(part), revision_id=None)
            try:
                ended = _Application(self._applier, operation, self._earlier, self._patient).carry_out()
            except (AwsRefused, AccessDenied) as error:
                ended = Ended(Result.FAILED, str(error))
            if ended.result in (Result.APPLIED, Result.UNCHANGED):
                applied.append(ended)
            else:
                left |= ended.left or dict.fromkeys(part, ended.detail)
                applied += [ended] if ended.state is StepState.CONFIRMED else []
        state = StepState.CONFIRMED if applied else None
        if not left:
            return Ended(Result.APPLIED, state=state, made=applied[-1].made)
        return Ended(Result.FAILED, "; ".join(dict.fromkeys(left.values())), left=left, state=state)

    def _confirmed(self, doing: Doing, answer: Answer) -> Ended:
        """What was written is read back: whether it took, and is still so; some answers tell that themselves."""
        told = self._setting.told(answer)
        if told is not None and not self._applier.placeholders.differing(doing.wanted, told):
            return doing.ended(Result.APPLIED, made=self._setting.identity(told))
        try:
            return self._read_back(doing)
        except (AwsRefused, AccessDenied) as error:
            return doing.ended(Result.APPLIED, f"AWS took it, and it could not be read back: {error}")

    def _read_back(self, doing: Doing) -> Ended:
        waits = [UPDATE_TAKES_S if self._setting.asynchronous else 0.0, *_SHOWN_AFTER_S]
        differing: list[str] = []
        for wait_s in waits:
            state = self._applier.looks.after(self._setting, self._operation.key, wait_s).state
            if isinstance(state, Broken):
                return Ended(Result.FAILED, f"AWS took the call and then failed: {state.because}")
            differing = self._applier.placeholders.differing(self._setting.attainable(state, doing.wanted), state)
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
    doing: Doing
    call: Call
    look: Look
    passage: Passage

    def __call__(self) -> None:
        """Raises LeaseLost, _Overtaken, and what looking raises."""
        applier = self.application._applier
        operation, setting = self.application._operation, self.application._setting
        conditional = "RevisionId" in self.call.parameters
        leased = self.look
        for _ in range(_LOOKS):
            old = applier.looks.age(self.look) > LOOK_S and not conditional
            if not old and applier.looks.age(leased) <= LOOK_S:
                self.passage.leave()
                return
            if old:
                if self.application._claimed_meanwhile(self.doing):
                    raise _Overtaken
                again = applier.looks.again(setting, operation.key)
                if again.state != self.look.state:
                    raise _Overtaken
                self.look = again
            leased = Look(self.look.state, applier.looks.now())
            applier.journal.still_held(applier.holder, operation.function)
        raise AwsRefused("it takes longer than a second from looking to writing: nothing is sent", code="TooSlow")
