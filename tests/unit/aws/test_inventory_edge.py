"""Masters of Lambda@Edge are known in us-east-1, whether functions are listed or named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lambda_tailor.aws.inventory import Target, take
from lambda_tailor.errors import AccessDenied
from lambda_tailor.settings.setting import Answer
from tests.builders import ACCOUNT, a_function
from tests.unit.aws.answering import Answering

NAMED = Target(names=("master", "other"))
LISTED = Target(everything=True)


def configuration(name: str) -> dict[str, str]:
    return {"FunctionName": name, "FunctionArn": a_function(name).arn}


def _replica() -> dict[str, str]:
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:master:3"
    return {"FunctionName": "us-east-1.master", "FunctionArn": arn, "MasterArn": arn}


def an_account(*, masters_readable: bool = True) -> Answering:
    def listed(asked: Mapping[str, Any]) -> Answer:
        if "MasterRegion" not in asked:
            return {"Functions": [configuration("master"), configuration("other")]}
        if not masters_readable:
            raise AccessDenied("no", action="lambda:ListFunctions")
        assert (asked["MasterRegion"], asked["FunctionVersion"]) == ("us-east-1", "ALL")
        return {"Functions": [_replica()]}

    return Answering(
        {
            "ListFunctions": listed,
            "GetFunction": lambda asked: {"Configuration": configuration(asked["FunctionName"])},
            "ListAliases": lambda _: {"Aliases": []},
            "GetResources": lambda _: {"ResourceTagMappingList": []},
        }
    )


@pytest.mark.parametrize("target", [NAMED, LISTED], ids=["named", "listed"])
def test_a_master_is_told_and_no_other_function(target: Target) -> None:
    gateway = an_account()
    master, other = take(gateway, ACCOUNT, target).functions
    assert (master.name, master.edge_master, other.edge_master) == ("master", True, False)
    assert master.untouchable is not None and "Lambda@Edge" in master.untouchable
    by_master = [c for c in gateway.asked if c.action == "ListFunctions" and "MasterRegion" in c.parameters]
    assert len(by_master) == 1


@pytest.mark.parametrize("target", [NAMED, LISTED], ids=["named", "listed"])
def test_other_regions_are_not_asked_and_a_refusal_is_no_obstacle(target: Target) -> None:
    elsewhere = an_account()
    elsewhere.region = "eu-west-1"
    assert len(take(elsewhere, ACCOUNT, target).functions) == 2
    assert not [c for c in elsewhere.asked if "MasterRegion" in c.parameters]
    functions = take(an_account(masters_readable=False), ACCOUNT, target).functions
    assert [f.edge_master for f in functions] == [False, False]
