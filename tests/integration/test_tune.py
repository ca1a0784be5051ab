"""Tunes against the embedded AWS, with functions that really take longer with less memory."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

pytest.importorskip("numpy")

from lambda_tailor.cli.commands import main
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
# Some ms of waiting and work that takes longer with less memory; cheapest about 400 MB, by far.
SLOWER = """
import os, time
def handler(event, context):
    memory = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
    time.sleep(event.get("sleep", 0))
    if event.get("fail"):
        raise ValueError("no")
    if memory < event.get("fails_under", 0):
        raise MemoryError("no")
    time.sleep(0.02 + 20.0 * max(1.0, (400 / memory) ** 2) / 1000)
    return os.environ.get("MARK")
"""


def code(text: str = SLOWER) -> dict[str, bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", text)
    return {"ZipFile": packed.getvalue()}


@pytest.fixture
def function(aws: Aws, deploy: Deploy) -> str:
    deploy("slow", Code=code(), MemorySize=1024, Timeout=10, Environment={"Variables": {"MARK": "hidden-value"}})
    aws.control.reset()
    return "slow"


@pytest.fixture
def payload(tmp_path: Path) -> str:
    file = tmp_path / "event.json"
    file.write_text("{}")
    return str(file)


def functions_of(aws: Aws) -> list[str]:
    return sorted(f["FunctionName"] for f in aws.client("lambda").list_functions()["Functions"])


def nothing_is_left(aws: Aws) -> None:
    assert functions_of(aws) == ["slow"]
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/lambda-tailor")["logGroups"]
    assert groups == []


@pytest.mark.timeout(240)
def test_a_tune_finds_the_size_in_few_invocations_and_leaves_nothing(
    aws: Aws, function: str, payload: str, tmp_path: Path
) -> None:
    before = aws.client("lambda").get_function(FunctionName=function)["Configuration"]
    document = aws.json(
        "tune", function, "--payload", payload, "--auto-approve", "--sizes", "128,256,384,512,1024,2048",
        "--max-invocations", "12", "--html", str(tmp_path / "tune.html"),
    )  # fmt: skip
    page = (tmp_path / "tune.html").read_text()
    schema = json.loads(aws.run("policy", "schema", "tune").stdout)
    jsonschema.Draft202012Validator(schema).validate(document)
    tuning = document["tunings"][0]
    assert document["schema_version"] == 1
    assert tuning["now_mb"] == 1024 and tuning["chosen_mb"] in (256, 384, 512)
    assert tuning["invocations"] <= 12 and 2 <= tuning["warm_ups"] <= 6
    assert aws.control.calls()["lambda:Invoke"] == tuning["invocations"] + tuning["warm_ups"]
    times = {size["memory_mb"]: size["duration_ms"]["mean"] for size in tuning["sizes"] if size["duration_ms"]}
    assert times[min(times)] > times[max(times)], "less memory did not take longer: the function does not test anything"
    assert tuning["predicted"]["duration_ms"]["low"] < tuning["predicted"]["duration_ms"]["high"]
    assert tuning["spent_usd"] > 0 and tuning["code_sha256"] == before["CodeSha256"]
    assert aws.client("lambda").get_function(FunctionName=function)["Configuration"] == before, "it was touched"
    nothing_is_left(aws)
    assert "hidden-value" not in json.dumps(document)
    assert "hidden-value" not in page and f"{tuning['chosen_mb']:,} MB" in page
    aws.run("report", tuning["tune_id"], "--out", str(tmp_path / "again.html"))
    assert (tmp_path / "again.html").read_text() == page
    assert aws.json("runs", tuning["tune_id"])["tunings"] == [tuning]
    explained = aws.run("explain", function, "--rules", "memory", "--preset", "right-size").stdout
    assert f"tuned: {tuning['chosen_mb']} MB (tune, " in " ".join(explained.split())
    if tuning["chosen_mb"] != 1024:
        plan = aws.json("plan", "--function", function, "--rules", "memory", "--preset", "right-size")
        (change,) = plan["functions"][0]["changes"]
        assert change["after"] == tuning["chosen_mb"] and "tune, " in change["reason"]


def test_a_payload_that_fails_at_the_present_size_is_said_after_one_invocation(
    aws: Aws, function: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad.json"
    file.write_text('{"fail": true}')
    result = aws.run("tune", function, "--payload", str(file), "--auto-approve", exit_code=1)
    assert "fail at its present 1024 MB" in result.stderr
    assert aws.control.calls()["lambda:Invoke"] == 1
    nothing_is_left(aws)


@pytest.mark.timeout(120)
def test_a_size_that_fails_is_never_chosen(aws: Aws, function: str, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    # Large sizes: the emulator tells the memory of its largest process as that of a call, which rules small ones out.
    file.write_text('{"fails_under": 1500}')
    aws.client("lambda").update_function_configuration(FunctionName=function, MemorySize=2048)
    aws.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=function)
    tuning = aws.json(
        "tune", function, "--payload", str(file), "--auto-approve", "--sizes", "1024,1280,2048,3008",
        "--max-invocations", "8",
    )["tunings"][0]  # fmt: skip
    failed = [size["memory_mb"] for size in tuning["sizes"] if size["errors"]]
    assert failed, "nothing failed: the test has no point"
    assert all(mb < 1500 for mb in failed), f"calls failed at {failed} MB"
    assert tuning["chosen_mb"] >= 2048


def test_nobody_is_asked_twice_and_nothing_is_invoked_without_a_yes(aws: Aws, function: str, payload: str) -> None:
    result = aws.run("tune", function, "--payload", payload, exit_code=1)
    assert "at most 24 measured invocations and 10 warm-ups" in result.stderr
    assert "Each invocation is real" in result.stderr
    assert "lambda:Invoke" not in aws.control.calls() and "lambda:CreateFunction" not in aws.control.calls()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tune",), "Say which functions"),
        (("tune", "slow"), "needs something to invoke with"),
        (("tune", "slow", "--payload", "missing.json"), "cannot be read"),
        (("tune", "slow", "--payload", "PAYLOAD", "--objective", "best"), "is not one"),
        (("tune", "slow", "--payload", "PAYLOAD", "--sizes", "big"), "neither MIN-MAX nor a list"),
        (("tune", "gone", "--payload", "PAYLOAD"), "no function gone"),
        (("tune", "slow", "--payload", "PAYLOAD", "--budget-usd", "0"), "more than nothing"),
    ],
)
def test_bad_input_is_one_sentence(
    aws: Aws, function: str, payload: str, arguments: tuple[str, ...], said: str
) -> None:
    result = aws.run(*(payload if a == "PAYLOAD" else a for a in arguments), exit_code=1)
    assert said in result.stderr and "Traceback" not in result.output


def test_a_budget_too_small_for_one_round_is_said_and_nothing_is_left(aws: Aws, function: str, payload: str) -> None:
    result = aws.run("tune", function, "--payload", payload, "--auto-approve", "--budget-usd", "0.000001", exit_code=1)
    assert "too small for one round" in result.stderr
    nothing_is_left(aws)


def test_what_a_killed_tune_left_is_removed_by_rollback_or_resume(
    aws: Aws, function: str, payload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lambda_tailor.applying.opening import open_journal
    from lambda_tailor.tuning import tune

    class Killed(BaseException):
        pass

    def dies(*_given: object) -> None:
        raise Killed

    for way in ("rollback", "resume"):
        arguments = ("tune", function, "--payload", payload, "--auto-approve", "--sizes", "1024")
        with monkeypatch.context() as patched:
            patched.setattr(tune, "_remove", dies)
            with pytest.raises(Killed):
                CliRunner().invoke(main, [*arguments, "--max-invocations", "6"], catch_exceptions=False)
        assert len(functions_of(aws)) == 2, "the copy is gone: the test has no point"
        (left,) = open_journal().left_tunings()
        aws.run(way, left.tune_id, "--auto-approve")
        nothing_is_left(aws)
        again = aws.run(way, left.tune_id, "--auto-approve")
        assert "left nothing behind" in again.stderr
