"""What is told beside a function: where the tool that deployed it would show the values that a plan puts into it."""

from __future__ import annotations

import pytest

from lambda_tailor.planning.notes import owners_notes
from tests.unit.report.plans import a_change

VALUE, REFERENCE = "secretsmanager:database-url", "secret-arn:database-url"


def told(owner: str, after: str) -> str:
    change = a_change(rule="environment", setting="environment.DATABASE_URL", before=None, after=after)
    return "\n".join(owners_notes(owner, [a_change(), change]))


@pytest.mark.parametrize(
    ("owner", "where"),
    [
        ("terraform", "Terraform's plan and state show the values of DATABASE_URL in clear"),
        ("opentofu:team", "Terraform's plan and state show the values of DATABASE_URL in clear"),
        ("sam:orders", "CloudFormation's drift detection shows the values of DATABASE_URL in clear"),
        ("cloudformation:orders", "CloudFormation's drift detection shows the values of DATABASE_URL in clear"),
        ("pulumi:orders/dev", "A refresh writes into Pulumi's state the values of DATABASE_URL in clear"),
    ],
)
def test_where_a_value_will_be_seen_is_told_before_it_is_put_there(owner: str, where: str) -> None:
    assert where in told(owner, VALUE)
    assert "mode: reference keeps them out" in told(owner, "ssm:/orders/url")
    # A reference is no value, and no other change has one.
    assert "in clear" not in told(owner, REFERENCE)
    assert "memory" not in told(owner, VALUE).partition("in clear")[0].rpartition("\n")[2]


def test_a_tool_that_keeps_no_values_is_not_accused() -> None:
    assert "in clear" not in told("crossplane:orders", VALUE)
