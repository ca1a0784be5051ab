"""What a rollout writes to AWS: a version, an alias's weights, and all of it back.

Each write is preceded by a look at what is there, which is written down with what is meant, so that
whoever comes after a kill knows both. A write goes with the revision that was looked at.

https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AwsRefused
from lambda_tailor.iam.permission import FUNCTION, QUALIFIED, Action
from lambda_tailor.model.verdict import Key
from lambda_tailor.rollout.state import AliasState, State
from lambda_tailor.settings import function_version, provisioned_concurrency
from lambda_tailor.settings.setting import Call, ResourceAddress

WRITE_ACTIONS = (
    Action("lambda:PublishVersion", FUNCTION),
    Action("lambda:UpdateAlias", FUNCTION),
    Action("lambda:UpdateAlias", QUALIFIED),
    Action("lambda:DeleteFunction", QUALIFIED),
    Action("lambda:PutProvisionedConcurrencyConfig", QUALIFIED),
    # Whoever uses the version that goes.
    *function_version.SETTING.undo_actions,
)
_GONE = "ResourceNotFoundException"
_RACED = frozenset({"PreconditionFailedException", "ResourceConflictException"})
_TRIES = 5
_PAUSE_S = 1.0


class AnotherHand(Exception):
    """Somebody else changed what this rollout was changing: it is theirs now."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Writes for one rollout. ``save`` writes the state down before it returns.

    ``used`` tells why a version has to stay, or None.
    """

    gateway: Gateway
    run_id: str
    save: Callable[[State], None]
    sleep: Callable[[float], None] = field(default=time.sleep)
    used: Callable[[Key], str | None] = field(default=lambda _version: None)

    def publish(self, state: State) -> State:
        """A version of $LATEST as it is now, unless an earlier attempt made it.

        Raises AnotherHand where the code is another by now, and what Gateway.call raises.
        """
        made = self._made(state)
        for attempt in range(1, _TRIES + 1):
            if made is not None:
                break
            asked = {"FunctionName": state.name, "Description": self._mark, "CodeSha256": state.code_sha256}
            try:
                made = self.gateway.call(Call("lambda", "PublishVersion", asked))
            except AwsRefused as error:
                if error.code == "InvalidParameterValueException" and "CodeSha" in str(error):
                    raise AnotherHand("another hand deployed new code") from error
                if attempt == _TRIES or not (error.lost or error.code in _RACED):
                    raise
                self.sleep(_PAUSE_S)
                made = self._made(state)
        assert made is not None
        version = str(made["Version"])
        # Where nothing changed since the last version was published, AWS answers with that one.
        ours = made.get("Description") == self._mark and version != state.old_version
        return replace(state, new_version=version, ours=ours, new_memory_mb=int(made.get("MemorySize", 128)))

    @property
    def _mark(self) -> str:
        return f"lambda-tailor {self.run_id}"

    def _made(self, state: State) -> Mapping[str, Any] | None:
        """The version that an earlier attempt published."""
        call = Call("lambda", "ListVersionsByFunction", {"FunctionName": state.name})
        for page in self.gateway.pages(call, "Marker", "NextMarker"):
            for version in page.get("Versions") or ():
                if version.get("Description") == self._mark and version.get("Version") != "$LATEST":
                    found: Mapping[str, Any] = version
                    return found
        return None

    def found(self, state: State) -> State:
        """With the version that an attempt published whose end nobody saw, if there is one."""
        made = self._made(state)
        return state if made is None else replace(state, new_version=str(made["Version"]), ours=True)

    def move(self, state: State, meant: AliasState) -> State:
        """The alias to where it is meant to point, from where this rollout left it.

        Raises AnotherHand where it points elsewhere, and what Gateway.call raises.
        """
        for attempt in range(1, _TRIES + 1):
            revision, there = self.look(state)
            if there == meant:
                break
            if there not in (state.sure, state.meant):
                raise AnotherHand(f"another hand changed the alias {state.alias}")
            state = replace(state, sure=there, meant=meant)
            self.save(state)
            weights = {meant.other: meant.weight} if meant.other else {}
            asked = {
                "FunctionName": state.name,
                "Name": state.alias,
                "FunctionVersion": meant.version,
                "RoutingConfig": {"AdditionalVersionWeights": weights},
                "RevisionId": revision,
            }
            try:
                self.gateway.call(Call("lambda", "UpdateAlias", asked))
                break
            except AwsRefused as error:
                if attempt == _TRIES or not (error.lost or error.code in _RACED):
                    raise
                self.sleep(_PAUSE_S)
        return replace(state, sure=meant, meant=None)

    def look(self, state: State) -> tuple[str, AliasState]:
        """The alias's revision and what it points to.

        Raises AnotherHand where it is gone.
        """
        try:
            answer = self.gateway.call(Call("lambda", "GetAlias", {"FunctionName": state.name, "Name": state.alias}))
        except AwsRefused as error:
            if error.code == _GONE:
                raise AnotherHand(f"another hand deleted the alias {state.alias}") from error
            raise
        weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        other, weight = next(((v, w) for v, w in weights.items() if w), (None, 0.0))
        return answer["RevisionId"], AliasState(answer["FunctionVersion"], other, float(weight))

    def with_provisioned(self, state: State) -> State:
        """With what is provisioned for the alias now: another hand may have changed it since the rollout began."""
        return state if state.provisioned is None else replace(state, provisioned=self._provisioned(state))

    def keep_provisioned(self, state: State) -> None:
        """Put the alias's provisioned concurrency again where AWS did not keep it; another number is another hand's."""
        if state.provisioned is None or self._provisioned(state) is not None:
            return
        setting = provisioned_concurrency.SETTING
        self.gateway.call(setting.write(_of_alias(state), {}, {"provisioned": state.provisioned}))

    def _provisioned(self, state: State) -> int | None:
        setting, address = provisioned_concurrency.SETTING, _of_alias(state)
        try:
            has = setting.observe(address, self.gateway.call(setting.read(address)))["provisioned"]
        except AwsRefused as error:
            if error.code not in setting.absent_codes:
                raise
            return None
        return has if isinstance(has, int) else None

    def back(self, state: State) -> State:
        """The alias to the old version alone. Where another hand has it, it is left, and AnotherHand raised."""
        if state.alias is None or state.old_version is None or state.phase == "waiting":
            return state
        return self.move(state, AliasState(state.old_version))

    def remove(self, state: State) -> str:
        """The version that this rollout published; why it stays, or an empty string.

        AWS refuses to delete one that an alias points to; what else uses it ``used`` knows.
        """
        if not state.ours or state.new_version is None:
            return ""
        if (because := self.used(Key("function-version", f"{state.name}:{state.new_version}"))) is not None:
            return f"version {state.new_version} stays: {because}"
        call = Call("lambda", "DeleteFunction", {"FunctionName": state.name, "Qualifier": state.new_version})
        try:
            self.gateway.call(call)
        except AwsRefused as error:
            if error.code != _GONE and not error.lost:
                return f"version {state.new_version} stays: {error}"
        return ""


def _of_alias(state: State) -> ResourceAddress:
    return ResourceAddress("", "", "", f"{state.name}:{state.alias}")
