"""Small builders for the words of the model, with defaults that a test overrides where it matters."""

from __future__ import annotations

from typing import Any

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Function, Lookup, Resource
from lambda_tailor.model.secret import Secret

ACCOUNT = "123456789012"
REGION = "us-east-1"


def a_function(
    name: str = "lambda-function-dev", *, resources: dict[Lookup, Resource] | None = None, **given: Any
) -> Function:
    """A wasteful function."""
    defaults: dict[str, Any] = {
        "account_id": ACCOUNT,
        "region": REGION,
        "name": name,
        "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "revision_id": "rev-1",
        "suffix": name.removeprefix("lambda-function-"),
        "runtime": "python3.12",
        "memory_mb": 3008,
        "timeout_s": 300,
        "environment": {"ENVIRONMENT": Secret("dev"), "LOG_LEVEL": Secret("INFO")},
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role-dev",
        "log_group": f"/aws/lambda/{name}",
        "resources": resources or {},
    }
    return Function(**{**defaults, **given})


def measured(value: float, unit: str = "ms", samples: int = 1000) -> Measured:
    """A measurement over 14 days."""
    return Measured(value, unit, "test", 14.0, samples)


def evidence(**values: float) -> Evidence:
    """Evidence with these readings measured and all others absent."""
    readings: dict[str, Any] = {name: measured(value) for name, value in values.items()}
    return Evidence(**readings)
