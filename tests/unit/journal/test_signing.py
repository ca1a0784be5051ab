"""Plans that are signed, and every way in which one is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.documents import dumps, loads_plan, plan_hash
from lambda_tailor.errors import PlanFileError
from lambda_tailor.journal.signing import require_signed, sign_plan
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.plan import Plan, Signature
from tests.unit.planning.plans import the_plan


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "key")


def test_a_signed_plan_is_believed_after_a_round_trip(vault: Vault, tmp_path: Path) -> None:
    signed = sign_plan(replace(the_plan(), api_calls={"b": 2, "a": 1}), vault)
    loaded = loads_plan(dumps(signed))
    assert loaded == signed
    require_signed(loaded, Vault(tmp_path / "key"))
    require_signed(loads_plan(json.dumps(json.loads(dumps(signed)))), vault)


def whole(value: Any) -> Any:
    """As JavaScript writes numbers."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize(
    "again",
    [
        lambda data: json.dumps(data, sort_keys=True, indent=4),
        lambda data: json.dumps(data, separators=(",", ":")),
        lambda data: json.dumps(whole(data), sort_keys=True, ensure_ascii=False, indent="\t"),
    ],
)
def test_a_plan_that_was_laid_out_anew_is_the_same_plan(again: Callable[[Any], str], vault: Vault) -> None:
    ready = the_plan()
    signed = sign_plan(recomputed(replace(ready, assumptions={"z": 1.0, "a": [{"y": 0.5, "b": 2.0}], "c": "é"})), vault)
    data = json.loads(dumps(signed))
    text = again(data)
    assert text != dumps(signed)
    require_signed(loads_plan(text), vault)
    data["assumptions"]["a"][0]["b"] = 2.5
    with pytest.raises(PlanFileError, match="altered"):
        loads_plan(again(data))


def test_a_plan_of_another_layout_that_was_signed_by_its_text_is_still_believed(vault: Vault) -> None:
    from lambda_tailor.documents import digests

    plan = replace(the_plan(), plan_id=f"plan-{digests(the_plan()).of_before[:16]}")
    mac = vault.key().sign("plan", digests(plan).of_before, plan.plan_id, plan.created_at, "{}")
    require_signed(loads_plan(dumps(replace(plan, signature=Signature(mac)))), vault)


def recomputed(plan: Plan) -> Plan:
    return replace(plan, plan_id=plan_hash(plan))


FORGED: list[Callable[[Plan], Plan]] = [
    lambda plan: replace(plan, created_at="2099-01-01T00:00:00Z"),
    lambda plan: replace(plan, api_calls={"x": 1}),
    lambda plan: replace(plan, plan_id="plan-0000000000000000"),
    lambda plan: recomputed(replace(plan, roles={"123456789012": "arn:aws:iam::123456789012:role/x"})),
    lambda plan: recomputed(replace(plan, operations=plan.operations[1:])),
    lambda plan: recomputed(replace(plan, assumptions={})),
    lambda plan: replace(plan, signature=Signature("")),
    lambda plan: replace(plan, signature=Signature(plan.signature.mac[:-1] if plan.signature else "")),
    lambda plan: replace(plan, signature=Signature("0" * 16 + ":" + "0" * 64)),
    lambda plan: replace(plan, signature=None),
]


@pytest.mark.parametrize("forge", FORGED)
def test_a_plan_that_was_altered_is_refused(forge: Callable[[Plan], Plan], vault: Vault) -> None:
    with pytest.raises(PlanFileError):
        require_signed(forge(sign_plan(the_plan(), vault)), vault)


def test_trust_takes_another_key_or_none_but_nothing_that_was_altered(vault: Vault, tmp_path: Path) -> None:
    theirs = sign_plan(the_plan(), Vault(tmp_path / "theirs"))
    for plan in (theirs, the_plan()):
        with pytest.raises(PlanFileError, match="--trust-plan"):
            require_signed(plan, vault)
        require_signed(plan, vault, trust=True)
    mine = sign_plan(the_plan(), vault)
    with pytest.raises(PlanFileError, match="altered after it was signed"):
        require_signed(replace(mine, created_at=""), vault, trust=True)


def test_without_a_key_nothing_is_believed_and_no_key_is_made(vault: Vault, tmp_path: Path) -> None:
    signed = sign_plan(the_plan(), vault)
    with pytest.raises(PlanFileError, match="there is no key at"):
        require_signed(signed, Vault(tmp_path / "lost"))
    assert not (tmp_path / "lost").exists()


def test_a_key_that_is_said_twice_is_refused(vault: Vault) -> None:
    text = dumps(sign_plan(the_plan(), vault))
    assert loads_plan(text)
    for twice in (
        text.replace('"policy": ', '"policy": "shown", "policy": ', 1),
        text.replace('"memory_mb"', '"memory_mb", "setting": "memory_mb"', 1),
    ):
        assert twice != text
        with pytest.raises(PlanFileError, match="says something twice"):
            loads_plan(twice)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"policy": ', '"approved_by": "somebody", "policy": '),
        ('"rule": "memory"', '"rule": "memory", "After": 512'),
        ('"functions": 1,', '"functions": "1",'),
    ],
)
def test_what_a_reader_sees_and_this_version_does_not_read_is_refused(vault: Vault, old: str, new: str) -> None:
    text = dumps(sign_plan(the_plan(), vault))
    assert old in text
    with pytest.raises(PlanFileError, match="reads otherwise"):
        loads_plan(text.replace(old, new, 1))


def of_before(plan: Plan, *gone: str) -> str:
    """A plan as a version wrote it that did not know some of today's fields."""
    loaded: dict[str, Any] = json.loads(dumps(plan))
    del loaded["signature"]
    for function in loaded["functions"]:
        for key in gone:
            function.pop(key, None)
            for change in function["changes"]:
                change.pop(key, None)
    import hashlib

    bare = json.dumps({**loaded, "plan_id": "", "created_at": "", "api_calls": {}}, indent=2, ensure_ascii=False)
    loaded["plan_id"] = "plan-" + hashlib.sha256(bare.encode()).hexdigest()[:16]
    return json.dumps(loaded, indent=2, ensure_ascii=False)


def test_a_plan_of_before_loads_and_is_not_signed(vault: Vault) -> None:
    text = of_before(replace(the_plan(), api_calls={"lambda:ListFunctions": 1}), "role_arn", "resource")
    plan = loads_plan(text)
    assert plan.functions[0].role_arn == ""
    with pytest.raises(PlanFileError, match="not signed"):
        require_signed(plan, vault)
    with pytest.raises(PlanFileError, match="altered"):
        loads_plan(text.replace("1024", "1025"))
