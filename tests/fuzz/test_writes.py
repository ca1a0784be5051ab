"""A journal altered at random, and an AWS that answers anything, under commands that write: never a wrong write.

Each command ends in success or in a sentence. Whatever it did, each setting is as it was before the run or as the run
left it: any third value was never shown to anybody.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.aws.gateway import Gateway, writes
from lambda_tailor.documents import dumps, unpacked
from lambda_tailor.settings.setting import Call
from tests.faults.conftest import emulator, place, warm_place
from tests.faults.forked import Striking, Told, fork
from tests.faults.one_function import State, World
from tests.faults.place import Place, applying, with_runner
from tests.fuzz.test_answers import HOSTILE, mutated

__all__ = ["emulator", "place", "warm_place"]
ROUNDS = 60 if os.environ.get("LAMBDA_TAILOR_FAULTS") == "all" else 16
# What another hand can put back exactly, so that every round begins alike. The environment is none of it: whoever
# answers with other variables and the right revision is believed, since nothing else tells what a function's are.
RULES = ("memory", "timeout", "reserved-concurrency", "log-retention")
FIELDS = ("memory", "timeout", "reserved", "retention")
Record = Callable[[str, object], None]


def done(place: Place, work: Callable[[Striking], Any]) -> Told:
    """What a command said in a process of its own; a traceback is a defect."""
    child = fork(work, place.access)
    assert child.wait() == "over"
    assert child.told is not None, "it died without a word"
    assert not child.told.traceback, child.told.traceback
    assert "Traceback" not in child.told.refused
    return child.told


def made_so(world: World, state: State, wanted: State) -> None:
    """Another hand puts every field as it is to be."""
    for name in FIELDS:
        if state[name] != wanted[name]:
            world.hand(name, wanted[name])


def judged(counts: Counter[str], told: Told, before: State, allowed: tuple[State, ...], after: State) -> None:
    """Count what happened, and assert that nothing wrong did."""
    counts["refused in a sentence" if told.refused else "carried out"] += 1
    counts["wrote"] += after != before
    for name in after:
        assert after[name] in [each[name] for each in allowed], (name, after[name], told)


# A journal altered at random


def altered(value: Any, chance: random.Random) -> Any:
    """A document with one part of it altered."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(sorted(value))
        way = chance.randrange(4)
        if way == 0:
            return {name: item for name, item in value.items() if name != key}
        if way == 1:
            return {**value, chance.choice(["memory_mb", "timeout_s", "x"]): chance.choice(HOSTILE)}
        return {**value, key: altered(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        return [altered(item, chance) if n == place else item for n, item in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.7:
        return chance.choice([value + 1, -value, value * 2, 10240, 128, 0])
    return chance.choice(HOSTILE)


JSON_COLUMNS = (
    ("steps", "was"), ("steps", "wrote"), ("steps", "seen"), ("steps", "made"), ("steps", "left"),
    ("runs", "plan"), ("runs", "api_calls"), ("runs", "summary"),
)  # fmt: skip
TEXTS = (
    ("steps", "call"), ("steps", "result"), ("steps", "state"), ("steps", "detail"), ("steps", "sent_at"),
    ("steps", "operation_id"), ("runs", "status"), ("runs", "user"), ("runs", "started_at"), ("runs", "epoch"),
    ("tallies", "sent"), ("leases", "expires_at"),
)  # fmt: skip


def alter(file: Path, chance: random.Random) -> str:
    """Alter one row or take it away; what was done."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        if chance.random() < 0.1:
            connection.execute("delete from steps where rowid = (select min(rowid) from steps where call != '')")
            return "a step deleted"
        table, column = chance.choice(JSON_COLUMNS if chance.random() < 0.7 else TEXTS)
        rows = connection.execute(f"select rowid, {column} from {table} order by rowid").fetchall()
        if not rows:
            return "nothing"
        row, value = chance.choice(rows)
        if column == "plan":
            plan = json.loads(dumps(unpacked(value, "plan")))
            new: Any = json.dumps(altered(plan, chance))
        elif (table, column) in JSON_COLUMNS and value:
            new = json.dumps(altered(json.loads(value), chance))
        else:
            new = chance.choice(["", "x", "sent", "intended", "confirmed", "applied", "succeeded", 7, -1, None])
        try:
            connection.execute(f"update {table} set {column} = ? where rowid = ?", (new, row))
        except sqlite3.IntegrityError:
            return "nothing"
        return f"{table}.{column} = {str(new)[:200]}"


@pytest.mark.timeout(600)
def test_a_journal_altered_at_random_writes_nothing_that_was_not_there(place: Place, record_property: Record) -> None:
    world, journal = place.entered()
    before = world.state()
    run = done(place, applying(RULES, 0, saved=False, waits=False)).answer["run_id"]
    after = world.state()
    pristine = journal.with_name("pristine.db")
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute(f"vacuum into '{pristine}'")
    counts: Counter[str] = Counter()
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        for file in journal.parent.glob("journal.db*"):
            file.unlink()
        shutil.copy(pristine, journal)
        what = alter(journal, chance)
        resumes, trusts = chance.random() < 0.2, chance.random() < 0.7
        state = world.state()
        told = done(
            place,
            with_runner(lambda r, go=resumes: r.resume(run) if go else r.rollback(run), trust_journal=trusts),  # type: ignore[misc]
        )
        found = world.state()
        counts["altered"] += what != "nothing"
        try:
            judged(counts, told, state, (before, after), found)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {what}: {error}") from error
        made_so(world, found, after)
    assert counts["altered"] >= ROUNDS * 0.7
    assert counts["wrote"] >= ROUNDS * 0.2
    assert counts["refused in a sentence"] >= ROUNDS * 0.2
    record_property("figure", f"journal altered at random: {dict(counts)}")


# An AWS that answers anything


def lied_to(work: Callable[[Striking], Any], seed: int, counted: Path) -> Callable[[Striking], Any]:
    """The work with an AWS whose answers are altered from the moment in which the run is written down."""

    def lying(striking: Striking) -> Any:
        real, chance, share = Gateway._send, random.Random(seed), (0.03, 0.15, 0.5)[seed % 3]

        def send(gateway: Gateway, call: Call) -> Any:
            answer = real(gateway, call)
            if not striking.began.is_set() or call.name == "sts:GetCallerIdentity":
                return answer
            false = mutated(answer, chance, share)
            if false != answer:
                with counted.open("a") as out:
                    out.write("write\n" if writes(call.action) else "read\n")
            return false

        setattr(Gateway, "_send", send)  # noqa: B010 - of this process only
        return work(striking)

    return lying


@pytest.mark.timeout(600)
def test_an_aws_that_answers_anything_is_written_nothing_wrong(
    place: Place, record_property: Record, tmp_path: Path
) -> None:
    world, journal = place.entered()
    before = world.state()
    counts: Counter[str] = Counter()
    counted = tmp_path / "lies"
    counted.touch()
    for seed in range(ROUNDS):
        applies = seed % 2 == 0
        fresh = journal.parent / f"{seed}" / "journal.db"
        os.environ["LAMBDA_TAILOR_JOURNAL"] = f"sqlite:///{fresh}"
        work = applying(RULES, 0, saved=False, waits=False)
        if applies:
            after = {**before, "memory": 1024, "timeout": 30, "reserved": 50, "retention": 7}
            state = before
        else:
            run = done(place, work).answer["run_id"]
            state = after = world.state()
            work = with_runner(lambda runner, run=run: runner.rollback(run))  # type: ignore[misc]
        told = done(place, lied_to(work, seed, counted))
        found = world.state()
        try:
            judged(counts, told, state, (before, after), found)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        made_so(world, found, before)
    lies = Counter(counted.read_text().split())
    assert counts["wrote"] >= ROUNDS * 0.2
    assert lies["read"] >= ROUNDS and lies["write"] >= ROUNDS * 0.2
    record_property("figure", f"answers altered: {dict(counts)}, {dict(lies)}")
