"""For every call of a tune: killed just before and just after it; then resume and rollback leave nothing of its copy.

By default some points are tried; ``make faults`` tries all.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.aws.gateway import writes
from lambda_tailor.tuning import copying
from tests.faults.tailor import Tailor
from tests.integration.conftest import Aws, deploy

pytest.importorskip("numpy")

from tests.integration.test_tune import code, nothing_is_left

__all__ = ["deploy"]
THOROUGH = os.environ.get("LAMBDA_TAILOR_FAULTS") == "all"
WAYS = tuple(itertools.product(("before", "after"), ("resume", "rollback")))
Record = Callable[[str, object], None]


@pytest.mark.timeout(2400)
def test_killed_at_every_call_of_a_tune(
    aws: Aws, deploy: Any, tmp_path: Path, record_property: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy("slow", Code=code(), MemorySize=1024, Timeout=10)
    payload = tmp_path / "event.json"
    payload.write_text("{}")
    command = (
        "tune", "slow", "--payload", str(payload), "--auto-approve", "--sizes", "1024", "--max-invocations", "6",
    )  # fmt: skip
    # A call that was held when its tune was killed goes on to the function, as it may in AWS.
    monkeypatch.setattr(copying, "LATE_LOGS_S", 2.0)
    tailor = Tailor(aws, None)
    before = aws.client("lambda").get_function(FunctionName="slow")["Configuration"]
    aws.control.reset()
    aws.run(*command)
    nothing_is_left(aws)
    log = [name for _, _, name, _ in aws.control.log()]
    every = [(number, *way) for number in range(1, len(log) + 1) for way in WAYS]
    # Each write once, in one of the four ways in turn.
    written = [n for n, name in enumerate(log, 1) if writes(name.partition(":")[2]) and name != "lambda:Invoke"]
    points = every if THOROUGH else [(n, *WAYS[place % 4]) for place, n in enumerate(written)]
    assert written
    struck = begun = 0
    for number, when, finish in points:
        if not tailor.killed_at(number, when, *command):
            continue
        struck += 1
        left = [tune for tune in aws.json("runs")["tunes"] if tune["status"] == "interrupted"]
        for tune in left:
            begun += 1
            aws.run(finish, tune["tune_id"], "--auto-approve")
        nothing_is_left(aws)
        assert not [tune for tune in aws.json("runs")["tunes"] if tune["status"] in ("interrupted", "running")]
        assert aws.client("lambda").get_function(FunctionName="slow")["Configuration"] == before
    assert struck >= len(points) * 0.7 > 0, f"the kill struck {struck} of {len(points)} points"
    assert begun
    told = f"{len(points)} points tried, {struck} struck, {begun} of them with a copy, {struck} survived"
    record_property("figure", f"a tune killed before and after its calls: {told}")
