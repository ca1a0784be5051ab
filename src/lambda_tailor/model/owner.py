"""Who deployed a function, by the marks that each tool leaves, and what the tool does to a change of ours.

Terraform and OpenTofu leave none: only their state tells. A team's own tag is taken at its word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

STACK = "aws:cloudformation:stack-name"
LOGICAL_ID = "aws:cloudformation:logical-id"
# The tools that deploy stacks of CloudFormation.
STACK_TOOLS = ("cloudformation", "sam", "cdk", "serverless", "copilot")
_MANAGED = {"managed-by", "managed_by", "managedby"}
# What people write where no tool is the owner.
_NOBODY = {"", "manual", "manually", "none", "no", "false", "0", "hand", "by-hand", "human", "console", "nobody", "n/a"}
# CDK's logical ids end with a hash of the construct's path.
_CDK_ID = re.compile(r"\w+[0-9A-F]{8}")
_CHALICE_APP = re.compile(r"(?:^|:)app=([^:]+)")
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function: what is optional and
# computed is left as it is where the configuration does not say it.
_LEFT_BY_TERRAFORM = {"tracing", "ephemeral_mb", "log_format", "architecture"}


def owner_of(tags: Mapping[str, str]) -> str | None:
    """``TOOL`` or ``TOOL:NAME``, as far as tags tell."""
    if stack := tags.get(STACK):
        return f"{_stack_tool(tags)}:{stack}"
    if project := tags.get("pulumi:project"):
        return "pulumi:" + "/".join(filter(None, (project, tags.get("pulumi:stack"))))
    if app := tags.get("sst:app"):
        return "sst:" + "/".join(filter(None, (app, tags.get("sst:stage"))))
    if chalice := tags.get("aws-chalice"):
        app_name = _CHALICE_APP.search(chalice)
        return f"chalice:{app_name[1]}" if app_name else "chalice"
    if tags.get("Project") == "ZappaProject":
        return "zappa"
    if "crossplane-kind" in tags:
        return ":".join(filter(None, ("crossplane", tags.get("crossplane-name"))))
    if any(key.startswith("services.k8s.aws/") for key in tags):
        return ":".join(filter(None, ("ack", tags.get("services.k8s.aws/namespace"))))
    return _said(tags)


def _stack_tool(tags: Mapping[str, str]) -> str:
    logical_id = tags.get(LOGICAL_ID, "")
    if "copilot-application" in tags:
        return "copilot"
    if tags.get("lambda:createdBy") == "SAM":
        return "sam"
    if logical_id.endswith("LambdaFunction") and "STAGE" in tags:
        return "serverless"
    return "cdk" if _CDK_ID.fullmatch(logical_id) else "cloudformation"


def _said(tags: Mapping[str, str]) -> str | None:
    """A tag of the team's own: ``ManagedBy=terraform``, ``terraform=true``."""
    for key, value in tags.items():
        if key.lower() in _MANAGED and value.lower() not in _NOBODY:
            return value.lower()
    if any(k.lower().startswith("terraform") and v.lower() not in _NOBODY for k, v in tags.items()):
        return "terraform"
    return None


def deployed_as(tags: Mapping[str, str]) -> dict[str, str]:
    """The names that a stack has for the function: ``stack`` and ``logical_id``, where there are such."""
    named = {"stack": tags.get(STACK), "logical_id": tags.get(LOGICAL_ID)}
    return {name: value for name, value in named.items() if value}


def shows_values(owner: str) -> str | None:
    """Where the tool shows the values of variables that it did not set itself, as the beginning of a sentence.

    https://developer.hashicorp.com/terraform/language/manage-sensitive-data
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html
    https://www.pulumi.com/docs/iac/cli/commands/pulumi_refresh/
    """
    match owner.partition(":")[0]:
        case "terraform" | "opentofu":
            return "Terraform's plan and state show"
        case tool if tool in STACK_TOOLS:
            return "Where the template has variables, CloudFormation's drift detection shows"
        case "pulumi" | "sst":
            return "A refresh writes into Pulumi's state"
    return None


def reverts(owner: str, settings: Collection[str]) -> str:
    """What the tool does to changes of these settings, in one sentence."""
    tool = owner.partition(":")[0]
    by = f"deployed by {owner}"
    match tool:
        case "terraform" | "opentofu":
            back = sorted(set(settings) - _LEFT_BY_TERRAFORM)
            if not back:
                return f"{by}, whose apply leaves this as it is unless its source says otherwise"
            return f"{by}, whose next apply puts this back unless its source changes too: lambda-tailor write-back"
        case tool if tool in STACK_TOOLS:
            when = "only when the template's own property changes, or with a drift-aware change set"
            return f"{by}, which reverts this {when}: change its source too with lambda-tailor write-back"
        case "pulumi" | "sst":
            return f"{by}, which reverts this only with --refresh: up compares with the recorded state"
        case "crossplane" | "ack":
            return f"{by}, whose controller reverts this within minutes: change its manifest instead"
    return f"{by}, whose next deployment may revert this unless its source changes too"
