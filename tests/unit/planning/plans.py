"""A plan with operations of every kind, as the planner makes it, and the run that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache

from pydantic import JsonValue

from lambda_tailor.documents import plan_hash
from lambda_tailor.model.evidence import EventSource, Trigger
from lambda_tailor.model.function import Found, Function, Lookup, Missing
from lambda_tailor.model.plan import Operation, Plan
from lambda_tailor.model.record import RunRecord, StepRecord
from lambda_tailor.model.run import Result, Status
from lambda_tailor.model.secret import FINGERPRINT, PRESENT, REFERENCE, SEALED, Secret, token
from lambda_tailor.planning.planner import Value, make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.policy.file import parse_policy
from lambda_tailor.rules.rule import ConcurrencyPool
from tests.builders import ACCOUNT, REGION, a_function, evidence

POLICY = """
preset: reference
rules:
  environment:
    variables: {DATABASE_URL: "secretsmanager:database-url-{suffix}", LOG_LEVEL: "ssm:level"}
    overwrite: true
  dead-letter-queue: {queue: "lambda-dlq-{suffix}", add_permission: true}
  ephemeral-storage: {target_mb: 512}
  log-format: {format: JSON}
  unbounded-recursion: {terminate: true}
  async-retries: {retries: 0, max_age_s: 3600}
  old-versions: {keep: 1, prune: true}
  provisioned-concurrency: {}
  sqs-visibility: {fix: true}
  event-source-concurrency: {target: 5}
  provisioned-concurrency-schedule: {}
  architecture: {target: arm64}
  deployment-bucket-versioning: {bucket: "lambda-deployment-{suffix}", noncurrent_days: 90}
"""
DLQ = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lambda-dlq-dev"


INCOMING = f"arn:aws:sqs:{REGION}:{ACCOUNT}:incoming"


def the_function() -> Function:
    """A function with something to change of every kind."""
    name = "lambda-function-dev"
    bare = a_function(name, ephemeral_mb=2048)
    duration = {"MetricName": "Duration", "Threshold": 9.0, "AlarmActions": ["arn:aws:sns:us-east-1:1:mine"]}
    return replace(
        bare,
        resources={
            Lookup("log-group", bare.log_group): Missing(),
            Lookup("queue", "lambda-dlq-dev"): Missing(),
            Lookup("may-send", f"{bare.role_arn} {DLQ}"): Found({"allowed": False}),
            Lookup("role-may", f"{bare.role_arn} sqs:SendMessage {DLQ}"): Found({"allowed": False}),
            Lookup("alarm", "lambda-error-rate-dev"): Missing(),
            Lookup("alarm", "lambda-duration-dev"): Found({"definition": duration}),
            Lookup("secret", "database-url-dev"): Found({"value": Secret("postgres://")}),
            Lookup("parameter", "level"): Found({"value": Secret("DEBUG")}),
            Lookup("buckets", "lambda-deployment-dev"): Found({"names": ["lambda-deployment-dev"]}),
            Lookup("bucket", "lambda-deployment-dev"): Found({"name": "lambda-deployment-dev", "versioning": None}),
            Lookup("bucket-lifecycle", "lambda-deployment-dev 90"): Found(
                {"days": None, "others": [], "noncurrent_bytes": 0, "expiring_bytes": 0, "whole": True}
            ),
            Lookup("layer", "lambda-layer-shared-dev"): Found({"arn": "arn:aws:lambda:us-east-1:1:layer:l:1"}),
            Lookup("recursion", name): Found({"recursive_loop": "Allow"}),
            Lookup("event-invoke-config", name): Found({"async_retries": 2}),
            Lookup("versions", name): Found({"versions": ["1", "2", "3"], "referenced": []}),
            Lookup("provisioned", name): Found({"provisioned": {"live": 9, "beta": 9}}),
            Lookup("provisioned-use", f"{name}:beta"): Found({"peak": 2.0, "by_hour": [2.0] * 24}),
            Lookup("provisioned-use", f"{name}:live"): Found(
                {"peak": 2.0, "by_hour": [0.0] * 8 + [2.0] * 8 + [0.0] * 8}
            ),
            Lookup("scalable-target", name): Found({"targets": {"beta": [7, 20]}, "scheduled": []}),
            Lookup("version-use", f"{name} 1,2"): Found({"used": {}}),
            Lookup("code", name): Found({"x86": []}),
        },
    )


@cache
def the_plan() -> Plan:
    """The plan for it, as it is saved."""
    function = the_function()
    seen = replace(
        evidence(async_events=5, provisioned_max=2, memory_used=200),
        triggers=(Trigger("queue", INCOMING, visibility_timeout_s=10),),
        event_sources=(EventSource(uuid="u-1", source=INCOMING, kind="queue", visibility_timeout_s=10),),
    )
    reading = ScopeData(
        account_id=ACCOUNT,
        region=REGION,
        functions=[function],
        evidence={function.arn: seen},
        pool=ConcurrencyPool(1000, 0),
    )
    policy = parse_policy(POLICY, "p.yaml", date(2026, 11, 24))
    made = make_plan(policy, [reading], worth=lambda _: lambda asked: [Value()] * len(asked), created_at="2026-11-24")
    return replace(made, plan_id=plan_hash(made))


def a_run(plan: Plan, of_run: str | None = None) -> RunRecord:
    """The run that applied all of it."""
    return RunRecord(
        run_id="run-1", plan=plan, of_run=of_run, status=Status.SUCCEEDED, started_at="2026-11-24T00:00:00Z",
        finished_at="2026-11-24T00:01:00Z", user="", api_calls={},
        steps={operation.id: a_step(operation) for operation in plan.operations},
    )  # fmt: skip


def a_step(operation: Operation) -> StepRecord:
    """An operation as the journal has it once it is done."""
    return StepRecord(
        operation_id=operation.id, call="lambda:UpdateFunctionConfiguration", was=_noted(operation.before, SEALED),
        wrote=_noted(operation.after, FINGERPRINT), result=Result.APPLIED, detail="",
    )  # fmt: skip


def _noted(fields: Mapping[str, JsonValue], kind: str) -> dict[str, JsonValue]:
    secret = (PRESENT, REFERENCE, SEALED, FINGERPRINT)
    return {n: {kind: "x"} if any(token(v, k) is not None for k in secret) else v for n, v in fields.items()}
