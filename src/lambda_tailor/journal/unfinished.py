"""Rollouts that nobody has ended, told before any plan: read without importing SQLAlchemy, which takes longer."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from lambda_tailor.documents import adapter
from lambda_tailor.model.rollout import Rollout, RolloutStatus, UnfinishedRollout


def unfinished_in(url: str) -> Sequence[UnfinishedRollout]:
    """Those in a SQLite file, the oldest first; nothing where there is no file, or it is none of ours."""
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.is_file():
        return ()
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)
        try:
            rows = connection.execute(
                "select run_id, shown from rollouts where status = ? order by run_id", (RolloutStatus.RUNNING,)
            ).fetchall()
        finally:
            connection.close()
        return [unfinished_of(run_id, shown) for run_id, shown in rows]
    except (sqlite3.Error, ValueError):
        return ()


def unfinished_of(run_id: str, text: str) -> UnfinishedRollout:
    """What is told of a rollout of a run. Raises ValueError where its text is damaged."""
    shown = shown_in(text)
    return UnfinishedRollout(
        run_id=run_id,
        function=shown.function,
        arn=shown.arn,
        alias=shown.alias,
        share=shown.share,
        started_at=shown.started_at,
    )


def shown_in(text: str) -> Rollout:
    """The rollout in a row's text. Raises ValueError where it is damaged."""
    shown: Rollout = adapter(Rollout).validate_json(text)
    return shown
