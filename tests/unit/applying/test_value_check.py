"""Nothing is written over what is not what the plan had seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_tailor.applying.judgement import Doing, Judge
from lambda_tailor.applying.placeholders import Placeholders
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.run import Ended, Result
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings import all_settings
from tests.unit.planning.plans import the_plan

OPERATIONS = {operation.key.kind: operation for operation in the_plan().operations}
THERE = {
    "memory_mb": 3008, "timeout_s": 300, "tracing": "PassThrough", "dead_letter_arn": None, "layers": [],
    "ephemeral_mb": 2048, "log_format": "Text", "environment.LOG_LEVEL": Secret("INFO"), "revision_id": "rev-1",
}  # fmt: skip


def judged(kind: str, folder: Path, **there: object) -> Doing | Ended:
    placeholders = Placeholders(Vault(folder / "key"), lambda source: Secret(f"value of {source}"))
    judge = Judge(placeholders, all_settings()[kind], OPERATIONS[kind], None)
    return judge.judge(there, None, 1)  # type: ignore[arg-type]


def test_what_is_as_the_plan_had_seen_it_is_written(tmp_path: Path) -> None:
    assert isinstance(judged("function-configuration", tmp_path, **THERE), Doing)
    assert isinstance(judged("function-concurrency", tmp_path, reserved_concurrency=None), Doing)


@pytest.mark.parametrize(
    ("kind", "there"),
    [
        ("function-configuration", {**THERE, "memory_mb": 512}),
        ("function-configuration", {**THERE, "revision_id": "rev-2"}),
        ("function-concurrency", {"reserved_concurrency": 0}),
        ("log-retention", {"retention_days": 3653}),
        ("recursive-loop", {"recursive_loop": "Other"}),
    ],
)
def test_what_another_hand_changed_is_left(kind: str, there: dict[str, object], tmp_path: Path) -> None:
    ended = judged(kind, tmp_path, **there)
    assert isinstance(ended, Ended)
    assert ended.result is Result.FAILED
    assert "another hand" in ended.detail
