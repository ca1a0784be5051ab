"""Guarded rollouts from end to end: traffic flows, and a change goes on or goes back by itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.integration.conftest import Aws
from tests.integration.traffic import flowing, released

Deploy = Callable[..., dict[str, Any]]
GUARDED = ("apply", "--function", "f", "--preset", "reference", "--rules", "memory", "--auto-approve", "--guard")


def alias(functions: Any, name: str = "f") -> tuple[str, dict[str, float]]:
    found = functions.get_alias(FunctionName=name, Name="live")
    return found["FunctionVersion"], found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def versions(functions: Any, name: str = "f") -> list[str]:
    listed = functions.list_versions_by_function(FunctionName=name)["Versions"]
    return [each["Version"] for each in listed if each["Version"] != "$LATEST"]


def memory(functions: Any, qualifier: str = "$LATEST", name: str = "f") -> int:
    found = functions.get_function(FunctionName=name, Qualifier=qualifier)["Configuration"]["MemorySize"]
    return int(found)


def test_a_good_change_is_promoted_and_every_event_is_answered(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good")
    with flowing("f") as traffic:
        asked = ("--guard-steps", "25,50,100", "--guard-minutes", "2", "--allowed-errors", "10%")
        run = aws.json(*GUARDED, *asked, exit_code=0)
    (rollout,) = run["rollouts"]
    assert (rollout["status"], rollout["from_version"], rollout["to_version"]) == ("promoted", "1", "2")
    assert {look["share"] for look in rollout["looks"]} == {25, 50}
    assert rollout["looks"][-1]["decision"] == "promote"
    # The run's page draws the slowest runs over time from what the looks have.
    lately = [look["new"]["lately_p99_ms"] for look in rollout["looks"]]
    assert sum(ms is not None and ms > 0 for ms in lately) >= 2
    assert alias(functions) == ("2", {})
    assert memory(functions, "2") == memory(functions) == 1024
    assert traffic.lost == [] and traffic.failed == 0
    assert traffic.answered["1"] > 50 and traffic.answered["2"] > 50


@pytest.mark.parametrize(
    ("harm", "said"),
    [("slow", "% longer"), ("fail", "errors went from 0.0 %"), ("oom", "ran out of memory")],
)
def test_a_harmful_change_is_back_before_it_had_more_than_a_quarter_of_the_traffic(
    aws: Aws, deploy: Deploy, harm: str, said: str
) -> None:
    functions = released(deploy, harm)
    with flowing("f") as traffic:
        run = aws.json(*GUARDED, "--guard-steps", "10,25,50,100", "--guard-minutes", "1", exit_code=1)
    (rollout,) = run["rollouts"]
    assert rollout["status"] == "rolled-back"
    assert said in rollout["because"]
    assert max(look["share"] for look in rollout["looks"]) <= 25
    assert [look["decision"] for look in rollout["looks"]][-1] == "rollback"
    assert [outcome["outcome"] for outcome in run["outcomes"]] == ["rolled-back"]
    assert alias(functions) == ("1", {})
    assert versions(functions) == ["1"]
    assert memory(functions) == 3008
    assert traffic.lost == []
    assert traffic.answered["2"] <= 0.3 * sum(traffic.answered.values())


def test_one_look_at_a_time_ends_where_one_process_would(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good")
    asked = ("--guard-steps", "50,100", "--guard-minutes", "2", "--allowed-errors", "10%", "--one-look")
    with flowing("f"):
        run = aws.json(*GUARDED, *asked, exit_code=2)
        (rollout,) = run["rollouts"]
        assert (rollout["status"], len(rollout["looks"]), run["status"]) == ("running", 1, "running")
        assert alias(functions) == ("1", {"2": 0.5})
        looks = 1
        while rollout["status"] == "running":
            looks += 1
            run = aws.json("resume", run["run_id"], "--auto-approve", exit_code=None)
            (rollout,) = run["rollouts"]
            assert len(rollout["looks"]) == looks
            assert looks < 200
    assert rollout["status"] == "promoted"
    assert looks > 2
    assert alias(functions) == ("2", {})


def test_a_promoted_run_is_put_back_with_alias_and_version(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good")
    functions.put_provisioned_concurrency_config(FunctionName="f", Qualifier="live", ProvisionedConcurrentExecutions=1)
    asked = ("--guard-steps", "50,100", "--guard-minutes", "0.02", "--on-inconclusive", "promote")
    run = aws.json(*GUARDED, *asked, exit_code=0)
    assert run["rollouts"][0]["status"] == "promoted"
    assert alias(functions) == ("2", {})
    kept = functions.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert kept["RequestedProvisionedConcurrentExecutions"] == 1
    aws.json("rollback", run["run_id"], "--auto-approve")
    assert (alias(functions), versions(functions), memory(functions)) == (("1", {}), ["1"], 3008)
    # Again there is nothing left to put back.
    aws.json("rollback", run["run_id"], "--auto-approve")
    assert (alias(functions), versions(functions), memory(functions)) == (("1", {}), ["1"], 3008)


def test_an_answer_that_never_comes_goes_back(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good")
    run = aws.json(*GUARDED, "--guard-minutes", "0.02", exit_code=1)
    assert run["rollouts"][0]["status"] == "inconclusive"
    assert (alias(functions), versions(functions), memory(functions)) == (("1", {}), ["1"], 3008)


# What a rollout does not touch


def writes_of(aws: Aws) -> list[str]:
    return sorted(aws.control.writes())


def test_an_alias_that_routes_already_is_left_alone(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good")
    functions.update_function_configuration(FunctionName="f", Description="theirs")
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    functions.publish_version(FunctionName="f")
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    functions.update_alias(FunctionName="f", Name="live", RoutingConfig=weights)
    aws.control.reset()
    found = aws.run(*GUARDED, exit_code=1)
    assert "its alias live routes 10 % to version 2 already" in found.stderr
    assert writes_of(aws) == []


def test_other_code_behind_the_alias_has_to_be_deployed_first(aws: Aws, deploy: Deploy) -> None:
    from tests.integration.traffic import packed

    functions = released(deploy, "good")
    functions.update_function_code(FunctionName="f", ZipFile=packed("slow"))
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    hashes = [
        functions.get_function(FunctionName="f", Qualifier=q)["Configuration"]["CodeSha256"] for q in ("1", "$LATEST")
    ]
    aws.control.reset()
    found = aws.run(*GUARDED, exit_code=1)
    assert "deploy first" in found.stderr
    assert all(each in found.stderr for each in hashes)
    assert writes_of(aws) == []


def test_an_alias_that_another_hand_moves_is_theirs(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good")
    run = aws.json(*GUARDED, "--one-look", exit_code=2)
    functions.update_alias(
        FunctionName="f", Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    run = aws.json("resume", run["run_id"], "--auto-approve", exit_code=1)
    (rollout,) = run["rollouts"]
    assert rollout["status"] == "inconclusive"
    assert rollout["looks"][-1]["decision"] == "left-alone"
    assert alias(functions) == ("2", {})


def test_metrics_that_cannot_be_read_stop_it_where_it_is(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good")
    run = aws.json(*GUARDED, "--one-look", exit_code=2)
    aws.control.fail(operation="cloudwatch:GetMetricData", kind="expired-token", times=1000, account=aws.account)
    found = aws.run("resume", run["run_id"], "--auto-approve", "--json", exit_code=1)
    assert f"lambda-tailor resume {run['run_id']}" in found.stderr
    assert alias(functions) == ("1", {"2": 0.05})
    aws.control.clear_faults()
    run = aws.json("resume", run["run_id"], "--auto-approve", exit_code=2)
    assert run["rollouts"][0]["status"] == "running"
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert (alias(functions), versions(functions), memory(functions)) == (("1", {}), ["1"], 3008)


# Callers of $LATEST


def test_a_function_that_is_called_as_latest_is_watched(aws: Aws, deploy: Deploy) -> None:
    from tests.integration.traffic import packed

    deploy("f", Code={"ZipFile": packed("oom")}, MemorySize=3008, Timeout=10)
    functions = aws.client("lambda")
    with flowing("f", "$LATEST"):
        run = aws.json(*GUARDED, "--guard-minutes", "0.5", exit_code=1)
    (rollout,) = run["rollouts"]
    assert (rollout["track"], rollout["alias"], rollout["status"]) == ("watch", None, "rolled-back")
    assert "ran out of memory" in rollout["because"]
    assert memory(functions) == 3008


def test_a_rollout_that_nobody_ends_is_shown_first_and_keeps_others_off(
    aws: Aws, deploy: Deploy, tmp_path: Any
) -> None:
    released(deploy, "good")
    run = aws.json(*GUARDED, "--one-look", exit_code=2)
    said = f"f live is being rolled out, at 5 % since {run['rollouts'][0]['started_at']}"
    assert said in aws.run("runs").stdout.splitlines()[0]
    planned = aws.run("plan", "--function", "f", "--preset", "reference", "--rules", "timeout")
    assert said in planned.stderr
    (unfinished,) = aws.json("runs")["unfinished"]
    assert (unfinished["run_id"], unfinished["share"]) == (run["run_id"], 5)
    other = ("apply", "--function", "f", "--preset", "reference", "--rules", "timeout", "--auto-approve")
    for more in ((), ("--guard",)):
        assert f"lambda-tailor resume {run['run_id']}" in aws.run(*other, *more, exit_code=1).stderr.replace(
            "lambda-tailor resume, or rollback, that run first", f"lambda-tailor resume {run['run_id']}"
        )
    page = tmp_path / "run.html"
    aws.run("report", run["run_id"], "--out", str(page))
    assert "Rollouts" in page.read_text()
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert aws.json("runs")["unfinished"] == []


# Told to others


def test_decisions_are_told_to_a_topic_and_a_web_hook(aws: Aws, deploy: Deploy) -> None:
    released(deploy, "good")
    topic = aws.client("sns").create_topic(Name="told")["TopicArn"]
    queue = aws.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    with listening() as (url, posted):
        notify = ("--notify", f"sns:{topic}", "--notify", url, "--notify", "http://127.0.0.1:1/nobody")
        found = aws.run(*GUARDED, "--guard-minutes", "0.001", "--json", *notify, exit_code=1)
    assert "http://127.0.0.1:1/nobody could not be told" in found.stderr
    (document,) = posted
    assert (document["function"], document["status"]) == ("f", "inconclusive")
    assert document["look"]["decision"] == "inconclusive"
    (message,) = aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert json.loads(json.loads(message["Body"])["Message"]) == document


@contextmanager
def listening() -> Iterator[tuple[str, list[Any]]]:
    """A web hook on this machine, and what was posted to it."""
    posted: list[Any] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def test_a_ladder_goes_down_while_each_rung_proves_the_next(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "good", MemorySize=2048)
    asked = ("--guard-steps", "50,100", "--guard-minutes", "0.001", "--on-inconclusive", "promote", "--descend")
    run = aws.json(*GUARDED, *asked, exit_code=0)
    assert [rollout["status"] for rollout in run["rollouts"]] == ["promoted"] * len(run["rollouts"])
    assert [rollout["new"]["memory_mb"] for rollout in run["rollouts"]] == [1024, 512, 256, 128]
    assert memory(functions, alias(functions)[0]) == 128


def test_a_finished_rollout_is_its_own_realized_saving(aws: Aws, deploy: Deploy) -> None:
    released(deploy, "good")
    with flowing("f"):
        asked = ("--guard-steps", "50,100", "--guard-minutes", "0.5", "--on-inconclusive", "promote")
        run = aws.json(*GUARDED, *asked, exit_code=0)
    (found,) = aws.json("runs", run["run_id"], "--realized", exit_code=None)["functions"]
    assert found["measured"] == "side-by-side"
    assert found["saved_interval_usd"]["low"] <= found["saved_usd"] <= found["saved_interval_usd"]["high"]
    assert found["saved_usd"] > 0
    (rollout,) = run["rollouts"]
    assert 0 < rollout["new"]["usd_per_thousand"] < rollout["old"]["usd_per_thousand"]


def test_versions_with_unlike_queues_are_watched_through_the_alias(aws: Aws, deploy: Deploy) -> None:
    functions = released(deploy, "oom")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    aws.client("iam").put_role_policy(RoleName="role", PolicyName="send", PolicyDocument=json.dumps(policy))
    queue = aws.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": arn})
    functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    with flowing("f"):
        run = aws.json(*GUARDED, "--guard-minutes", "1", exit_code=1)
    (rollout,) = run["rollouts"]
    assert (rollout["track"], rollout["alias"], rollout["status"]) == ("watch", "live", "rolled-back")
    assert alias(functions) == ("1", {})
    assert memory(functions) == 3008
