"""Three hands at once on one function, and one of them killed: two applies that want different things, and a rollback.

With either database. What holds the function is carried out whole; the others are told so, or come after it.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lambda_tailor.journal.database import open_engine
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.tables import LEASES
from tests.faults.forked import Child, Strike, fork
from tests.faults.place import Place, applying, rolling_back
from tests.integration.conftest import postgres

__all__ = ["postgres"]
ROUNDS = 20 if os.environ.get("LAMBDA_TAILOR_FAULTS") == "all" else 1
RULES = ("memory", "timeout", "log-retention", "dead-letter-queue")
_DATABASES = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """An empty database of either kind, as often as it is asked for."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / f'journal-{next(_DATABASES)}.db'}"
        return
    server = request.getfixturevalue("postgres")
    engine = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")

    def made() -> str:
        name = f"together_{next(_DATABASES)}"
        with engine.connect() as connection:
            connection.exec_driver_sql(f"create database {name}")
        found = sa.make_url(server).set(database=name)
        return found.render_as_string(hide_password=False)

    yield made
    engine.dispose()


def over(child: Child) -> str:
    """How it ended."""
    assert child.wait() == "over"
    if child.told is None:
        return "killed"
    assert not child.told.traceback, child.told.traceback
    if child.told.refused:
        return "refused"
    outcomes = {outcome for _, outcome, _ in child.told.answer["outcomes"]}
    return "kept out" if outcomes == {"failed"} else "carried out"


@pytest.mark.timeout(1200)
def test_three_hands_at_once_and_one_of_them_killed(
    place: Place, url: Callable[[], str], record_property: Callable[[str, object], None]
) -> None:
    ends: Counter[str] = Counter()
    rounds = 0
    # Who is first is not ours to say: on until everything has come about.
    for seed in range(5 * ROUNDS):
        if seed >= ROUNDS and ends["killed"] and ends["kept out"] + ends["refused"]:
            break
        rounds += 1
        chance = random.Random(seed)
        world, _ = place.entered()
        os.environ["LAMBDA_TAILOR_JOURNAL"] = journal = url()
        before = world.state()
        first = fork(applying(("memory", "log-retention"), 0, saved=False, waits=False), place.access)
        assert over(first) == "carried out"
        assert first.told is not None
        run = first.told.answer["run_id"]
        kill = Strike("kill", chance.randint(1, 2), only_writes=True, when=chance.choice(("before", "after")))
        works = [
            applying(RULES, 1, saved=False, waits=False),
            applying(RULES, 0, saved=True, waits=False),
            rolling_back(run),
        ]
        struck = chance.randrange(2)
        children = [fork(work, place.access, kill if n == struck else None) for n, work in enumerate(works)]
        ends.update(map(over, children))
        after = world.state()
        assert after["memory"] in (3008, 1024, 512)
        assert after["retention"] in (None, 7, 14)
        with open_engine(journal).connect() as connection:
            holders = connection.execute(sa.select(sa.func.count()).select_from(LEASES)).scalar_one()
        assert holders <= 1
        # Whatever came of it: put back, newest first, everything is as it was.
        opened = Journal(journal)
        runs = [each.run_id for each in opened.runs() if each.of_run is None]
        opened.close()
        for each in reversed(runs):
            child = fork(rolling_back(each), place.access)
            over(child)
        assert world.state() == before, (seed, ends)
    assert ends["killed"] and ends["carried out"] and ends["kept out"] + ends["refused"], ends
    record_property("figure", f"three hands at once: {rounds} rounds, {dict(ends)}")
