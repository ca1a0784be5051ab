"""The demo: the whole story on an embedded AWS, from a wasteful fleet to a rollback that leaves no trace."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from lambda_tailor import api, documents
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.demo.fleet import PREFIX, deploy_fleet
from lambda_tailor.demo.realize import realize
from lambda_tailor.demo.snapshot import differences, snapshot
from lambda_tailor.errors import BadInput, TailorError
from lambda_tailor.model.run import Status
from lambda_tailor.report import html
from lambda_tailor.report.progress import Progress
from lambda_tailor.report.terminal import Terminal

SUFFIX = "dev"
FUNCTION = f"lambda-function-{SUFFIX}"
DEAD_LETTERS = f"lambda-dlq-{SUFFIX}"
ARRIVES_WITHIN_S = 30.0
POLICY = f"""\
# The reference targets for the stack; the fleet beside it has no secrets, layer or bucket of its own.
preset: reference
overrides:
  - name: "{PREFIX}*"
    rules:
      timeout: {{target_s: 2}}
      alarms: {{duration_ms: 1500}}
      reserved-concurrency: {{enabled: false}}
      environment: {{enabled: false}}
      deployment-bucket-versioning: {{enabled: false}}
      shared-layer: {{enabled: false}}
"""


class DemoError(TailorError):
    """The story did not go as it should."""


def tell(*, keep: bool, report: str | None) -> int:
    """Tell the story; 0 if it ended as it should.

    Raises BadInput where the report could not be written.
    """
    if report and not Path(report).resolve().parent.is_dir():
        raise BadInput(f"There is no folder for the report {report}.")
    began = time.monotonic()
    _say("Starting an embedded AWS on a free loopback port")
    emulator = Emulator.start()
    try:
        with _only_there(emulator):
            if keep:
                _deploy()
                _say("Left running. In another terminal:")
                for name, value in emulator.environment().items():
                    print(f"  export {name}={value}")
                print("  aws lambda list-functions; lambda-tailor plan --all; python3 lib/optimize.py")
                print(f"  kill {' '.join(str(p.pid) for p in emulator.processes)}   # when you are done")
                return 0
            _story(emulator, report)
    finally:
        if not keep:
            emulator.stop()
    _say(f"Done in {time.monotonic() - began:.0f} s. Nothing is left: no process, no file, no account was needed.")
    return 0


def _deploy() -> None:
    _say(f"Deploying the reference stack (the Pulumi program lib/tap_stack.py, suffix {SUFFIX})")
    for kind, name, _, _ in realize(SUFFIX).resources:
        print(f"  + {kind.rpartition(':')[2]} {name}")
    _say("Deploying a small fleet beside it and invoking it: logs and metrics are real")
    deploy_fleet()


def _story(emulator: Emulator, report: str | None) -> None:
    _deploy()
    before = snapshot()
    policy = emulator.folder / "demo-policy.yaml"
    policy.write_text(POLICY)
    journal = f"sqlite:///{emulator.folder / 'journal.db'}"
    asked: dict[str, Any] = {"all_functions": True, "policy": policy}
    screen = Terminal()
    _say("lambda-tailor apply --all: read, propose, apply")
    with Progress() as progress:
        plan = api.plan(**asked, observer=progress)
        screen.plan(plan)
        run = api.apply(plan, just_made=True, journal=journal, observer=progress)
    screen.run(run)
    _expect(run.status is Status.SUCCEEDED, "a change failed")
    if report:
        documents.write_file(report, (html.render(plan, run).encode(),), "The report")
        print(f"Report: {report}", file=sys.stderr)
    _say("An event that fails, sent asynchronously: it must arrive in the dead-letter queue")
    _show_dead_letter()
    _say("lambda-tailor verify")
    screen.verification(api.verify(**asked))
    _say("lambda-tailor rollback latest: everything back as it was")
    _drain()
    screen.plan(api.rollback_plan("latest", journal=journal))
    with Progress() as progress:
        run = api.rollback("latest", journal=journal, observer=progress)
    screen.run(run)
    _expect(run.status is Status.SUCCEEDED, "a change could not be put back")
    left = differences(before, snapshot())
    _expect(not left, f"not as before: {', '.join(left)}")
    _say("Compared field by field with what was there before: the same")


def _show_dead_letter() -> None:
    functions, queue = boto3.client("lambda"), boto3.client("sqs")
    functions.put_function_event_invoke_config(FunctionName=FUNCTION, MaximumRetryAttempts=0)
    functions.invoke(
        FunctionName=FUNCTION, InvocationType="Event", Payload=json.dumps({"fail": True, "order": 42}).encode()
    )
    url = queue.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
    until = time.monotonic() + ARRIVES_WITHIN_S
    while time.monotonic() < until:
        messages = queue.receive_message(QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["All"]).get("Messages")
        if messages:
            print(f"  arrived: {messages[0]['Body']}")
            queue.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
            functions.delete_function_event_invoke_config(FunctionName=FUNCTION)
            return
    raise DemoError(f"The failed event did not arrive in {DEAD_LETTERS} within {ARRIVES_WITHIN_S:.0f} s.")


def _drain() -> None:
    """A queue that holds messages is kept by rollback: read them first."""
    queue = boto3.client("sqs")
    queue.purge_queue(QueueUrl=queue.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"])


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise DemoError(f"The demo went wrong: {otherwise}.")


def _say(line: str) -> None:
    print(f"\n== {line}", flush=True)
    sys.stderr.flush()


@contextmanager
def _only_there(emulator: Emulator) -> Iterator[None]:
    """The standard AWS settings lead to the embedded AWS and nowhere else; the user's own come back."""
    kept = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    nothing = str(emulator.folder / "no-such-file")
    own: dict[str, Any] = {
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "LAMBDA_TAILOR_KEY_FILE": str(emulator.folder / "vault.key"),
    }
    os.environ.update({**emulator.environment(), **own})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
