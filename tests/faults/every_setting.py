"""One operation of every kind of setting, each on a function of its own, and what another hand does to it.

The plan is put together by hand, so that no evidence has to be made for it; it is held against what it shows all the same.
"""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from lambda_tailor.documents import plan_hash
from lambda_tailor.model.plan import Change, ChangeRef, Operation, Plan, PlannedFunction
from lambda_tailor.model.verdict import Key, Risk
from lambda_tailor.planning.summing import summarize
from lambda_tailor.settings.role_policy import MAY_TRACE, may_trace
from lambda_tailor.settings.scheduled_action import DOWN, UP, action
from tests.integration.conftest import Aws

REGION = "us-east-1"
_DIMENSION = "lambda:function:ProvisionedConcurrency"
SCHEDULE = {"up": "cron(0 8 ? * MON-FRI *)", "down": "cron(0 18 ? * MON-FRI *)", "executions": 3}
_MINE: dict[str, Any] = {
    "Namespace": "AWS/Lambda", "MetricName": "Duration", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 20_000.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmDescription": "slow",
}  # fmt: skip


@functools.cache
def package(text: str = "one") -> bytes:
    """A package that says so."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo("index.py", (1980, 1, 1, 0, 0, 0)), f"# {text}\ndef handler(e, c):\n    return e\n")
    return packed.getvalue()


@dataclass(frozen=True, slots=True)
class Hand:
    """AWS's clients as another hand uses them, on the function of one kind."""

    aws: Aws
    kind: str

    @property
    def name(self) -> str:
        # The embedded AWS takes some names for parts of a path.
        return f"f_{self.kind.replace('-', '_')}"

    @property
    def role(self) -> str:
        return f"r-{self.kind}"

    @property
    def group(self) -> str:
        return f"/aws/lambda/{self.name}"

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{self.aws.account}:function:{self.name}"

    @property
    def bucket(self) -> str:
        return f"{self.kind}-{self.aws.account}"

    @property
    def queue(self) -> str:
        return f"q-{self.kind}"

    @property
    def queue_arn(self) -> str:
        return f"arn:aws:sqs:{REGION}:{self.aws.account}:{self.queue}"

    @property
    def queue_url(self) -> str:
        return f"{self.aws.emulator.endpoint_url}/{self.aws.account}/{self.queue}"

    @property
    def scaled(self) -> dict[str, str]:
        return {
            "ServiceNamespace": "lambda", "ResourceId": f"function:{self.name}:live", "ScalableDimension": _DIMENSION,
        }  # fmt: skip

    def client(self, service: str) -> Any:
        return _client(self.aws.account, service)

    def functions(self) -> Any:
        """The client of Lambda, once AWS is done with the function."""
        client = self.client("lambda")
        client.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig={"Delay": 0.05})
        return client

    def configuration(self) -> Any:
        """As GetFunction shows it."""
        return self.functions().get_function(FunctionName=self.name)


@functools.cache
def _client(_account: str, service: str) -> Any:
    import boto3

    return boto3.client(service)


def absent(ask: Callable[[], Any]) -> Any:
    """The answer, or None where AWS refuses since there is none."""
    try:
        return ask()
    except ClientError:
        return None


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: its kind, resource, fields before and after, and the change that it is shown as."""

    kind: str
    resource: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    setting: str
    shown: tuple[Any, Any] | None = None
    rule: str = "memory"
    named: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of setting: the operations of its function (the kind's own first), and another hand.

    ``theirs`` is set by the other hand; ``seen`` reads what it touched, whole. ``prepare`` makes what has to be there.
    ``claim`` is what the other hand does after the run where that is something else. ``same`` tells that what it sets
    is what the run wants, since there is nothing else, and ``same_back`` that it is what a rollback wants: there is
    nothing to tell then. ``never_back`` tells that there is no way back.
    """

    kind: str
    steps: Callable[[Hand], tuple[Step, ...]]
    theirs: Callable[[Hand], object]
    seen: Callable[[Hand], Any]
    prepare: Callable[[Hand], object] = field(default=lambda _hand: None)
    claim: Callable[[Hand], object] | None = None
    same: bool = False
    same_back: bool = False
    never_back: bool = False


def _configure(hand: Hand) -> object:
    return hand.functions().update_function_configuration(FunctionName=hand.name, MemorySize=777)


def _deploy_code(hand: Hand) -> object:
    return hand.functions().update_function_code(FunctionName=hand.name, ZipFile=package("theirs"))


def _code(hand: Hand) -> Any:
    found = hand.configuration()["Configuration"]
    return found["CodeSha256"], found["Architectures"]


def _reserved(hand: Hand) -> Any:
    return (hand.configuration().get("Concurrency") or {}).get("ReservedConcurrentExecutions")


def _publish(hand: Hand) -> None:
    for text in ("one", "two"):
        hand.functions().update_function_code(FunctionName=hand.name, ZipFile=package(text))
        hand.functions().publish_version(FunctionName=hand.name)


def _alias(hand: Hand, version: str = "1") -> object:
    return hand.functions().create_alias(FunctionName=hand.name, Name="theirs", FunctionVersion=version)


def _versions(hand: Hand) -> Any:
    client = hand.client("lambda")
    versions = client.list_versions_by_function(FunctionName=hand.name)["Versions"]
    aliases = client.list_aliases(FunctionName=hand.name)["Aliases"]
    return sorted(each["Version"] for each in versions), [(a["Name"], a["FunctionVersion"]) for a in aliases]


def _group(hand: Hand) -> Any:
    groups = hand.client("logs").describe_log_groups(logGroupNamePrefix=hand.group)["logGroups"]
    if not groups:
        return None
    filters = hand.client("logs").describe_metric_filters(logGroupName=hand.group)["metricFilters"]
    return groups[0]["creationTime"], [each["filterName"] for each in filters]


def _filter(hand: Hand) -> object:
    told = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
    return hand.client("logs").put_metric_filter(
        logGroupName=hand.group, filterName="theirs", filterPattern="ERROR", metricTransformations=told
    )


def _retention(hand: Hand) -> Any:
    return hand.client("logs").describe_log_groups(logGroupNamePrefix=hand.group)["logGroups"][0].get("retentionInDays")


def _attributes(hand: Hand) -> Any:
    asked = {"QueueUrl": hand.queue_url, "AttributeNames": ["All"]}
    found = absent(lambda: hand.client("sqs").get_queue_attributes(**asked)["Attributes"])
    # When it was made and changed is told in whole seconds, and how much it holds late.
    return found and {name: value for name, value in found.items() if "Timestamp" not in name and "Approx" not in name}


def _make_queue(hand: Hand, **attributes: str) -> object:
    return hand.client("sqs").create_queue(QueueName=hand.queue, Attributes=attributes)


def _visible(hand: Hand, seconds: int) -> object:
    return hand.client("sqs").set_queue_attributes(
        QueueUrl=hand.queue_url, Attributes={"VisibilityTimeout": str(seconds)}
    )


def _policy(hand: Hand) -> Any:
    return absent(
        lambda: hand.client("iam").get_role_policy(RoleName=hand.role, PolicyName=MAY_TRACE)["PolicyDocument"]
    )


def _allow(hand: Hand, policy: str, action: str) -> object:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return hand.client("iam").put_role_policy(RoleName=hand.role, PolicyName=policy, PolicyDocument=document)


def _alarm(hand: Hand) -> Any:
    found = hand.client("cloudwatch").describe_alarms(AlarmNames=[hand.name])["MetricAlarms"]
    return [(each["Threshold"], each.get("AlarmActions")) for each in found]


def _page(hand: Hand) -> object:
    pager = f"arn:aws:sns:{REGION}:{hand.aws.account}:pager"
    dimensions = [{"Name": "FunctionName", "Value": hand.name}]
    return hand.client("cloudwatch").put_metric_alarm(
        AlarmName=hand.name, Dimensions=dimensions, AlarmActions=[pager], **_MINE
    )


def _bucket(hand: Hand) -> object:
    return hand.client("s3").create_bucket(Bucket=hand.bucket)


def _versioned(hand: Hand, status: str) -> object:
    return hand.client("s3").put_bucket_versioning(Bucket=hand.bucket, VersioningConfiguration={"Status": status})


def _rules(hand: Hand) -> Any:
    asked = hand.client("s3").get_bucket_lifecycle_configuration
    return absent(lambda: asked(Bucket=hand.bucket)["Rules"])


def _our_rule(hand: Hand) -> object:
    rule = {
        "ID": "lambda-tailor-noncurrent-versions", "Filter": {"Prefix": "kept/"}, "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 33},
    }  # fmt: skip
    return hand.client("s3").put_bucket_lifecycle_configuration(
        Bucket=hand.bucket, LifecycleConfiguration={"Rules": [rule]}
    )


def _retries(hand: Hand) -> Any:
    asked = hand.client("lambda").get_function_event_invoke_config
    return absent(lambda: asked(FunctionName=hand.name).get("MaximumRetryAttempts"))


def _map(hand: Hand) -> None:
    _allow(hand, "reads", "sqs:*")
    _make_queue(hand)
    hand.client("lambda").create_event_source_mapping(
        FunctionName=hand.name, EventSourceArn=hand.queue_arn, Enabled=False
    )


def _mapping(hand: Hand) -> Any:
    return hand.client("lambda").list_event_source_mappings(FunctionName=hand.name)["EventSourceMappings"][0]


def _limit(hand: Hand) -> object:
    return hand.client("lambda").update_event_source_mapping(
        UUID=_mapping(hand)["UUID"], ScalingConfig={"MaximumConcurrency": 9}
    )


def _live(hand: Hand) -> None:
    hand.functions().publish_version(FunctionName=hand.name)
    hand.client("lambda").create_alias(FunctionName=hand.name, Name="live", FunctionVersion="1")


def _provision(hand: Hand, many: int) -> object:
    return hand.client("lambda").put_provisioned_concurrency_config(
        FunctionName=hand.name, Qualifier="live", ProvisionedConcurrentExecutions=many
    )


def _provisioned(hand: Hand) -> Any:
    asked = hand.client("lambda").get_provisioned_concurrency_config
    found = absent(lambda: asked(FunctionName=hand.name, Qualifier="live"))
    return found and found["RequestedProvisionedConcurrentExecutions"]


def _loops(hand: Hand, choice: str) -> object:
    return hand.client("lambda").put_function_recursion_config(FunctionName=hand.name, RecursiveLoop=choice)


def _scale(hand: Hand, low: int, high: int) -> object:
    return hand.client("application-autoscaling").register_scalable_target(
        **hand.scaled, MinCapacity=low, MaxCapacity=high
    )


def _target(hand: Hand) -> Any:
    asked = {"ServiceNamespace": "lambda", "ResourceIds": [hand.scaled["ResourceId"]]}
    scaling = hand.client("application-autoscaling")
    found = scaling.describe_scalable_targets(**asked)["ScalableTargets"]
    policies = scaling.describe_scaling_policies(ServiceNamespace="lambda", ResourceId=hand.scaled["ResourceId"])
    return [(t["MinCapacity"], t["MaxCapacity"]) for t in found], [p["PolicyName"] for p in policies["ScalingPolicies"]]


def _track(hand: Hand) -> object:
    tracked = {"TargetValue": 0.7, "PredefinedMetricSpecification": {
        "PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}}  # fmt: skip
    return hand.client("application-autoscaling").put_scaling_policy(
        **hand.scaled, PolicyName="theirs", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracked,
    )  # fmt: skip


def _schedule(hand: Hand) -> object:
    if not _target(hand)[0]:
        _scale(hand, 0, 3)
    up = action(SCHEDULE, UP)
    return hand.client("application-autoscaling").put_scheduled_action(
        **hand.scaled, ScheduledActionName=UP, Schedule=up["schedule"], Timezone="Asia/Kathmandu",
        ScalableTargetAction={"MinCapacity": up["min"], "MaxCapacity": up["max"]},
    )  # fmt: skip


def _scheduled(hand: Hand) -> Any:
    found = hand.client("application-autoscaling").describe_scheduled_actions(
        ServiceNamespace="lambda", ResourceId=hand.scaled["ResourceId"]
    )["ScheduledActions"]
    return [(each["Schedule"], each.get("Timezone")) for each in found if each["ScheduledActionName"] == UP]


def _traced(hand: Hand) -> Step:
    return Step(
        "function-configuration", hand.name, {"tracing": "PassThrough"}, {"tracing": "Active"}, "tracing",
        rule="tracing",
    )  # fmt: skip


def _scaled_by(hand: Hand) -> tuple[Step, ...]:
    where, setting, shown = f"{hand.name}:live", "provisioned_schedule.live", (None, SCHEDULE)
    told: dict[str, Any] = {"setting": setting, "shown": shown, "rule": "provisioned-concurrency-schedule"}
    capacity = {"min": 0, "max": SCHEDULE["executions"]}
    return (
        Step("scalable-target", where, {"capacity": None}, {"capacity": capacity}, **told),
        *(
            Step("scheduled-action", f"{where}/{name}", {"action": None}, {"action": action(SCHEDULE, name)}, **told)
            for name in (UP, DOWN)
        ),
    )


def _one(kind: str, field: str, before: Any, after: Any, **told: Any) -> Callable[[Hand], tuple[Step, ...]]:
    """One field of the function itself."""
    return lambda hand: (Step(kind, hand.name, {field: before}, {field: after}, **{"setting": field, **told}),)


def _with_a_queue(hand: Hand) -> tuple[Step, ...]:
    told: dict[str, Any] = {"setting": "dead_letter_arn", "shown": (None, hand.queue_arn), "rule": "dead-letter-queue"}
    before, after = {"dead_letter_arn": None}, {"dead_letter_arn": hand.queue_arn}
    return (
        Step("queue", hand.queue, {"exists": False}, {"exists": True}, **told),
        Step("function-configuration", hand.name, before, after, **told),
    )


def _with_a_group(hand: Hand) -> tuple[Step, ...]:
    told: dict[str, Any] = {"setting": "retention_days", "shown": (None, 7), "rule": "log-retention"}
    return (
        Step("log-group", hand.group, {"exists": False}, {"exists": True}, **told, named=hand.group),
        Step("log-retention", hand.group, {"retention_days": None}, {"retention_days": 7}, **told, named=hand.group),
    )


def _with_an_alarm(hand: Hand) -> tuple[Step, ...]:
    definition = {**_MINE, "Dimensions": [{"Name": "FunctionName", "Value": hand.name}]}
    shown = {"alarm": hand.name, "threshold": _MINE["Threshold"], "definition": definition}
    return (
        Step("alarm", hand.name, {"definition": None}, {"definition": definition}, "alarm", (None, shown), "alarms"),
    )


def _with_a_permission(hand: Hand) -> tuple[Step, ...]:
    before, after, told = {"document": None}, {"document": may_trace()}, ("PassThrough", "Active")
    return (
        Step("role-policy", f"{hand.role}/{MAY_TRACE}", before, after, "tracing", told, "tracing"),
        _traced(hand),
    )


def _of_a_bucket(kind: str, field: str, after: Any) -> Callable[[Hand], tuple[Step, ...]]:
    return lambda hand: (Step(kind, hand.bucket, {field: None}, {field: after}, field, named=hand.bucket),)


def _invoking(hand: Hand) -> tuple[Step, ...]:
    return (
        Step("event-invoke-config", hand.name, {"async_retries": None}, {"async_retries": 0}, "async_retries", (2, 0)),
    )


def _polled(hand: Hand) -> tuple[Step, ...]:
    uuid = _mapping(hand)["UUID"]
    before, after = {"max_concurrency": None}, {"max_concurrency": 5}
    return (Step("event-source", uuid, before, after, f"max_concurrency.{hand.queue}", (None, 5), named=uuid),)


ROWS: tuple[Row, ...] = (
    Row("function-configuration", _one("function-configuration", "memory_mb", 3008, 1024), _configure,
        lambda hand: hand.configuration()["Configuration"]["MemorySize"]),
    Row("function-code", _one("function-code", "architecture", "x86_64", "arm64"), _deploy_code, _code),
    Row("function-concurrency", _one("function-concurrency", "reserved_concurrency", None, 50),
        lambda hand: hand.functions().put_function_concurrency(FunctionName=hand.name, ReservedConcurrentExecutions=0),
        _reserved),
    Row("function-version",
        lambda hand: (Step("function-version", f"{hand.name}:1", {"exists": True}, {"exists": False}, "versions",
                           (["1", "2"], ["2"])),),
        _alias, _versions, prepare=_publish, never_back=True),
    Row("log-group", _with_a_group, lambda hand: hand.client("logs").create_log_group(logGroupName=hand.group), _group,
        claim=_filter, same=True),
    Row("log-retention", lambda hand: _with_a_group(hand)[1:],
        lambda hand: hand.client("logs").put_retention_policy(logGroupName=hand.group, retentionInDays=3653),
        _retention, prepare=lambda hand: hand.client("logs").create_log_group(logGroupName=hand.group)),
    Row("queue", _with_a_queue, lambda hand: _make_queue(hand, VisibilityTimeout="99"), _attributes,
        prepare=lambda hand: _allow(hand, "sends", "sqs:*"), claim=lambda hand: _visible(hand, 77), same=True),
    Row("queue-visibility",
        lambda hand: (Step("queue-visibility", hand.queue, {"visibility_timeout_s": 30}, {"visibility_timeout_s": 90},
                           f"visibility_timeout_s.{hand.queue}", (30, 90)),),
        lambda hand: _visible(hand, 77), _attributes, prepare=_make_queue),
    Row("role-policy", _with_a_permission, lambda hand: _allow(hand, MAY_TRACE, "xray:*"), _policy),
    Row("alarm", _with_an_alarm, _page, _alarm),
    Row("bucket-versioning", _of_a_bucket("bucket-versioning", "versioning", "Enabled"),
        lambda hand: _versioned(hand, "Suspended"),
        lambda hand: hand.client("s3").get_bucket_versioning(Bucket=hand.bucket).get("Status"), prepare=_bucket, same_back=True),
    Row("bucket-lifecycle", _of_a_bucket("bucket-lifecycle", "noncurrent_days", 90), _our_rule, _rules,
        prepare=_bucket),
    Row("event-invoke-config", _invoking,
        lambda hand: hand.client("lambda").put_function_event_invoke_config(
            FunctionName=hand.name, MaximumRetryAttempts=1),
        _retries),
    Row("event-source", _polled, _limit, lambda hand: _mapping(hand).get("ScalingConfig"), prepare=_map),
    Row("provisioned-concurrency",
        lambda hand: (Step("provisioned-concurrency", f"{hand.name}:live", {"provisioned": 9}, {"provisioned": 2},
                           "provisioned_concurrency.live", (9, 2)),),
        lambda hand: _provision(hand, 4), _provisioned, prepare=lambda hand: (_live(hand), _provision(hand, 9))),
    Row("recursive-loop", _one("recursive-loop", "recursive_loop", "Allow", "Terminate"),
        lambda hand: _loops(hand, "Terminate"),
        lambda hand: hand.client("lambda").get_function_recursion_config(FunctionName=hand.name)["RecursiveLoop"],
        prepare=lambda hand: _loops(hand, "Allow"), claim=lambda hand: _loops(hand, "Allow"), same=True, same_back=True),
    Row("scalable-target", _scaled_by, lambda hand: _scale(hand, 1, 5), _target, prepare=_live, claim=_track),
    Row("scalable-capacity",
        lambda hand: (Step("scalable-capacity", f"{hand.name}:live", {"capacity": {"min": 7, "max": 20}},
                           {"capacity": {"min": 2, "max": 20}}, "scalable_target.live",
                           ({"min": 7, "max": 20}, {"min": 2, "max": 20})),),
        lambda hand: _scale(hand, 3, 9), _target, prepare=lambda hand: (_live(hand), _scale(hand, 7, 20))),
    Row("scheduled-action", lambda hand: (lambda all: (all[1], all[0], all[2]))(_scaled_by(hand)), _schedule,
        _scheduled, prepare=_live),
)  # fmt: skip


def deploy(aws: Aws) -> Mapping[str, Hand]:
    """A function of its own for every kind, and all that has to be there before."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})

    def make(row: Row) -> tuple[str, Hand]:
        hand = Hand(aws, row.kind)
        role = hand.client("iam").create_role(RoleName=hand.role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        hand.client("lambda").create_function(
            FunctionName=hand.name, Runtime="python3.12", Handler="index.handler", Role=role, MemorySize=3008,
            Code={"ZipFile": package()},
        )  # fmt: skip
        row.prepare(hand)
        return row.kind, hand

    return dict(side_by_side(make, ROWS))


def side_by_side(do: Callable[[Row], Any], rows: Iterable[Row]) -> list[Any]:
    """The same for each row, several at once."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(do, rows))


def plan(hands: Mapping[str, Hand], now: str) -> Plan:
    """One plan with the operations of every row; the first of each row is known by its kind."""
    functions: list[PlannedFunction] = []
    operations: list[Operation] = []
    known = side_by_side(lambda row: (row.steps(hands[row.kind]), hands[row.kind].configuration()), ROWS)
    for row, (steps, answer) in zip(ROWS, known, strict=True):
        hand, found = hands[row.kind], answer["Configuration"]
        functions.append(
            PlannedFunction(
                account_id=hand.aws.account, region=REGION, name=hand.name, arn=hand.arn,
                revision_id=found["RevisionId"], owner=None, changes=tuple(_changes(steps)),
                role_arn=found["Role"], log_group=hand.group,
            )
        )  # fmt: skip
        operations += _in_order([_operation(hand, row, place, step, found) for place, step in enumerate(steps)])
    made = Plan(
        plan_id="", created_at=now, policy="every kind", assumptions={}, functions=tuple(functions),
        operations=tuple(operations), summary=summarize(functions),
    )  # fmt: skip
    return replace(made, plan_id=plan_hash(made))


def _changes(steps: tuple[Step, ...]) -> Iterator[Change]:
    told: set[tuple[str, str]] = set()
    for step in steps:
        if (step.rule, step.setting) not in told:
            told.add((step.rule, step.setting))
            before, after = step.shown or (*step.before.values(), *step.after.values())
            yield Change(
                rule=step.rule, setting=step.setting, before=before, after=after, reason="it is so", risk=Risk.LOW,
                resource=step.named,
            )  # fmt: skip


def _operation(hand: Hand, row: Row, place: int, step: Step, found: Any) -> Operation:
    guarded = step.kind in ("function-configuration", "function-code")
    return Operation(
        id=row.kind if not place else f"{row.kind}-{place}", account_id=hand.aws.account, region=REGION,
        function=hand.arn, key=Key(step.kind, step.resource), before=step.before, after=step.after,
        changes={name: (ChangeRef(hand.arn, step.rule, step.setting),) for name in step.after},
        revision_id=found["RevisionId"] if guarded else None,
    )  # fmt: skip


# What makes way for the others comes first, and the others need it.
_FIRST = ("queue", "log-group", "role-policy", "scalable-target")


def _in_order(operations: list[Operation]) -> list[Operation]:
    first = [each for each in operations if each.key.kind in _FIRST]
    ids = tuple(each.id for each in first)
    rest = [each for each in operations if each.key.kind not in _FIRST]
    return first + [replace(each, requires=dict.fromkeys(each.after, ids) if ids else {}) for each in rest]
