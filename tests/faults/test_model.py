"""Apply, resume, rollback, other hands, crashes, sleepers and wrong clocks in any order, against a plain model.

Every command is a process of its own, which is really killed or stopped. 25 sequences, always the same ones;
``make faults`` plays 500 others each time.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, currently_in_test_context, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from lambda_tailor.journal.journal import Journal
from tests.faults.forked import Child, Strike, Striking, Told, fork
from tests.faults.model import RunModel, check_statuses, judge, same
from tests.faults.one_function import CONDITIONAL, HANDS, RULES, SECRETS, State
from tests.faults.place import Place, applying, rolling_back, with_runner

THOROUGH = os.environ.get("LAMBDA_TAILOR_FAULTS") == "all"
SEQUENCES, STEPS = (500, 12) if THOROUGH else (25, 4)
# What has to have happened at least so often in the 25, or the test tests nothing.
LEAST = {
    "applied whole": 6, "rolled back whole": 5, "everything as in the beginning": 3, "values written": 60,
    "other hands": 6, "killed": 4, "refused": 1, "hands between plan and apply": 1, "asleep": 1, "wrong clocks": 3,
    "faults struck": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """A write that AWS refuses or whose answer is lost: the ``nth`` of the command."""

    kind: str
    nth: int
    when: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a command goes: what strikes it, where it runs, and how its clock goes."""

    struck: Strike | Fault | None = None
    elsewhere: bool = False
    ahead: timedelta = timedelta()

    @property
    def undisturbed(self) -> bool:
        return self == Way()


BEFORE_OR_AFTER = st.sampled_from(["before", "after"])
KILLS = st.builds(Strike, st.just("kill"), st.integers(1, 3), st.just(True), BEFORE_OR_AFTER)
KILLS_ANYWHERE = st.builds(Strike, st.just("kill"), st.integers(1, 14), st.just(False), BEFORE_OR_AFTER)
STOPS = st.builds(Strike, st.just("stop"), st.integers(1, 6), st.just(False), st.just("before"))
FAULTS = st.builds(
    Fault, st.sampled_from(["throttle", "500", "reset", "expired-token"]), st.integers(1, 3), BEFORE_OR_AFTER
)
CLOCKS = st.sampled_from([timedelta(hours=-30), timedelta(minutes=-5), timedelta(minutes=5), timedelta(hours=30)])
WAYS = st.one_of(
    st.just(Way()),
    st.builds(Way, struck=KILLS),
    st.builds(Way, struck=FAULTS),
    st.builds(Way, struck=KILLS_ANYWHERE),
    st.builds(Way, elsewhere=st.just(True)),
    st.builds(Way, ahead=CLOCKS),
)
SOME_RULES = st.lists(st.sampled_from(sorted(RULES)), min_size=1, max_size=4, unique=True).map(tuple)
A_HAND = st.sampled_from(sorted(HANDS)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(HANDS[name])))


def told(what: str) -> None:
    """For whom a failing sequence is shown."""
    if currently_in_test_context():
        note(what)


class Sequence(RuleBasedStateMachine):
    """One sequence of commands on one function."""

    place: Place
    counts: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.world, self.journal = self.place.entered()
        self.state: State = self.world.state()
        self.beginning = self.state
        self.handled = False
        self.statuses: dict[str, str] = {}
        self.runs: list[RunModel] = []
        self.asleep: tuple[Child, RunModel] | None = None
        self.held_asleep = False
        self.children: list[Child] = []
        self.another_at = 0.0
        self.counts["sequences"] += 1

    def teardown(self) -> None:
        if self.asleep is not None:
            self.asleep[0].kill()
            self.asleep = None
        self.place.emulator.control.clear_faults()
        try:
            if sys.exc_info()[0] is None:
                self._everything_goes_back()
        finally:
            for child in self.children:
                child.kill()

    def _everything_goes_back(self) -> None:
        """In the end, newest first. Where nobody else was here, everything is as it was in the beginning."""
        for run in [each for each in reversed(self.runs) if each.puts_back is None and each.wrote]:
            self._roll_back(run, Way())
        if not self.handled:
            assert self.state == self.beginning
            self.counts["everything as in the beginning"] += 1

    # What may happen

    @initialize(rules=SOME_RULES, which=st.integers(0, 1), way=WAYS, saved=st.booleans())
    def first(self, rules: tuple[str, ...], which: int, way: Way, saved: bool) -> None:
        self.apply(rules, which, way, saved, None)

    @rule(rules=SOME_RULES, which=st.integers(0, 1), way=WAYS, saved=st.booleans(), hand=st.one_of(st.none(), A_HAND))
    def applies(self, rules: tuple[str, ...], which: int, way: Way, saved: bool, hand: tuple[str, Any] | None) -> None:
        self.apply(rules, which, way, saved, hand)

    @precondition(lambda self: self.asleep is None)
    @rule(rules=SOME_RULES, which=st.integers(0, 1), stop=STOPS)
    def applies_and_falls_asleep(self, rules: tuple[str, ...], which: int, stop: Strike) -> None:
        self.apply(rules, which, Way(stop), False, None)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), way=WAYS)
    def resumes(self, data: st.DataObject, way: Way) -> None:
        self._resume(data.draw(st.sampled_from(self.runs)), way)

    def _resume(self, run: RunModel, way: Way) -> None:
        was = self.statuses[run.run_id]
        child, end = self._begun(with_runner(lambda runner: runner.resume(run.run_id), elsewhere=way.elsewhere), way)
        said = self._over(child, end, way, run)
        self._count("resumes", said, way)
        if was == "rolled-back":
            assert said is not None
            assert said.refused or end == "struck", said
        if way.undisturbed and run.alone and said is not None and not said.refused and run.puts_back is None:
            self._is_applied(run, said)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), way=WAYS)
    def rolls_back(self, data: st.DataObject, way: Way) -> None:
        self._roll_back(data.draw(st.sampled_from(self.runs)), way)

    def _roll_back(self, undone: RunModel, way: Way) -> None:
        was = self.statuses[undone.run_id]
        before = self.state
        new = RunModel("", undone.rules, undone.which, before, undone.seen, puts_back=undone, kin=undone.kin)
        work = rolling_back(undone.run_id, elsewhere=way.elsewhere)
        child, end = self._begun(work, way)
        said = self._over(child, end, way, new)
        self._count("rollbacks", said, way)
        if was == "rolled-back":
            assert self.state == before
        if way.undisturbed and undone.alone and said is not None and not said.refused and undone.puts_back is None:
            assert self.state == undone.before, said
            assert self.statuses[undone.run_id] == "rolled-back"
            self.counts["rolled back whole"] += 1
        if way.undisturbed and self._last(undone) and said is not None and not said.refused:
            self._rest_went_back(undone, before)
        self._another(undone)

    def _last(self, run: RunModel) -> bool:
        """Whether nothing is in doubt of the run, and no other one wrote since."""
        later = self.runs[self.runs.index(run) + 1 :]
        later = [each for each in later if each.puts_back is not run]
        return run.puts_back is None and not run.struck and not any(each.wrote for each in later)

    def _rest_went_back(self, undone: RunModel, before: State) -> None:
        """Whatever other hands did: what still was as the run had left it is as it had found it."""
        for name, (found, left) in undone.wrote.items():
            if before[name] == left:
                assert same(name, self.state[name], found), f"{name} stayed {self.state[name]!r}, for {found!r}"
                self.counts["fields put back beside other hands"] += not undone.alone

    @rule(hand=A_HAND)
    def another_hand(self, hand: tuple[str, Any]) -> None:
        self._hand(hand)

    @precondition(lambda self: self.asleep is not None)
    @rule()
    def a_minute_passes(self) -> None:
        with closing(sqlite3.connect(self.journal)) as connection, connection:
            connection.execute("update leases set expires_at = 1")
        self.counts["minutes"] += 1

    @precondition(lambda self: self.asleep is not None)
    @rule()
    def the_sleeper_wakes(self) -> None:
        assert self.asleep is not None
        (child, run), self.asleep = self.asleep, None
        # Nobody sleeps less than a second unnoticed: what AWS takes no condition for may be a look of that age.
        time.sleep(max(0.0, 1.0 - (time.monotonic() - self.another_at)))
        # A lease that is over and that nobody took is its own still; one that it had not come to take cannot be lost.
        lost, before = self.held_asleep and run.run_id not in self._leased(even_if_over=True), self.state
        child.wake()
        self._look(run, child.told)
        if lost:
            assert self.state == before, child.told
            self.counts["woken and too late"] += 1
        self.counts["woken"] += 1

    # How it goes

    def apply(self, rules: tuple[str, ...], which: int, way: Way, saved: bool, hand: tuple[str, Any] | None) -> None:
        seen = self.state
        work = applying(rules, which, saved=saved, waits=hand is not None, elsewhere=way.elsewhere)
        child, end = self._begun(work, way, hand)
        run = RunModel("", rules, which, self.state, seen)
        said = self._over(child, end, way, run)
        self._count("applies", said, way)
        if way.undisturbed and hand is None and not self._hindered and said is not None:
            assert not said.refused, said
            self._is_applied(run, said)

    def _begun(self, work: Callable[[Striking], Any], way: Way, hand: Any = None) -> tuple[Child, str]:
        control = self.place.emulator.control
        # A fault strikes the command, not the hand before it.
        arms = partial(self._armed, way.struck) if isinstance(way.struck, Fault) else lambda: None
        if hand is None:
            arms()
        self._hindered = bool(self._leased() - self._left())
        self._free = self._leased() if way.elsewhere else set()
        child = fork(work, self.place.access, way.struck if isinstance(way.struck, Strike) else None, ahead=way.ahead)
        self.children.append(child)
        if hand is not None and child.wait() == "stopped":
            self._hand(hand)
            self.counts["hands between plan and apply"] += 1
            arms()
            child.go_on()
        end = "over" if child.over else child.wait()
        if isinstance(way.struck, Fault):
            if control.struck():
                self.counts["faults struck"] += 1
            control.clear_faults()
        return child, end

    def _armed(self, fault: Fault) -> None:
        """The next command meets this fault."""
        control = self.place.emulator.control
        control.fail(kind=fault.kind, nth=fault.nth, when=fault.when, only_writes=True, account=self.world.account)
        control.reset()

    def _leased(self, *, even_if_over: bool = False) -> set[str]:
        """The runs that hold the function, dead or alive, until their lease is over (or until somebody took it)."""
        if not self.journal.exists():
            return set()
        with closing(sqlite3.connect(self.journal)) as connection:
            try:
                over = 0 if even_if_over else 2
                rows = connection.execute("select run_id from leases where expires_at > ?", (over,)).fetchall()
            except sqlite3.OperationalError:
                return set()
        return {row[0] for row in rows}

    def _left(self) -> set[str]:
        """Of them, those whose process is dead: on this machine they hold nothing."""
        sleeping = {self.asleep[1].run_id} if self.asleep else set()
        return self._leased() - sleeping

    def _over(self, child: Child, end: str, way: Way, run: RunModel) -> Told | None:
        """Look at what the command did; what it said, or None where it did not come to say anything."""
        if end == "stopped":
            self.asleep = child, run
            self.counts["asleep"] += 1
        elif child.told is None:
            self.counts["killed"] += 1
        before = self.state
        self._look(run, child.told)
        if end == "stopped":
            self.held_asleep = run.run_id in self._leased(even_if_over=True)
        if self._hindered or self._free:
            assert self.state == before, "the function was another run's"
            self.counts["kept out by a lease"] += 1
        return child.told

    def _look(self, run: RunModel, said: Told | None) -> None:
        """Every invariant, after each command."""
        if said is not None:
            assert not said.traceback, said.traceback
        with closing(Journal(os.environ["LAMBDA_TAILOR_JOURNAL"])) as journal:
            statuses = {each.run_id: str(each.status) for each in journal.runs()}
        new = statuses.keys() - self.statuses.keys()
        assert len(new) <= 1
        if new and not run.run_id:
            run.named(new.pop())
            self.runs.append(run)
        before, self.state = self.state, self.world.state()
        told(f"{run.run_id}: {said} {statuses} { {k: v for k, v in self.state.items() if v != before[k]} }")
        check_statuses(self.statuses, statuses)
        self.statuses = statuses
        run.struck |= said is None or statuses.get(run.run_id) != "succeeded"
        changed = judge(self.world, run, before, self.state)
        assert run.run_id or not changed, "changed, and no run written down"
        self.counts["values written"] += changed
        self._another(run)
        self._says_no_secret(said)
        going = {self.asleep[1].run_id} if self.asleep else set()
        assert not [r for r, status in statuses.items() if status == "running" and r not in going], statuses

    def _another(self, run: RunModel) -> None:
        """What a run does is another's hand to all the others, but for the one that it puts back."""
        for other in self.runs:
            if other is not run and other is not run.puts_back:
                other.alone = False

    def _says_no_secret(self, said: Told | None) -> None:
        written = b"".join(file.read_bytes() for file in self.journal.parent.glob("journal.db*"))
        written += repr(said).encode()
        assert not [secret for secret in SECRETS if secret.encode() in written]

    def _hand(self, hand: tuple[str, Any]) -> None:
        name, value = hand
        before = self.state
        self.world.hand(name, value)
        self.state = self.world.state()
        if self.state == before:
            return
        told(f"another hand: {name} = {value}")
        self.counts["other hands"] += 1
        if name not in CONDITIONAL:
            self.another_at = time.monotonic()
        self.handled = True
        for run in self.runs:
            run.alone = False

    def _is_applied(self, run: RunModel, said: Told) -> None:
        """A run that nothing disturbed has done what it was asked, or says what it left."""
        left = {name for name, outcome, _ in said.answer["outcomes"] if outcome not in ("applied", "unchanged")}
        missed = [
            name for name in run.fields()
            if not self.world.is_wanted(name, self.state[name], run.which)
            and not any(name in RULES[each] for each in left)
        ]  # fmt: skip
        assert not missed, (missed, said)
        self.counts["applied whole"] += not left

    def _count(self, what: str, said: Told | None, way: Way) -> None:
        self.counts[what] += 1
        self.counts["refused"] += bool(said is not None and said.refused)
        self.counts["wrong clocks"] += bool(way.ahead)


@pytest.fixture
def counts() -> Counter[str]:
    return Counter()


@pytest.fixture
def sequences(place: Place, counts: Counter[str]) -> type[Sequence]:
    return type("Sequences", (Sequence,), {"place": place, "counts": counts})


@pytest.mark.timeout(7200)
def test_any_sequence_of_commands_and_mishaps_keeps_to_the_model(
    sequences: type[Sequence], counts: Counter[str], record_property: Callable[[str, object], None]
) -> None:
    run_state_machine_as_test(
        sequences,
        settings=settings(
            max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, derandomize=not THOROUGH, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate], print_blob=True,
        ),
    )  # fmt: skip
    lacking = {what: counts[what] for what, least in LEAST.items() if counts[what] < least}
    assert not lacking, lacking
    record_property("figure", "model: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
