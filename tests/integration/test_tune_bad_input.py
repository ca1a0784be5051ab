"""What goes wrong while a function is tuned: one sentence, nothing left in the account, nothing half-kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

from lambda_tailor import api
from lambda_tailor.errors import AccessDenied, FunctionHeld, JournalError, StalePlan, TailorError
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.key_sources import local_source
from lambda_tailor.journal.tunings import Begun
from lambda_tailor.journal.vault import Vault
from lambda_tailor.tuning import measuring
from lambda_tailor.tuning import tune as tuning
from lambda_tailor.tuning.copying import copy_name
from tests.integration.conftest import Aws
from tests.integration.test_evidence import put_metrics
from tests.integration.test_tune import code, function, functions_of, nothing_is_left, payload

__all__ = ["function", "payload"]
FEW: dict[str, Any] = {"sizes": "1024", "max_invocations": 6}


def tuned(payload: str, told: Callable[[str, int, int], None] = lambda *_: None) -> Any:
    return api.tune(api.prepare_tune(["slow"], payload=payload, **FEW), told=told)


def nothing_is_kept(aws: Aws, before: Any) -> None:
    """No copy, version, log group or result; the function as it was."""
    nothing_is_left(aws)
    assert aws.client("lambda").list_versions_by_function(FunctionName="slow")["Versions"] == before
    (listed,) = aws.json("runs")["tunes"]
    assert listed["status"] == "failed" and listed["chosen_mb"] is None


@pytest.fixture
def versions(aws: Aws, function: str) -> Any:
    return aws.client("lambda").list_versions_by_function(FunctionName=function)["Versions"]


def test_a_throttled_copy_is_given_up(aws: Aws, versions: Any, payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "THROTTLED_FOR_S", 0.3)
    aws.emulator.control.fail(operation="lambda:Invoke", kind="throttle", nth=3, times=1000, account=aws.account)
    with pytest.raises(TailorError, match="Lambda throttled the copy of slow: the account's concurrency is in use"):
        tuned(payload)
    assert len(aws.control.struck()) >= 1
    nothing_is_kept(aws, versions)


@pytest.mark.parametrize("change", ["revision", "code"])
def test_a_function_that_changes_meanwhile_is_not_judged_by_what_it_was(
    aws: Aws, function: str, payload: str, change: str
) -> None:
    client, heard = aws.client("lambda"), []

    def told(_function: str, calls: int, _mb: int) -> None:
        heard.append(calls)
        if calls == 2:
            if change == "code":
                client.update_function_code(FunctionName=function, **code("def handler(*_): return 2\n"))
            else:
                client.update_function_configuration(FunctionName=function, Description="another")

    with pytest.raises(StalePlan, match="slow was changed while its copy was measured: nothing was kept"):
        tuned(payload, told)
    assert 2 in heard, "nothing was changed: the test has no point"
    nothing_is_kept(aws, client.list_versions_by_function(FunctionName=function)["Versions"])


@pytest.mark.parametrize(
    ("operation", "action", "calls"),
    [
        ("lambda:CreateFunction", None, 0),
        ("lambda:CreateFunction", "iam:PassRole", 0),
        ("lambda:PublishVersion", None, 0),
        ("lambda:Invoke", "lambda:InvokeFunction", 1),
    ],
)
def test_what_is_denied_is_named_by_its_action(
    aws: Aws, versions: Any, payload: str, operation: str, action: str | None, calls: int
) -> None:
    aws.emulator.control.fail(operation=operation, kind="access-denied", action=action, account=aws.account, times=99)
    with pytest.raises(AccessDenied, match=f"{action or operation} is not allowed.*iam-policy"):
        tuned(payload)
    assert set(aws.control.struck()) == {operation}
    assert aws.control.calls()["lambda:Invoke"] == calls
    if operation == "lambda:CreateFunction":
        assert "lambda:DeleteFunction" not in aws.control.calls(), "there was nothing to remove"
    nothing_is_kept(aws, versions)


def test_a_copy_that_cannot_be_removed_is_named_with_what_removes_it(aws: Aws, function: str, payload: str) -> None:
    aws.emulator.control.fail(operation="lambda:DeleteFunction", kind="access-denied", account=aws.account, times=99)
    with pytest.raises(TailorError, match="may still be there") as said:
        tuned(payload)
    aws.emulator.control.clear_faults()
    (left,) = aws.json("runs")["tunes"]
    assert left["status"] == "interrupted" and left["copy"] is not None
    assert f"rollback {left['tune_id']}" in str(said.value)
    aws.run("rollback", left["tune_id"], "--auto-approve")
    nothing_is_left(aws)


def test_the_first_ctrl_c_ends_it_after_the_call_in_flight(
    aws: Aws, versions: Any, payload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke, sent = measuring.Invoker.invoke, []

    def interrupted(self: measuring.Invoker, *given: Any) -> measuring.Invoked:
        sent.append(given)
        if len(sent) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return invoke(self, *given)

    monkeypatch.setattr(measuring.Invoker, "invoke", interrupted)
    result = aws.run("tune", "slow", "--payload", payload, "--auto-approve", "--sizes", "1024", exit_code=1)
    assert "Interrupted: the copy was removed and nothing was kept" in result.stderr
    assert len(sent) == 3 and aws.control.calls()["lambda:Invoke"] == 3
    nothing_is_kept(aws, versions)


def test_two_tunes_of_one_function_do_not_meet(aws: Aws, function: str, payload: str) -> None:
    refused: list[str] = []

    def told(_function: str, calls: int, _mb: int) -> None:
        if calls == 1:
            made = aws.control.calls()["lambda:CreateFunction"]
            with pytest.raises(FunctionHeld) as said:
                tuned(payload)
            refused.append(str(said.value))
            assert aws.control.calls()["lambda:CreateFunction"] == made, "a second copy was made"

    assert len(tuned(payload, told).tunings) == 1
    assert refused and "Another run or tune works on slow" in refused[0]
    nothing_is_left(aws)


def test_a_later_tune_removes_what_a_killed_one_left(aws: Aws, function: str, payload: str) -> None:

    made = aws.client("lambda").get_function(FunctionName=function)["Configuration"]
    copy = copy_name("slow", "tune-000old")
    aws.client("lambda").create_function(
        FunctionName=copy, Runtime="python3.12", Handler="index.handler", Role=made["Role"], Code=code(),
        Description="Temporary copy by lambda-tailor tune, tune-000old",
    )  # fmt: skip
    begun = Begun(
        tune_id="tune-000old", function=made["FunctionArn"], copy=copy, region=made["FunctionArn"].split(":")[3]
    )
    signing().begin_tuning(begun)
    (tune,) = tuned(payload).tunings
    assert "the copy that tune-000old had left was removed first" in tune.notes
    nothing_is_left(aws)
    assert {each["tune_id"]: each["status"] for each in aws.json("runs")["tunes"]} == {
        "tune-000old": "failed", tune.tune_id: "succeeded",
    }  # fmt: skip


def signing() -> Journal:
    """The journal, as a command with the team's key writes it."""
    from lambda_tailor.applying.keys import prove_key
    from lambda_tailor.applying.opening import open_journal

    journal = open_journal()
    prove_key(journal, Vault(local_source()), trust=False)
    return journal


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("named", ["slow", copy_name("slow", "tune-forged")])
def test_a_journal_that_names_another_function_as_a_copy_removes_nothing(
    aws: Aws, function: str, payload: str, deploy: Callable[..., Any], named: str, signed: bool
) -> None:
    from lambda_tailor.applying.opening import open_journal

    if named != function:
        deploy(named, Code=code(), Description="somebody's own")
    made = aws.client("lambda").get_function(FunctionName=function)["Configuration"]
    begun = Begun(
        tune_id="tune-forged", function=made["FunctionArn"], copy=named, region=made["FunctionArn"].split(":")[3]
    )
    # What the key vouches for is not believed of AWS either; what it does not, not at all.
    (signing if signed else open_journal)().begin_tuning(begun)
    aws.control.reset()
    for command in ("rollback", "resume"):
        refused = aws.run(command, "tune-forged", "--auto-approve", exit_code=1)
        assert (f"{named} is not the copy of slow" if signed else "cannot be verified") in refused.stderr
        refused = aws.run(command, "tune-forged", "--auto-approve", "--trust-journal", exit_code=1)
        assert f"{named} is not the copy of slow" in refused.stderr
    if signed:
        with pytest.raises(JournalError, match="it is kept"):
            tuned(payload)
    else:
        assert "which cannot be verified" in tuned(payload).tunings[0].notes[0]
        deleted = aws.control.calls()["lambda:DeleteFunction"], aws.control.calls()["logs:DeleteLogGroup"]
        assert deleted == (1, 2), "more than its own copy, and its log group with what came late"
        assert aws.client("lambda").get_function(FunctionName=named)
        return
    assert aws.control.calls()["lambda:DeleteFunction"] == aws.control.calls()["logs:DeleteLogGroup"] == 0
    assert aws.client("lambda").get_function(FunctionName=named)


def test_what_another_account_s_tune_left_is_not_taken_for_gone(aws: Aws, function: str) -> None:
    from lambda_tailor.applying.opening import open_journal

    arn = "arn:aws:lambda:us-east-1:999999999999:function:slow"
    copy = copy_name("slow", "tune-elsewhere")
    signing().begin_tuning(Begun(tune_id="tune-elsewhere", function=arn, copy=copy, region="us-east-1"))
    refused = aws.run("rollback", "tune-elsewhere", "--auto-approve", exit_code=1)
    assert "was in account 999999999999" in refused.stderr
    assert [left.tune_id for left in open_journal().left_tunings()] == ["tune-elsewhere"]


def test_a_timeout_at_the_present_size_is_a_payload_that_fails(aws: Aws, function: str, tmp_path: Path) -> None:
    file = tmp_path / "slow.json"
    file.write_text('{"sleep": 5}')
    aws.client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    aws.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=function)
    result = aws.run("tune", function, "--payload", str(file), "--auto-approve", exit_code=1)
    assert "fail at its present 1024 MB" in result.stderr and "nothing more was sent" in result.stderr
    assert aws.control.calls()["lambda:Invoke"] == 1
    nothing_is_left(aws)


def test_many_are_tuned_within_the_budget_those_worth_most_first_and_the_rest_is_named(
    aws: Aws, function: str, deploy: Callable[..., Any], tmp_path: Path
) -> None:
    for name, memory in (("small", 128), ("bare", 512)):
        deploy(name, Code=code(), MemorySize=memory)
    for name in ("slow", "small"):
        (tmp_path / f"{name}.json").write_text("{}")
    # The small one costs more by now, and can hardly become cheaper.
    put_metrics(aws, "slow", {"Invocations": 500_000.0, "Duration": 40.0})
    put_metrics(aws, "small", {"Invocations": 22_000.0, "Duration": 9000.0})
    aws.control.reset()
    document = aws.json(
        "tune", "--all", "--payloads", str(tmp_path), "--sizes", "256,1024", "--max-invocations", "6",
        "--budget-usd", "0.0003", "--auto-approve",
    )  # fmt: skip
    assert [tune["function"] for tune in document["tunings"]] == ["slow"]
    left = {each["function"]: each["because"] for each in document["left_out"]}
    assert "has no payload for it (bare.json)" in left["bare"]
    assert "over what is left of the budget, and to know it is worth" in left["small"]
    assert document["tunings"][0]["spent_usd"] < 0.00008
    assert aws.control.calls()["lambda:CreateFunction"] == 1
    assert functions_of(aws) == ["bare", "slow", "small"]
