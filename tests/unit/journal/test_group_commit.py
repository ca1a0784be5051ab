"""Small writes in few transactions, in order, and nothing after a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lambda_tailor.journal.group_commit import GroupCommit

TABLE = sa.Table("t", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    TABLE.metadata.create_all(engine)
    yield engine
    engine.dispose()


def insert(n: int) -> Callable[[sa.Connection], object]:
    return lambda connection: connection.execute(TABLE.insert(), {"n": n})


def stored(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(TABLE.c.n)).scalars())


def test_what_was_written_is_there_for_others(engine: sa.Engine) -> None:
    writes = GroupCommit(engine)
    writes.later(insert(1))
    writes.written(insert(2))
    assert stored(engine) == [1, 2]
    writes.later(insert(3))
    writes.close()
    assert stored(engine) == [1, 2, 3]


def test_what_waits_together_is_committed_together(engine: sa.Engine) -> None:
    commits = 0

    def count(_connection: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(engine, "commit", count)
    writes, began, gate = GroupCommit(engine), threading.Event(), threading.Event()
    slow = threading.Thread(target=writes.written, args=(lambda _connection: (began.set(), gate.wait(10)),))
    slow.start()
    began.wait(10)
    threads = [threading.Thread(target=writes.written, args=(insert(n),)) for n in range(20)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 10
    while len(writes._pending) < 20 and time.monotonic() < until:
        time.sleep(0.001)
    gate.set()
    for thread in (slow, *threads):
        thread.join()
    assert (commits, sorted(stored(engine))) == (2, list(range(20)))
    writes.close()


def test_what_nobody_waits_for_makes_no_transaction_of_its_own(engine: sa.Engine) -> None:
    commits: list[sa.Connection] = []
    sa.event.listen(engine, "commit", commits.append)
    writes = GroupCommit(engine)
    writes.written(insert(0))
    for n in range(1, 6):
        writes.later(insert(n))
    writes.written(insert(6))
    assert (len(commits), stored(engine)) == (2, list(range(7)))
    writes.close()


def test_what_nobody_waits_for_is_soon_there_all_the_same(engine: sa.Engine) -> None:
    writes = GroupCommit(engine)
    writes.later(insert(1))
    until = time.monotonic() + 10
    while not stored(engine) and time.monotonic() < until:
        time.sleep(0.01)
    assert stored(engine) == [1]
    writes.close()


def test_nothing_is_written_after_a_failure(engine: sa.Engine) -> None:
    writes = GroupCommit(engine)
    writes.written(insert(1))
    writes.later(insert(1))
    with pytest.raises(sa.exc.IntegrityError):
        writes.written(insert(2))
    with pytest.raises(sa.exc.IntegrityError):
        writes.written(insert(3))
    assert stored(engine) == [1]
    writes.close()
