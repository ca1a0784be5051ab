"""One function with few settings, as AWS shows it; what a policy wants of it, and what other hands do to it."""

from __future__ import annotations

import functools
import io
import itertools
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.exceptions

from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.settings.queue import RUN_TAG

NAME = "f"
GROUP, QUEUE, ALARM, ROLE = "/aws/lambda/f", "lambda-dlq-f", "lambda-duration-f", "role"
SECRETS = SECRET, OWN_SECRET, HANDS_SECRET = "canary-model-a8f1", "canary-model-77c2", "canary-model-e03b"
FIELDS = ("memory", "timeout", "tracing", "variable", "target", "reserved", "retention", "alarm", "queue")
# Of these AWS takes a condition, so that no moment is left in which another hand is not seen.
CONDITIONAL = frozenset({"memory", "timeout", "tracing", "variable", "target"})
# What each rule is about.
RULES: Mapping[str, tuple[str, ...]] = {
    "memory": ("memory",), "timeout": ("timeout",), "tracing": ("tracing",), "environment": ("variable",),
    "dead-letter-queue": ("target", "queue"), "reserved-concurrency": ("reserved",), "log-retention": ("retention",),
    "alarms": ("alarm",),
}  # fmt: skip
# Two policies that want different things, so that runs follow one another.
WANTED: Mapping[str, tuple[Any, Any]] = {
    "memory": (1024, 512), "timeout": (30, 60), "tracing": ("Active", "Active"), "reserved": (50, 20),
    "retention": (7, 14), "alarm": (20_000.0, 15_000.0),
}  # fmt: skip
# What other hands set: never what a policy wants, since nobody could tell it apart; sometimes what was there first.
HANDS: Mapping[str, tuple[Any, ...]] = {
    "memory": (3008, 777, 1536), "timeout": (300, 45), "variable": ("", HANDS_SECRET), "reserved": (None, 0, 33),
    "retention": (None, 365, 3653), "alarm": (None, 5_000.0), "queue": (None, 4 * 86400),
}  # fmt: skip
State = dict[str, Any]
_ACCOUNTS = itertools.count(600_000_000_001)


def policy(rules: tuple[str, ...], which: int) -> str:
    """A policy file that wants the first or the second of what may be wanted."""
    options = {
        "memory": {"target_mb": WANTED["memory"][which]},
        "timeout": {"target_s": WANTED["timeout"][which]},
        "tracing": {"mode": "Active"},
        "environment": {
            "variables": {"DATABASE_URL": "secretsmanager:database"}, "mode": "value", "overwrite": True,
        },
        "dead-letter-queue": {"queue": QUEUE},
        "reserved-concurrency": {"target": WANTED["reserved"][which]},
        "log-retention": {"days": WANTED["retention"][which]},
        "alarms": {"error_rate_percent": None, "duration_ms": WANTED["alarm"][which], "duration_name": ALARM},
    }  # fmt: skip
    return json.dumps({"rules": {rule: options[rule] for rule in rules}})


@functools.cache
def _code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


def clients_of(session: Any, emulator: Emulator) -> Mapping[str, Any]:
    """What other hands use."""
    names = ("lambda", "logs", "cloudwatch", "sqs", "iam", "secretsmanager")
    return {name: session.client(name, endpoint_url=emulator.endpoint_url) for name in names}


@dataclass(slots=True)
class World:
    """An account of the embedded AWS with the one function in it."""

    emulator: Emulator
    account: str
    clients: Mapping[str, Any]

    @classmethod
    def new(cls, emulator: Emulator, clients: Mapping[str, Any]) -> World:
        """The function in an account that nobody has used, which the ``clients`` enter."""
        account = str(next(_ACCOUNTS))
        for client in clients.values():
            client._request_signer._credentials.access_key = account
        world = cls(emulator, account, clients)
        world._deploy()
        return world

    def _deploy(self) -> None:
        assume = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        may = {"Effect": "Allow", "Action": ["sqs:SendMessage", "xray:*"], "Resource": "*"}
        iam = self.clients["iam"]
        made = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_document(assume))
        iam.put_role_policy(RoleName=ROLE, PolicyName="own", PolicyDocument=_document(may))
        self.clients["secretsmanager"].create_secret(Name="database", SecretString=SECRET)
        self.clients["logs"].create_log_group(logGroupName=GROUP)
        self.clients["lambda"].create_function(
            FunctionName=NAME, Runtime="python3.12", Handler="index.handler", Role=made["Role"]["Arn"],
            Code={"ZipFile": _code()}, MemorySize=3008, Timeout=300,
            Environment={"Variables": {"LOG_LEVEL": "INFO", "OWN": OWN_SECRET}},
        )  # fmt: skip
        self._settled()

    def _settled(self) -> Any:
        """The function, once AWS is done with it."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = self.clients["lambda"].get_function(FunctionName=NAME)
            configuration = found["Configuration"]
            if configuration["State"] == "Active" and configuration["LastUpdateStatus"] != "InProgress":
                return found
            time.sleep(0.02)
        raise AssertionError("the function is still being updated")

    @property
    def queue_url(self) -> str:
        """As SQS would have it."""
        return f"{self.emulator.endpoint_url}/{self.account}/{QUEUE}"

    def state(self) -> State:
        """Everything that there is, by field."""
        found = self._settled()
        configuration = found["Configuration"]
        groups = self.clients["logs"].describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
        alarms = self.clients["cloudwatch"].describe_alarms(AlarmNames=[ALARM])["MetricAlarms"]
        variables = dict(configuration["Environment"]["Variables"])
        wanted = variables.pop("DATABASE_URL", None)
        # The others are the owner's, and nobody's business.
        assert variables == {"LOG_LEVEL": "INFO", "OWN": OWN_SECRET}, variables
        return {
            "memory": configuration["MemorySize"],
            "timeout": configuration["Timeout"],
            "tracing": configuration["TracingConfig"]["Mode"],
            "variable": wanted,
            "target": (configuration.get("DeadLetterConfig") or {}).get("TargetArn") or None,
            "reserved": (found.get("Concurrency") or {}).get("ReservedConcurrentExecutions"),
            "retention": groups[0].get("retentionInDays") if groups else "no log group",
            "alarm": alarms[0]["Threshold"] if alarms else None,
            "queue": self._queue(),
        }

    def _queue(self) -> Any:
        sqs = self.clients["sqs"]
        try:
            attributes = sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["All"])["Attributes"]
        except botocore.exceptions.ClientError:
            return None
        tags = sqs.list_queue_tags(QueueUrl=self.queue_url).get("Tags") or {}
        return [int(attributes["MessageRetentionPeriod"]), tags.get(RUN_TAG)]

    def is_wanted(self, field: str, value: Any, which: int) -> bool:
        """Whether it is what the policy wants."""
        if field == "variable":
            return bool(value == SECRET)
        if field == "target":
            return bool(value == f"arn:aws:sqs:us-east-1:{self.account}:{QUEUE}")
        if field == "queue":
            return value is not None and bool(value[0] == 14 * 86400)
        if field == "retention":
            # A shorter one is kept.
            return value is not None and bool(value <= WANTED[field][which])
        return bool(value == WANTED[field][which])

    def hand(self, field: str, value: Any) -> None:
        """Another hand sets one thing, or takes it away."""
        functions = self.clients["lambda"]
        self._settled()
        if field in ("memory", "timeout"):
            name = {"memory": "MemorySize", "timeout": "Timeout"}[field]
            functions.update_function_configuration(FunctionName=NAME, **{name: value})
        elif field == "variable":
            variables = {"LOG_LEVEL": "INFO", "OWN": OWN_SECRET, **({"DATABASE_URL": value} if value else {})}
            functions.update_function_configuration(FunctionName=NAME, Environment={"Variables": variables})
        elif field == "reserved":
            if value is None:
                functions.delete_function_concurrency(FunctionName=NAME)
            else:
                functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=value)
        elif field == "retention":
            if value is None:
                self.clients["logs"].delete_retention_policy(logGroupName=GROUP)
            else:
                self.clients["logs"].put_retention_policy(logGroupName=GROUP, retentionInDays=value)
        elif field == "alarm":
            self._alarm(value)
        elif field == "queue":
            self._hand_on_queue(value)
        else:
            raise AssertionError(field)

    def _alarm(self, threshold: float | None) -> None:
        cloudwatch = self.clients["cloudwatch"]
        if threshold is None:
            cloudwatch.delete_alarms(AlarmNames=[ALARM])
            return
        cloudwatch.put_metric_alarm(
            AlarmName=ALARM, Namespace="AWS/Lambda", MetricName="Duration", Statistic="Average", Period=60,
            EvaluationPeriods=1, Threshold=threshold, ComparisonOperator="GreaterThanThreshold",
            Dimensions=[{"Name": "FunctionName", "Value": NAME}],
        )  # fmt: skip

    def _hand_on_queue(self, retention_s: int | None) -> None:
        sqs = self.clients["sqs"]
        there = self._queue() is not None
        if retention_s is None and there:
            sqs.delete_queue(QueueUrl=self.queue_url)
        elif retention_s is not None and there:
            sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"MessageRetentionPeriod": str(retention_s)})
        elif retention_s is not None:
            # As the run makes it, but not by the run.
            attributes = {"MessageRetentionPeriod": str(14 * 86400), "SqsManagedSseEnabled": "true"}
            sqs.create_queue(QueueName=QUEUE, Attributes=attributes)


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
