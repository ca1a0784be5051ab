"""Keys of the customer's own: used through the services that are asked anyway, and through no other."""

from __future__ import annotations

from lambda_tailor.planning.customer_keys import key_statements


def test_a_key_may_be_used_only_through_the_services_that_are_asked() -> None:
    asked = {"lambda:GetFunction", "secretsmanager:GetSecretValue", "sqs:CreateQueue"}
    (read,) = key_statements(asked, [("aws", "eu-central-1")], "123456789012")
    assert read["Action"] == ["kms:Decrypt"]
    assert read["Resource"] == "arn:aws:kms:eu-central-1:123456789012:key/*"
    via = ["lambda.eu-central-1.amazonaws.com", "secretsmanager.eu-central-1.amazonaws.com"]
    assert read["Condition"] == {"StringLike": {"kms:ViaService": via}}


def test_variables_are_encrypted_where_a_configuration_is_written() -> None:
    places = [("aws", "us-east-1"), ("aws-cn", "cn-north-1")]
    (write,) = key_statements({"lambda:UpdateFunctionConfiguration"}, places, "*")
    assert write["Action"] == ["kms:Encrypt", "kms:GenerateDataKey"]
    assert write["Resource"] == ["arn:aws:kms:us-east-1:*:key/*", "arn:aws-cn:kms:cn-north-1:*:key/*"]
    via = ["lambda.us-east-1.amazonaws.com", "lambda.cn-north-1.amazonaws.com.cn"]
    assert write["Condition"]["StringLike"]["kms:ViaService"] == via


def test_where_nothing_is_encrypted_no_key_is_named() -> None:
    assert list(key_statements({"iam:GetRole", "logs:DescribeLogGroups"}, [("aws", "us-east-1")], "*")) == []
