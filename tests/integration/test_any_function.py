"""Properties on the embedded AWS: for any function, plan-apply-plan is empty and apply-rollback gives back what was."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws

Deploy = Callable[..., dict[str, Any]]
_NUMBER = itertools.count()

names = st.from_regex(r"[A-Z][A-Z0-9_]{1,8}", fullmatch=True).filter(lambda n: not n.startswith("AWS"))
values = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=20)
states = st.fixed_dictionaries(
    {
        "MemorySize": st.integers(128, 10240),
        "Timeout": st.integers(1, 900),
        "Environment": st.fixed_dictionaries({"Variables": st.dictionaries(names, values, max_size=4)}),
        "TracingConfig": st.fixed_dictionaries({"Mode": st.sampled_from(["Active", "PassThrough"])}),
        "EphemeralStorage": st.fixed_dictionaries({"Size": st.integers(512, 10240)}),
    }
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=states, retention=st.sampled_from([None, 1, 7, 30]), reserved=st.sampled_from([None, 0, 5, 50]))
def test_plan_apply_plan_is_empty_and_apply_rollback_gives_back_what_was(
    aws: Aws, deploy: Deploy, state: dict[str, Any], retention: int | None, reserved: int | None
) -> None:
    name = f"any-{next(_NUMBER)}"
    deploy(name, **state)
    if retention is not None:
        logs = aws.client("logs")
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        logs.put_retention_policy(logGroupName=f"/aws/lambda/{name}", retentionInDays=retention)
    if reserved is not None:
        functions = aws.client("lambda")
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    before = aws.snapshot()
    target = ["--function", name, "--preset", "reference"]
    run = aws.json("apply", *target, "--auto-approve")
    again = aws.json("plan", *target)
    assert again["operations"] == []
    assert again["summary"]["changes"] == 0
    aws.run("rollback", run["run_id"], "--auto-approve")
    assert differences(before, aws.snapshot()) == []
    aws.client("lambda").delete_function(FunctionName=name)
