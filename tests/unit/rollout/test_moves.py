"""What a rollout leaves to other hands: provisioned executions that they set, and a version that they use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.rollout import GuardOptions
from lambda_tailor.rollout.moves import Mover
from lambda_tailor.rollout.state import AliasState, State
from lambda_tailor.settings.setting import Call


class Lambda:
    """Has so many executions provisioned for the alias, or none."""

    def __init__(self, provisioned: int | None) -> None:
        self.provisioned, self.written = provisioned, list[str]()

    def call(self, call: Call) -> Any:
        if call.action != "GetProvisionedConcurrencyConfig":
            self.written.append(call.action)
            return {}
        if self.provisioned is None:
            raise AwsRefused("there is none", code="ProvisionedConcurrencyConfigNotFoundException")
        return {"RequestedProvisionedConcurrentExecutions": self.provisioned}


def mover(found: Lambda, used: str | None = None) -> Mover:
    return Mover(cast(Gateway, found), "run-1", lambda _state: None, used=lambda _version: used)


STATE = State(
    arn="arn", name="f", account_id="1", region="us-east-1", role_arn=None, architecture="x86_64", log_group="g",
    log_format="Text", options=GuardOptions(), track="alias", alias="live", old_version="1", new_version="2", ours=True,
    provisioned=5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("there", "written"),
    [(None, ["PutProvisionedConcurrencyConfig"]), (5, []), (9, [])],
    ids=["AWS lost it", "as it was", "another hand"],
)
def test_what_is_provisioned_is_put_again_only_where_it_is_lost(there: int | None, written: list[str]) -> None:
    found = Lambda(there)
    mover(found).keep_provisioned(STATE)
    assert found.written == written


@pytest.mark.parametrize("there", [None, 9])
def test_what_another_hand_provisions_during_a_rollout_is_what_is_kept(there: int | None) -> None:
    assert mover(Lambda(there)).with_provisioned(STATE).provisioned == there
    # Where nothing was provisioned nothing is asked.
    assert mover(Lambda(3)).with_provisioned(replace(STATE, provisioned=None)).provisioned is None


def test_a_version_that_somebody_uses_by_now_stays() -> None:
    found = Lambda(None)
    assert mover(found, "an event source invokes it").remove(STATE) == "version 2 stays: an event source invokes it"
    assert found.written == []
    assert mover(found).remove(STATE) == ""
    assert found.written == ["DeleteFunction"]


def test_what_the_alias_is_meant_to_be_is_written_down_before_it_is_moved() -> None:
    done: list[Any] = []

    class Alias:
        def call(self, call: Call) -> Any:
            if call.action == "GetAlias":
                return {"RevisionId": "r1", "FunctionVersion": "1"}
            done.append(call.action)
            return {}

    moving = Mover(cast(Gateway, Alias()), "run-1", lambda state: done.append((state.sure, state.meant)))
    meant = AliasState("1", "2", 0.5)
    moved = moving.move(replace(STATE, sure=AliasState("1")), meant)
    assert done == [(AliasState("1"), meant), "UpdateAlias"]
    assert (moved.sure, moved.meant) == (meant, None)
