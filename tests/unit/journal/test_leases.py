"""Leases by the database's clock, and processes told apart by more than a host's name and a number."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lambda_tailor.errors import LeaseLost
from lambda_tailor.journal import leases, processes
from lambda_tailor.journal.database import open_engine
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.leases import LEASE_S, Holder
from lambda_tailor.journal.tables import LEASES
from lambda_tailor.model.record import Sending

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    opened.close()


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{tmp_path / 'journal.db'}")


def sending(holder: Holder) -> Sending:
    return Sending(function=FUNCTION, holder=holder.id, call="lambda:X", was={"a": 1}, wrote={"a": 2})


def test_a_lease_is_over_within_a_minute_whatever_the_clocks_of_its_takers_say(
    journal: Journal, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Holder(run_id="run-1", who="ann", machine="a"), Holder(run_id="run-2", who="bob", machine="b")
    journal.hold(first, [FUNCTION])
    really = time.time
    for off in (-86_400.0, 86_400.0):
        monkeypatch.setattr(time, "time", lambda off=off: really() + off)
        assert list(journal.hold(second, [FUNCTION])) == [FUNCTION]
    assert LEASE_S < 60
    with engine.begin() as connection:
        connection.execute(LEASES.update().values(expires_at=LEASES.c.expires_at - LEASE_S))
    assert journal.hold(second, [FUNCTION]) == {}


def test_every_lease_has_a_higher_token_than_those_before_it(journal: Journal) -> None:
    tokens = []
    for number in range(3):
        holder = Holder(run_id=f"run-{number}", who="ann")
        journal.hold(holder, [FUNCTION])
        tokens.append(journal.token(holder))
        journal.release(holder)
    assert tokens == sorted(set(tokens))
    assert len(tokens) == 3


def test_nothing_is_written_down_as_sent_without_the_lease(journal: Journal, engine: sa.Engine) -> None:
    first, second = Holder(run_id="run-1", who="ann", machine="a"), Holder(run_id="run-2", who="bob", machine="b")
    journal.hold(first, [FUNCTION])
    with engine.begin() as connection:
        connection.execute(LEASES.update().values(expires_at=1.0))
    journal.hold(second, [FUNCTION])
    with pytest.raises(LeaseLost, match="took over f while this one was asleep"):
        journal.sent("run-1", "op-1", sending(first))
    with pytest.raises(LeaseLost):
        journal.still_held(first, FUNCTION)
    assert journal.renew(first) == 0
    journal.still_held(second, FUNCTION)


def test_a_lease_that_is_over_and_that_nobody_took_is_held_on_to(journal: Journal, engine: sa.Engine) -> None:
    first, second = Holder(run_id="run-1", who="ann", machine="a"), Holder(run_id="run-2", who="bob", machine="b")
    journal.hold(first, [FUNCTION])
    with engine.begin() as connection:
        connection.execute(LEASES.update().values(expires_at=1.0))
    journal.still_held(first, FUNCTION)
    assert list(journal.hold(second, [FUNCTION])) == [FUNCTION]


@pytest.mark.parametrize(
    "machine",
    ["another boot", processes.machine().replace("pid:[", "pid:[9")],
    ids=["another machine", "another container of the same machine"],
)
def test_nobody_knows_whether_a_process_elsewhere_is_alive(journal: Journal, machine: str) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    journal.hold(Holder(run_id="run-1", who="ann", machine=machine, pid=gone.pid), [FUNCTION])
    assert list(journal.hold(Holder(run_id="run-2", who="bob"), [FUNCTION])) == [FUNCTION]


def test_a_process_that_has_the_number_of_one_that_is_gone_is_another(journal: Journal, engine: sa.Engine) -> None:
    journal.hold(Holder(run_id="run-1", who="ann", pid=os.getpid()), [FUNCTION])
    assert list(journal.hold(Holder(run_id="run-2", who="bob"), [FUNCTION])) == [FUNCTION]
    with engine.begin() as connection:
        connection.execute(LEASES.update().values(started="1"))
    assert journal.hold(Holder(run_id="run-2", who="bob"), [FUNCTION]) == {}


def test_a_run_that_a_live_process_works_on_is_at_work(journal: Journal) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    journal.hold(Holder(run_id="run-1", who="ann"), [FUNCTION])
    journal.hold(Holder(run_id="run-2", who="bob", pid=gone.pid), [FUNCTION + "2"])
    assert journal.at_work("run-1") is not None
    assert journal.at_work("run-2") is None


def test_the_clocks_of_the_database_is_the_time(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert abs(leases.database_time(connection) - time.time()) < 5
