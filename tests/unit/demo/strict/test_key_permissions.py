from __future__ import annotations

import pytest

from lambda_tailor.demo.strict.key_permissions import under

THROUGH = {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}


def statement(condition: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": condition}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}}, True),
        ({"StringLike": {"KMS:viaservice": ["lambda.*", "sqs.*.amazonaws.com"]}}, True),
        ({"StringEquals": {"kms:ViaService": "sqs.*.amazonaws.com"}}, False),
        ({"StringLike": {"kms:ViaService": "lambda.*.amazonaws.com"}}, False),
        ({"StringEquals": {"kms:RequestAlias": "alias/a"}}, False),
        ({"ForAnyValue:StringLike": {"kms:ViaService": "*"}}, False),
    ],
)
def test_a_statement_stands_where_its_conditions_on_keys_hold(condition: object, holds: bool) -> None:
    left = under({"Statement": statement(condition)}, THROUGH)["Statement"]
    assert left == ([{**statement({}), "Condition": {}}] if holds else [])


def test_other_conditions_are_left_to_be_judged() -> None:
    region = {"aws:RequestedRegion": "eu-west-1"}
    asked = {"StringEquals": {"kms:ViaService": THROUGH["kms:ViaService"], **region}}
    (left,) = under({"Statement": [statement(asked)]}, THROUGH)["Statement"]
    assert left["Condition"] == {"StringEquals": region}
