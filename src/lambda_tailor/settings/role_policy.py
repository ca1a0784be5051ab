"""One inline policy of an IAM role, named ``ROLE/POLICY``; its document, or None.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import unquote

from pydantic import JsonValue

from lambda_tailor import arns
from lambda_tailor.iam.permission import ANY_FUNCTION, FUNCTION, ROLE, Action
from lambda_tailor.settings.setting import Answer, Call, ResourceAddress, Setting, State
from lambda_tailor.settings.shown import Shown, same

KIND = "role-policy"
# The policy that lets a function send to its dead-letter queue or on-failure destination.
MAY_SEND = "lambda-tailor-dead-letter-queue"
MAY_TRACE = "lambda-tailor-tracing"
# What the role has to be allowed by the service of the ARN that failed events go to, and what is put behind the ARN.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
DELIVERS: Mapping[str, Mapping[str, str]] = {
    "sqs": {"sqs:SendMessage": ""},
    "sns": {"sns:Publish": ""},
    "events": {"events:PutEvents": ""},
    "s3": {"s3:ListBucket": "", "s3:PutObject": "/*"},
}


def may_deliver(arn: str) -> dict[str, JsonValue]:
    """The document of the policy that lets a role send failed events to that queue, topic, bus or bucket."""
    actions = DELIVERS[arns.part(arn, 2)]
    statements: list[JsonValue] = [
        {"Effect": "Allow", "Action": action, "Resource": f"{arn}{tail}"} for action, tail in actions.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def may_trace() -> dict[str, JsonValue]:
    """The document of the policy that lets a role send traces, which have no ARN.

    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    actions: JsonValue = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    statement: JsonValue = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _names(address: ResourceAddress) -> dict[str, str]:
    role, _, policy = address.resource.rpartition("/")
    return {"RoleName": role, "PolicyName": policy}


def read(address: ResourceAddress) -> Call:
    """GetRolePolicy."""
    return Call("iam", "GetRolePolicy", _names(address))


def observe(_place: ResourceAddress, answer: Answer | None) -> State:
    """``document`` as a JSON object."""
    document: JsonValue = None
    if answer is not None:
        raw = answer["PolicyDocument"]
        document = dict(raw) if isinstance(raw, Mapping) else json.loads(unquote(raw))
    return {"document": document}


def write(address: ResourceAddress, _observed: State, wanted: State) -> Call:
    """Put the document, or delete the policy."""
    if wanted["document"] is None:
        return Call("iam", "DeleteRolePolicy", _names(address))
    document = json.dumps(wanted["document"], sort_keys=True)
    return Call("iam", "PutRolePolicy", {**_names(address), "PolicyDocument": document})


def removes(wanted: State) -> bool:
    """Whether it is to be deleted."""
    return wanted.get("document") is None


def follows(shown: Shown) -> bool:
    """The function's own role may send to where the change shows, or its traces, and nothing else."""
    role, _, policy = shown.resource.rpartition("/")
    own = not shown.function.role_arn or role == shown.function.role_arn.rpartition("/")[2]
    target = shown.change.after
    if own and policy == MAY_TRACE and shown.change.setting == "tracing" and target == "Active":
        return shown.field == "document" and shown.before is None and same(shown.after, may_trace())
    sends = own and policy == MAY_SEND and shown.change.setting in ("dead_letter_arn", "on_failure_destination")
    if not (sends and isinstance(target, str) and arns.part(target, 2) in DELIVERS):
        return False
    return shown.field == "document" and shown.before is None and same(shown.after, may_deliver(target))


SETTING = Setting(
    kind=KIND,
    title="role policy",
    source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html",
    read=read,
    observe=observe,
    write=write,
    removes=removes,
    follows=follows,
    prepares=True,
    eventual=True,
    absent_codes=frozenset({"NoSuchEntity", "NoSuchEntityException"}),
    read_actions=(Action("iam:GetRolePolicy", ROLE),),
    undo_actions=(
        Action("lambda:ListFunctions"),
        Action("lambda:ListFunctionEventInvokeConfigs", ANY_FUNCTION),
        Action("lambda:GetFunction", FUNCTION),
    ),
    write_actions=(Action("iam:PutRolePolicy", ROLE), Action("iam:DeleteRolePolicy", ROLE)),
)
