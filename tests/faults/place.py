"""Where the one function is, and the program's commands on it as work for a forked process."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_tailor.applying.opening import open_runner, signed
from lambda_tailor.applying.runner import Runner
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.documents import dumps, loads_plan
from lambda_tailor.journal import processes
from lambda_tailor.model.progress import NullObserver
from lambda_tailor.model.run import Run
from lambda_tailor.planning import workflow
from lambda_tailor.policy.file import parse_policy
from tests.faults.forked import Access, Striking, session_of
from tests.faults.one_function import NAME, RULES, World, clients_of, policy
from tests.faults.tailor import QUICK

# Nothing here is about a disk that fails, and a synced one takes most of the time.
MEMORY = Path("/dev/shm")
CONNECTION = Connection(quota_share=1000, answer_within_s=2.0, retry=QUICK)


class Began(NullObserver):
    """Strikes count from the moment in which the run is written down."""

    def __init__(self, striking: Striking) -> None:
        self._striking = striking

    def began(self, run_id: str, operations: object) -> None:
        """The run begins."""
        self._striking.began.set()


def told(run: Run) -> Any:
    """What of a run a child says."""
    outcomes = [[o.rule, o.outcome, o.detail] for o in run.outcomes]
    return {"run_id": run.run_id, "status": run.status, "outcomes": outcomes}


def _move(elsewhere: bool) -> None:
    """From now on this process is on another machine, if it is to be."""
    if elsewhere:
        setattr(processes, "machine", lambda: "another machine")  # noqa: B010 - of this process only


def applying(
    rules: tuple[str, ...], which: int, *, saved: bool, waits: bool, elsewhere: bool = False
) -> Callable[[Striking], Any]:
    """Plans and applies; ``waits`` stops in between, and ``saved`` reads the plan from its text."""

    def work(striking: Striking) -> Any:
        _move(elsewhere)
        wanted = parse_policy(policy(rules, which), "policy")
        plan = workflow.plan(workflow.Request(target=Target(names=(NAME,)), policy=wanted, connection=CONNECTION))
        if saved:
            plan = loads_plan(dumps(signed(plan, CONNECTION, None)))
        if waits:
            os.kill(os.getpid(), signal.SIGSTOP)
        with open_runner(CONNECTION, observer=Began(striking)) as runner:
            return told(runner.apply_saved(plan) if saved else runner.apply(plan))

    return work


def with_runner(
    do: Callable[[Runner], Run], *, elsewhere: bool = False, trust_journal: bool = False
) -> Callable[[Striking], Any]:
    """A command on a run, as if on another machine where ``elsewhere``."""

    def work(striking: Striking) -> Any:
        _move(elsewhere)
        with open_runner(CONNECTION, observer=Began(striking), trust_journal=trust_journal) as runner:
            return told(do(runner))

    return work


def rolling_back(run_id: str, *, elsewhere: bool = False) -> Callable[[Striking], Any]:
    """The rollback of that run, as if on another machine where ``elsewhere``."""
    return with_runner(lambda runner: runner.rollback(run_id), elsewhere=elsewhere)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sequences are played, each in an account of its own."""

    emulator: Emulator
    folder: Path
    access: Access
    hands: Mapping[str, Any]

    @classmethod
    def made(cls, emulator: Emulator, folder: Path) -> Place:
        """With clients for the program, and others for other hands."""
        hands = clients_of(session_of(emulator), emulator)
        return cls(emulator, folder, Access.to(emulator, CONNECTION), hands)

    def entered(self) -> tuple[World, Path]:
        """A new account, in which this process and its children work from now on; and its journal."""
        world = World.new(self.emulator, self.hands)
        self.access.enter(world.account)
        journal = self.folder / world.account / "journal.db"
        os.environ |= {
            **self.emulator.environment(world.account),
            "LAMBDA_TAILOR_JOURNAL": f"sqlite:///{journal}",
            "LAMBDA_TAILOR_KEY_FILE": str(journal.with_name("key")),
        }
        return world, journal


def warmed_up(place: Place) -> None:
    """Everything that is made once a process is made once here, and not once a child."""
    place.entered()
    run_id = applying(tuple(RULES), 0, saved=True, waits=False)(Striking(None))["run_id"]
    rolling_back(run_id)(Striking(None))


@contextmanager
def opened(emulator: Emulator, folder: Path) -> Iterator[Place]:
    """A place; what is written there is in memory where it can be, else in ``folder``."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else folder) as within:
        yield Place.made(emulator, Path(within))
