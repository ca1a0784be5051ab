"""What a role may do, asked of IAM's policy simulator."""

from __future__ import annotations

from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import ROLE, Action
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings.setting import Call


def _may_send(opened: OpenScope, name: str) -> Resource:
    """``ROLE_ARN QUEUE_ARN``: whether IAM lets the role send to the queue."""
    role, _, queue_arn = name.rpartition(" ")
    asked = {"PolicySourceArn": role, "ActionNames": ["sqs:SendMessage"], "ResourceArns": [queue_arn]}
    answer = answer_or_none(
        opened, Call("iam", "SimulatePrincipalPolicy", asked), "NoSuchEntity", "NoSuchEntityException"
    )
    if answer is None:
        return Missing()
    return Found({"allowed": all(r["EvalDecision"] == "allowed" for r in answer["EvaluationResults"])})


KINDS = (
    LookupKind(
        kind="may-send",
        read=one_by_one(_may_send),
        costs="name",
        actions=(Action("iam:SimulatePrincipalPolicy", ROLE),),
    ),
)
