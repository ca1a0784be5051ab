"""What an IAM policy has to allow where a customer's own key encrypts secrets, variables, queues or log groups.

The key is not known beforehand: any of the account may be used, but only by the service that is asked anyway.
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

# What has the service decrypt for whoever asks.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
_DECRYPTS = {
    "lambda:GetFunction": "lambda",
    "secretsmanager:GetSecretValue": "secretsmanager",
    "ssm:GetParameter": "ssm",
    "ssm:GetParameters": "ssm",
    "sqs:ReceiveMessage": "sqs",
    "logs:FilterLogEvents": "logs",
    "logs:StartQuery": "logs",
}
# Variables are encrypted anew whenever the configuration is written.
_ENCRYPTS = {"lambda:UpdateFunctionConfiguration": "lambda"}


def key_statements(
    actions: Collection[str], places: Sequence[tuple[str, str]], account: str
) -> Iterator[Mapping[str, Any]]:
    """The statements for requests that name these IAM actions, in the partitions and regions of an account."""
    for sid, kms, services in (
        ("ReadKms", ["kms:Decrypt"], _DECRYPTS),
        ("WriteKms", ["kms:Encrypt", "kms:GenerateDataKey"], _ENCRYPTS),
    ):
        through = sorted({service for action, service in services.items() if action in actions})
        if through:
            keys = [f"arn:{partition}:kms:{region}:{account}:key/*" for partition, region in places]
            via = [
                f"{service}.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"
                for service in through
                for partition, region in places
            ]
            yield {
                "Sid": sid, "Effect": "Allow", "Action": kms, "Resource": keys[0] if len(keys) == 1 else keys,
                "Condition": {"StringLike": {"kms:ViaService": via}},
            }  # fmt: skip
