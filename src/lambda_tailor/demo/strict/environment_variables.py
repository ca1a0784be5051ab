"""Variables that Lambda refuses: together too long as JSON text, or named as its own are.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_tailor.demo.strict.behaviour import Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

_BYTES = 4096
# Lambda's own; it takes others that begin with AWS_, such as AWS_XRAY_CONTEXT_MISSING.
_RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
        "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    }
)  # fmt: skip
_UNABLE = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided"
)


class EnvironmentVariables(Passing):
    """Refuses in AWS's words."""

    async def before(self, exchange: Exchange) -> Answer | None:
        """Look at the variables of a function that is made or changed."""
        if exchange.name not in ("lambda:UpdateFunctionConfiguration", "lambda:CreateFunction"):
            return None
        message = refused((exchange.parameters().get("Environment") or {}).get("Variables") or {})
        return None if message is None else refusal(exchange, "InvalidParameterValueException", message)


def refused(variables: Mapping[str, Any]) -> str | None:
    """Why AWS does not take them, or None."""
    if reserved := sorted(_RESERVED & variables.keys()):
        return (
            f"{_UNABLE} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    text = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    return f"{_UNABLE} exceeded the 4KB limit." if len(text.encode()) > _BYTES else None


BEHAVIOUR = Registered(lambda _layer: EnvironmentVariables(), order=11)
