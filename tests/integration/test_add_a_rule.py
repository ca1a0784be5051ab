"""The rule and setting of docs/add-a-rule.md on the embedded AWS: planned, applied, put back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.add_a_rule import written_from_the_page
from tests.integration.conftest import Aws

ROOT = Path(__file__).parents[2]
ASKED = ("--function", "worker", "--rules", "dead-letter-retention")


def test_the_setting_of_the_page_goes_there_and_back(aws: Aws, deploy: Any, tmp_path: Path) -> None:
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName="lost")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    deploy("worker", DeadLetterConfig={"TargetArn": arn})
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    written_from_the_page(tmp_path)

    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", "lambda_tailor", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def retention() -> str:
        found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["MessageRetentionPeriod"])
        return str(found["Attributes"]["MessageRetentionPeriod"])

    before = aws.snapshot()
    (change,) = run("plan", *ASKED, "--json")["functions"][0]["changes"]
    assert (change["before"], change["after"]) == (345600, 1209600)
    run_id = run("apply", *ASKED, "--auto-approve", "--json")["run_id"]
    assert retention() == "1209600"
    assert run("rollback", run_id, "--auto-approve", "--json")["status"] == "succeeded"
    assert retention() == "345600" and aws.snapshot() == before
    allowed = run("iam-policy", "--all", "--rules", "dead-letter-retention")
    assert "sqs:SetQueueAttributes" in json.dumps(allowed)
