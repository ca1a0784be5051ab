"""Who deployed a function, by each tool's marks; and what the tool does to a change."""

from __future__ import annotations

import pytest

from lambda_tailor.model.owner import deployed_as, owner_of, reverts

STACK = {"aws:cloudformation:stack-name": "shop"}


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        (STACK, "cloudformation:shop"),
        ({**STACK, "aws:cloudformation:logical-id": "Orders", "lambda:createdBy": "SAM"}, "sam:shop"),
        ({**STACK, "aws:cloudformation:logical-id": "OrdersHandlerA1B2C3D4"}, "cdk:shop"),
        ({**STACK, "aws:cloudformation:logical-id": "OrdersLambdaFunction", "STAGE": "dev"}, "serverless:shop"),
        ({**STACK, "copilot-application": "shop"}, "copilot:shop"),
        ({"pulumi:project": "shop", "pulumi:stack": "dev"}, "pulumi:shop/dev"),
        ({"sst:app": "shop", "sst:stage": "dev"}, "sst:shop/dev"),
        ({"aws-chalice": "version=1.31:stage=dev:app=shop"}, "chalice:shop"),
        ({"Project": "ZappaProject"}, "zappa"),
        ({"crossplane-kind": "function.lambda.aws", "crossplane-name": "orders"}, "crossplane:orders"),
        ({"services.k8s.aws/controller-version": "1", "services.k8s.aws/namespace": "shop"}, "ack:shop"),
        ({"ManagedBy": "Terraform"}, "terraform"),
        ({"terraform": "true"}, "terraform"),
        ({"managed-by": "pulumi"}, "pulumi"),
        ({"terraform": "false"}, None),
        ({"ManagedBy": "manual"}, None),
        ({"Project": "other"}, None),
        ({}, None),
    ],
)
def test_each_tool_is_known_by_its_marks(tags: dict[str, str], owner: str | None) -> None:
    assert owner_of(tags) == owner


def test_the_stacks_names_are_kept() -> None:
    tags = {**STACK, "aws:cloudformation:logical-id": "Orders", "team": "x"}
    assert deployed_as(tags) == {"stack": "shop", "logical_id": "Orders"}
    assert deployed_as({}) == {}


@pytest.mark.parametrize(
    ("owner", "settings", "says"),
    [
        ("terraform", {"memory_mb"}, "next apply puts this back"),
        ("terraform", {"tracing", "ephemeral_mb"}, "leaves this as it is"),
        ("sam:shop", {"memory_mb"}, "only when the template's own property changes"),
        ("pulumi:shop/dev", {"memory_mb"}, "only with --refresh"),
        ("ack:shop", {"memory_mb"}, "within minutes"),
        ("deploy.sh", {"memory_mb"}, "may revert"),
    ],
)
def test_what_the_tool_does_to_a_change_is_said_as_it_is(owner: str, settings: set[str], says: str) -> None:
    assert says in reverts(owner, settings)
