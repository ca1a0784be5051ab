"""Rows of the journal that somebody damaged: told in one sentence or read as they are; never a traceback or a write."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any

from tests.integration.conftest import Aws

HOSTILE: tuple[Any, ...] = (
    "", "null", "[]", "{}", '{"x": 1}', "[1, 2", 7, -1.5, b"\x00\xff", "x" * 100_000, "\x1b[2J", "<script>",
    "2026-99-99",
    '{"memory_mb": {"$sealed": "nothing"}}', '{"memory_mb": {"$reference": "secretsmanager:none"}}',
)  # fmt: skip
COLUMNS = (
    ("runs", "plan_id"), ("runs", "of_run"), ("runs", "status"), ("runs", "started_at"), ("runs", "finished_at"),
    ("runs", "user"), ("runs", "plan"), ("runs", "api_calls"),
    ("steps", "operation_id"), ("steps", "call"), ("steps", "was"), ("steps", "wrote"), ("steps", "result"),
    ("steps", "detail"),
)  # fmt: skip


def test_a_row_of_the_journal_that_somebody_damaged(stack: Aws, tmp_path: Any) -> None:
    stack.run("apply", "-e", "dev", "--auto-approve")
    run = stack.json("runs")["runs"][-1]["run_id"]
    file = os.environ["LAMBDA_TAILOR_JOURNAL"].removeprefix("sqlite:///")
    for table, column in COLUMNS:
        with sqlite3.connect(file) as connection:
            rows = connection.execute(f"select rowid, {column} from {table}").fetchall()
        for value in HOSTILE:
            with sqlite3.connect(file) as connection:
                connection.execute("PRAGMA ignore_check_constraints=ON")
                connection.execute(f"update {table} set {column} = ? where rowid = ?", (value, rows[0][0]))
            stack.control.reset()
            for command in (("runs",), ("runs", run, "--json"), ("report", run, "--out", str(tmp_path / "r.html"))):
                result = stack.run(*command, exit_code=None)
                assert result.exit_code in (0, 1), (column, value)
                assert "\x1b" not in result.output, (column, value)
                if command[-1] == "--json" and result.exit_code == 0:
                    json.loads(result.stdout)
            # Without a yes nothing is put back, and what would be is worked out all the same.
            result = stack.run("rollback", run, exit_code=1)
            assert result.stderr.strip(), (column, value)
            assert not stack.control.writes(), (column, value)
        with sqlite3.connect(file) as connection:
            connection.executemany(f"update {table} set {column} = ? where rowid = ?", [(v, n) for n, v in rows])
    stack.run("rollback", run, "--auto-approve")
