"""Whether AWS can be reached, as whom, with which permissions, and what time it is there."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused, CredentialsError, EndpointUnreachable
from lambda_tailor.model.diagnosis import Check, Health
from lambda_tailor.settings.setting import Call

# AWS refuses requests whose time is off by more than five minutes.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
CLOCK_MAY_BE_OFF_S, REFUSED_BEYOND_S = 30, 300
# One cheap request for each service that a plan reads. Named with the IAM action that it takes.
PROBES = (
    ("lambda:ListFunctions", Call("lambda", "ListFunctions", {"MaxItems": 1})),
    ("lambda:GetAccountSettings", Call("lambda", "GetAccountSettings", {})),
    ("tag:GetResources", Call("tagging", "GetResources", {"ResourcesPerPage": 1})),
    ("cloudwatch:DescribeAlarms", Call("cloudwatch", "DescribeAlarms", {"MaxRecords": 1})),
    ("logs:DescribeLogGroups", Call("logs", "DescribeLogGroups", {"limit": 1})),
    ("sqs:ListQueues", Call("sqs", "ListQueues", {"MaxResults": 1})),
)
_ABSENT = ("NoSuchEntity", "NoSuchEntityException", "InvalidInput")


def reading(opened: OpenScope) -> Iterator[Check]:
    """One check a service: may its listing be read?"""
    for action, call in PROBES:
        try:
            opened.gateway.call(call)
        except AccessDenied:
            yield Check(
                name=action,
                health=Health.FAILED,
                found="not allowed",
                remedy="Attach the policy that 'lambda-tailor iam-policy --plan' prints.",
            )
        except AwsRefused as error:
            yield Check(name=action, health=Health.WARNING, found=str(error), remedy="Try again later.")
        else:
            yield Check(name=action, health=Health.OK, found="allowed")


def writing(opened: OpenScope, actions: Sequence[str]) -> Check:
    """Whether IAM's simulator lets the caller do what ``apply`` takes; nothing is tried."""
    asked = {"PolicySourceArn": principal(opened.caller_arn), "ActionNames": [*actions]}
    try:
        pages = opened.gateway.pages(Call("iam", "SimulatePrincipalPolicy", asked), "Marker")
        results = [result for page in pages for result in page.get("EvaluationResults") or ()]
    except AccessDenied:
        return Check(
            name="permissions to write",
            health=Health.UNKNOWN,
            found="not looked at: iam:SimulatePrincipalPolicy is not allowed",
            remedy="Compare with what 'lambda-tailor iam-policy' prints.",
        )
    except AwsRefused as error:
        found = "not looked at: IAM knows no policies of the caller" if error.code in _ABSENT else str(error)
        return Check(name="permissions to write", health=Health.UNKNOWN, found=found)
    denied = sorted({result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"})
    if not denied:
        return Check(name="permissions to write", health=Health.OK, found=f"all {len(actions)} actions are allowed")
    return Check(
        name="permissions to write",
        health=Health.WARNING,
        found=f"not allowed on everything: {', '.join(denied)}",
        remedy="To apply, attach the policy that 'lambda-tailor iam-policy' prints; a plan does not need it.",
    )


def principal(caller_arn: str) -> str:
    """The role behind an assumed role's session, or the user itself, as the simulator takes it."""
    head, _, name = caller_arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{name.rpartition('/')[0]}" if name else caller_arn


def clock(opened: OpenScope, now: datetime | None = None) -> Check:
    """How far this machine's clock is from AWS's, in seconds."""
    answer = opened.gateway.call(Call("sts", "GetCallerIdentity", {}))
    said = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders", {}).get("date")
    if said is None:
        return Check(name="clock", health=Health.UNKNOWN, found="the endpoint does not tell its time")
    here = now or datetime.now(UTC)
    off = abs((here - email.utils.parsedate_to_datetime(said)).total_seconds())
    if off <= CLOCK_MAY_BE_OFF_S:
        return Check(name="clock", health=Health.OK, found=f"within {CLOCK_MAY_BE_OFF_S} s of AWS's")
    health = Health.FAILED if off > REFUSED_BEYOND_S else Health.WARNING
    return Check(
        name="clock", health=health, found=f"{off:.0f} s from AWS's", remedy="Set the clock, for example by NTP."
    )


def reached(error: CredentialsError | EndpointUnreachable | AccessDenied | AwsRefused, connection: Connection) -> Check:
    """AWS could not be asked who we are."""
    name = "endpoint" if isinstance(error, EndpointUnreachable) else "credentials"
    where = f" ({connection.endpoint_url})" if connection.endpoint_url and name == "endpoint" else ""
    return Check(
        name=name,
        health=Health.FAILED,
        found=f"{error}{where}",
        remedy="Set AWS_PROFILE, or log in with 'aws sso login'." if name == "credentials" else "Check the network.",
    )
