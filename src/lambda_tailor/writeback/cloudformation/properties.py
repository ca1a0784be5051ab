"""Which property of a function's resource a setting is, in CloudFormation and in SAM.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

from __future__ import annotations

from pydantic import JsonValue

SERVERLESS = "AWS::Serverless::Function"
LOG_GROUP = "AWS::Logs::LogGroup"

PROPERTIES: dict[str, tuple[str, ...]] = {
    "memory_mb": ("MemorySize",),
    "timeout_s": ("Timeout",),
    "reserved_concurrency": ("ReservedConcurrentExecutions",),
    "layers": ("Layers",),
    "dead_letter_arn": ("DeadLetterConfig", "TargetArn"),
    "tracing": ("TracingConfig", "Mode"),
    "ephemeral_mb": ("EphemeralStorage", "Size"),
    "log_format": ("LoggingConfig", "LogFormat"),
    "architecture": ("Architectures",),
    "async_retries": ("EventInvokeConfig", "MaximumRetryAttempts"),
    "async_max_age_s": ("EventInvokeConfig", "MaximumEventAgeInSeconds"),
}
_IN_SAM = {"dead_letter_arn": ("DeadLetterQueue", "TargetArn"), "tracing": ("Tracing",)}
_ONLY_SAM = {"async_retries", "async_max_age_s"}
# What Lambda takes where the property is not written.
ABSENT: dict[str, JsonValue] = {
    "memory_mb": 128, "timeout_s": 3, "tracing": "PassThrough", "ephemeral_mb": 512, "log_format": "Text",
    "layers": [], "architecture": ["x86_64"], "async_retries": 2, "async_max_age_s": 21600,
}  # fmt: skip


def path(setting: str, type_: str) -> tuple[str, ...] | None:
    """The property's path; None where the resource has none for the setting."""
    if type_ == SERVERLESS:
        return _IN_SAM.get(setting) or PROPERTIES.get(setting)
    return None if setting in _ONLY_SAM else PROPERTIES.get(setting)


def written(setting: str, value: JsonValue) -> JsonValue:
    """A plan's value as the property has it."""
    return [value] if setting == "architecture" and isinstance(value, str) else value


def reference(source: JsonValue) -> str | None:
    """A dynamic reference to a secret, ``secretsmanager:NAME#KEY`` or ``ssm:NAME`` of a plan.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    """
    if not isinstance(source, str):
        return None
    service, _, rest = source.partition(":")
    name, _, key = rest.partition("#")
    if service == "secretsmanager":
        return f"{{{{resolve:secretsmanager:{name}:SecretString{':' + key if key else ''}}}}}"
    # A SecureString cannot be resolved into a function's environment; a String can.
    return f"{{{{resolve:ssm:{name}}}}}" if service == "ssm" else None
