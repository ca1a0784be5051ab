"""Which resource and attribute of Terraform's a setting is, and what stands there where nothing is written.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.terraform.state import Instance, State

FUNCTION = "aws_lambda_function"
LOG_GROUP = "aws_cloudwatch_log_group"
INVOKE_CONFIG = "aws_lambda_function_event_invoke_config"
PROVISIONED = "aws_lambda_provisioned_concurrency_config"


@dataclass(frozen=True, slots=True)
class Target:
    """An attribute: its resource's type, the path to it, its type for a variable.

    ``absent`` is what the provider takes where the attribute is not written; ``nothing`` how None is written.
    """

    type: str
    path: tuple[str, ...]
    kind: str = "number"
    absent: JsonValue = None
    nothing: JsonValue = None

    @property
    def variable(self) -> str:
        """A name for the setting where one is needed in a map or a module."""
        return {"target_arn": "dead_letter_target_arn", "mode": "tracing_mode", "size": "ephemeral_storage_size"}.get(
            self.path[-1], self.path[-1]
        )


TARGETS: dict[str, Target] = {
    "memory_mb": Target(FUNCTION, ("memory_size",), absent=128),
    "timeout_s": Target(FUNCTION, ("timeout",), absent=3),
    "reserved_concurrency": Target(FUNCTION, ("reserved_concurrent_executions",), absent=-1, nothing=-1),
    "layers": Target(FUNCTION, ("layers",), "list(string)", absent=[]),
    "dead_letter_arn": Target(FUNCTION, ("dead_letter_config", "target_arn"), "string"),
    "tracing": Target(FUNCTION, ("tracing_config", "mode"), "string", absent="PassThrough"),
    "ephemeral_mb": Target(FUNCTION, ("ephemeral_storage", "size"), absent=512),
    "log_format": Target(FUNCTION, ("logging_config", "log_format"), "string", absent="Text"),
    "architecture": Target(FUNCTION, ("architectures",), "list(string)", absent=["x86_64"]),
    "retention_days": Target(LOG_GROUP, ("retention_in_days",), absent=0, nothing=0),
    "async_retries": Target(INVOKE_CONFIG, ("maximum_retry_attempts",), absent=2),
    "async_max_age_s": Target(INVOKE_CONFIG, ("maximum_event_age_in_seconds",), absent=21600),
    "provisioned_concurrency": Target(PROVISIONED, ("provisioned_concurrent_executions",)),
}


def as_written(target: Target, value: JsonValue) -> JsonValue:
    """A plan's value as the attribute has it."""
    if value is None:
        return target.nothing
    return [value] if target.path == ("architectures",) and isinstance(value, str) else value


def same(target: Target, one: JsonValue, other: JsonValue) -> bool:
    """Whether two values of the attribute mean the same; what is not written means the provider's default."""

    def meaning(value: JsonValue) -> JsonValue:
        value = target.absent if value is None else value
        return (
            int(value) if target.kind == "number" and isinstance(value, str) and value.lstrip("-").isdigit() else value
        )

    return meaning(one) == meaning(other)


def resource(state: State, function: Instance, wanted: Wanted, target: Target) -> Instance | None:
    """The instance in the state that has the setting of that function."""
    if target.type == FUNCTION:
        return function
    if target.type == LOG_GROUP:
        return state.find(LOG_GROUP, "name", log_group(function, wanted), near=function)
    arn, name = function.attributes.get("arn"), function.attributes.get("function_name")
    return state.find(target.type, "function_name", name, near=function) or state.find(
        target.type, "function_name", arn
    )


def log_group(function: Instance, wanted: Wanted) -> str:
    """The name of the group that the function writes to."""
    configured = function.attributes.get("logging_config")
    named = configured[0].get("log_group") if isinstance(configured, list) and configured else None  # type: ignore[union-attr]
    return wanted.log_group or (named if isinstance(named, str) else "") or f"/aws/lambda/{wanted.function}"
