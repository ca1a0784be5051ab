"""One operation, from reading what is there to knowing how it ended; safe to be cut off anywhere and begun again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.applying.placeholders import Placeholders
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.observer import read_settled
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.journal.journal import Journal
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.record import StepRecord
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.model.verdict import Key
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import Broken, ResourceAddress, Setting, State

# AWS refuses these because another hand was faster: what it did is read, and judged again.
_RACED = frozenset({"PreconditionFailedException", "ResourceConflictException", "OperationAborted"})
_TRIES = 4
# An update of a function takes about a second: looking sooner costs a call and tells nothing.
UPDATE_TAKES_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Applies operations of one run in one account and region."""

    run_id: str
    gateway: Gateway
    journal: Journal
    placeholders: Placeholders
    partition: str

    def apply(self, operation: Operation, earlier: StepRecord | None, recent: dict[Key, State]) -> Ended:
        """Bring the operation about, unless it is so already or something speaks against it.

        ``earlier`` is what an interrupted attempt wrote down; ``recent`` holds states that were read
        a moment ago, each good for one look. Raises JournalError, CredentialsError and
        EndpointUnreachable, which end the run; every other error is an outcome.
        """
        setting = all_settings()[operation.key.kind]
        address = ResourceAddress(operation.account_id, operation.region, self.partition, operation.key.resource)
        try:
            return self._apply(operation, earlier, setting, address, recent)
        except (AwsRefused, AccessDenied) as error:
            return Ended(Result.FAILED, str(error))

    def _apply(
        self,
        operation: Operation,
        earlier: StepRecord | None,
        setting: Setting,
        address: ResourceAddress,
        recent: dict[Key, State],
    ) -> Ended:
        wanted = self.placeholders.real(operation.after)
        was = earlier.was if earlier and earlier.call else None
        for attempt in range(1, _TRIES + 1):
            observed = recent.pop(operation.key, None) or read_settled(self.gateway, setting, address, recent)
            if isinstance(observed, Broken):
                return Ended(Result.FAILED, observed.because)
            if not self.placeholders.differing(wanted, observed):
                return _done(was is not None, attempt)
            objection = self._objection(operation, setting, wanted, observed, was)
            if objection is not None:
                return objection
            call = setting.write(address, observed, wanted)
            if was is None:
                was = self.placeholders.was(operation.after, observed)
                self.journal.intend(self.run_id, operation.id, call.name, was, self.placeholders.wrote(wanted))
            try:
                self.gateway.call(call)
            except AwsRefused as error:
                # Refused, overtaken or unanswered: what is there now decides, not the error.
                if attempt == _TRIES or not (error.lost or error.code in _RACED):
                    return self._after_refusal(setting, address, wanted, error)
                continue
            return self._confirmed(setting, address, wanted, recent)
        raise AssertionError("the last attempt returns")

    def _objection(
        self,
        operation: Operation,
        setting: Setting,
        wanted: State,
        observed: State,
        was: Mapping[str, JsonValue] | None,
    ) -> Ended | None:
        refusal = setting.refuse(observed, wanted)
        if refusal is not None:
            return Ended(Result.BLOCKED, refusal)
        if was is not None:
            # An earlier attempt saw this and wrote it down; a write is whole or not at all.
            before = self.placeholders.real(was)
        else:
            before = self.placeholders.real(operation.before)
            revision = operation.revision_id
            if revision is not None and observed.get("revision_id") != revision:
                return Ended(Result.FAILED, "another hand changed the function since the plan was made: plan again")
        differing = self.placeholders.differing(before, observed)
        if differing:
            fields = ", ".join(differing)
            return Ended(Result.FAILED, f"another hand changed {fields} since it was read: left as it is")
        return None

    def _after_refusal(self, setting: Setting, address: ResourceAddress, wanted: State, error: AwsRefused) -> Ended:
        observed = read_settled(self.gateway, setting, address, {})
        if not isinstance(observed, Broken) and not self.placeholders.differing(wanted, observed):
            return Ended(Result.APPLIED, f"it took, although AWS answered {error.code}")
        return Ended(Result.FAILED, str(error))

    def _confirmed(self, setting: Setting, address: ResourceAddress, wanted: State, recent: dict[Key, State]) -> Ended:
        """What AWS works on after its answer is waited for and read back."""
        if not setting.asynchronous:
            return Ended(Result.APPLIED)
        observed = read_settled(self.gateway, setting, address, recent, after_s=UPDATE_TAKES_S)
        if isinstance(observed, Broken):
            return Ended(Result.FAILED, f"AWS took the call and then failed: {observed.because}")
        differing = self.placeholders.differing(wanted, observed)
        if differing:
            return Ended(Result.FAILED, f"AWS took the call, but {', '.join(differing)} did not change")
        return Ended(Result.APPLIED)


def _done(written_before: bool, attempt: int) -> Ended:
    if written_before:
        settled = (
            "settled by reading: the write had happened"
            if attempt == 1
            else "the answer was lost; the write had happened"
        )
        return Ended(Result.APPLIED, settled)
    return Ended(Result.UNCHANGED, "it was so already")
