"""What is to be done about what was found: all of it, a part of it, or nothing, and why. Pure but for stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.applying.lineage import Lineage
from lambda_tailor.applying.placeholders import Placeholders
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.run import Ended, Result, StepState
from lambda_tailor.settings.setting import Setting, State


@dataclass(frozen=True, slots=True)
class Doing:
    """The fields to write over what was observed; ``left`` are those that are not, with the reason."""

    wanted: State
    observed: State
    left: Mapping[str, str] = field(default_factory=dict)

    def was(self, fields: list[str]) -> State:
        """What was observed of some fields."""
        return {name: self.observed.get(name) for name in fields}

    def ended(self, result: Result, detail: str = "", made: Mapping[str, JsonValue] | None = None) -> Ended:
        """The end of a write that was done."""
        if self.left and result is Result.APPLIED:
            result, detail = Result.FAILED, "; ".join(dict.fromkeys(self.left.values()))
        return Ended(result, detail, left=self.left, state=StepState.CONFIRMED, made=made)


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares what an operation was planned for with what is there.

    ``undone`` knows what is put back, where the operation belongs to a rollback.
    """

    placeholders: Placeholders
    setting: Setting
    operation: Operation
    undone: Lineage | None

    @property
    def wanted(self) -> State:
        """What is to be, whole."""
        return self.placeholders.real(self.operation.after)

    def judge(self, observed: State, was: Mapping[str, JsonValue] | None, attempt: int) -> Doing | Ended:
        """What to write over ``observed``, or the end of the operation.

        ``was`` is what an earlier attempt found, where there was one.
        """
        wanted = self.setting.attainable(observed, self.wanted)
        if not self.placeholders.differing(wanted, observed):
            return _done(was is not None, attempt)
        if self.undone is not None:
            return self._put_back(wanted, observed, self.undone)
        refusal = self.setting.refuse(observed, wanted)
        if refusal is not None:
            return Ended(Result.BLOCKED, refusal)
        revision = self.operation.revision_id
        if was is None and revision is not None and observed.get("revision_id") != revision:
            return Ended(Result.FAILED, "another hand changed the function since the plan was made: plan again")
        # What is so already is not written; of the rest, nobody else may have changed anything.
        pending = self.placeholders.differing(wanted, observed)
        # What an earlier attempt saw and wrote down counts, not what the plan had seen.
        before = self.placeholders.real({**self.operation.before, **(was or {})})
        differing = self.placeholders.differing({name: before[name] for name in pending}, observed)
        if differing:
            return Ended(Result.FAILED, _another_hand(differing))
        return Doing({name: wanted[name] for name in pending}, observed)

    def _put_back(self, wanted: State, observed: State, undone: Lineage) -> Doing | Ended:
        """Field by field: what is as it was is done, what another hand changed is left, the rest goes back."""
        step = undone.step(self.operation)
        changed = self.placeholders.differing(wanted, observed)
        unlike = self.placeholders.differing(self.placeholders.real(self.operation.before), observed)
        if unlike and step is not None and step.state is StepState.SENT:
            # Nobody knows whether it was done, and what is there is not what it would have left.
            because = (
                f"in doubt whether {step.call.partition(':')[2]} was done, and another hand was here: left as it is"
            )
            return Ended(Result.FAILED, because, left=dict.fromkeys(changed, because))
        others = [name for name in unlike if name in changed]
        left = {name: _another_hand([name]) for name in others}
        ours = {name: wanted[name] for name in changed if name not in left}
        left |= self.setting.spoils(observed, ours)
        ours = {name: value for name, value in ours.items() if name not in left}
        if not ours:
            return Ended(Result.FAILED, "; ".join(dict.fromkeys(left.values())), left=left)
        refusal = self.setting.refuse(observed, ours)
        if refusal is not None:
            return Ended(Result.BLOCKED, refusal)
        return Doing(ours, observed, left)


def _another_hand(fields: list[str]) -> str:
    return f"another hand changed {', '.join(fields)} since it was read: left as it is"


def _done(written_before: bool, attempt: int) -> Ended:
    if written_before:
        settled = (
            "settled by reading: the write had happened"
            if attempt == 1
            else "the answer was lost; the write had happened"
        )
        return Ended(Result.APPLIED, settled, state=StepState.CONFIRMED)
    return Ended(Result.UNCHANGED, "it was so already")
