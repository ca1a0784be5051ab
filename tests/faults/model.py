"""What may be in AWS after each command, whatever came before: a plain model that knows nothing of the program.

It sees AWS before and after a command, and what each run was told to do; never a plan's operations, nor the journal's
steps. A value that the program may write is either wanted by the run's policy, over what its plan was made from, or
what a run found, over what that very run wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.one_function import FIELDS, RULES, State, World

# Where a run may be found after a command, by where it was before: what is drawn in docs/runs.md, and staying.
LEGAL: Mapping[str, frozenset[str]] = {
    "running": frozenset({"running", "succeeded", "failed", "interrupted", "rolled-back"}),
    "interrupted": frozenset({"interrupted", "running", "succeeded", "failed", "rolled-back"}),
    "failed": frozenset({"failed", "running", "interrupted", "succeeded", "rolled-back"}),
    "succeeded": frozenset({"succeeded", "running", "interrupted", "failed", "rolled-back"}),
    "rolled-back": frozenset({"rolled-back", "succeeded", "failed", "interrupted"}),
}


@dataclass(slots=True)
class RunModel:
    """A run: what it was told, what its plan was made from, and what it has changed in AWS, as AWS showed it.

    ``puts_back`` is the run that it puts back. ``wrote`` has, by field, what was there and what it wrote. ``alone``
    tells that nobody else has done anything since it began; ``kin`` are the runs that put it back, and it, by id.
    """

    run_id: str
    rules: tuple[str, ...]
    which: int
    before: State
    seen: State
    puts_back: RunModel | None = None
    wrote: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    kin: set[str] = field(default_factory=set)
    struck: bool = False
    alone: bool = True

    def fields(self) -> Iterator[str]:
        """What its rules are about."""
        return (name for rule in self.rules for name in RULES[rule])

    def named(self, run_id: str) -> None:
        """It is written down, under that id."""
        self.run_id = run_id
        self.kin.add(run_id)


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values are the same, but for the run that made a queue."""
    if name == "queue" and one is not None and other is not None:
        return bool(one[0] == other[0])
    return bool(one == other)


def judge(world: World, run: RunModel, before: State, after: State) -> int:
    """Assert that the run may have changed AWS so, and keep it in mind; how many fields it changed."""
    changed = [name for name in FIELDS if before[name] != after[name]]
    for name in changed:
        was, now = before[name], after[name]
        allowed = _may_put_back if run.puts_back is not None else _may_apply
        assert allowed(world, run, name, was, now), f"{run.run_id}: {name} {was!r} -> {now!r}, {run}"
        first = run.wrote.get(name, (was, None))[0]
        run.wrote[name] = first, now
    return len(changed)


def _may_apply(world: World, run: RunModel, name: str, was: Any, now: Any) -> bool:
    """Only what the rules are about becomes what they want, and only over what the plan was made from."""
    return name in set(run.fields()) and world.is_wanted(name, now, run.which) and was == run.seen[name]


def _may_put_back(world: World, run: RunModel, name: str, was: Any, now: Any) -> bool:
    undone = run.puts_back
    assert undone is not None
    if name in undone.wrote:
        found, left = undone.wrote[name]
        return same(name, was, left) and same(name, now, found) and _made_by(undone, name, was)
    # In doubt whether it was written; what is there is just what it would have left, as docs/guarantees.md says.
    in_doubt = undone.struck and undone.puts_back is None and name in set(undone.fields())
    return (
        in_doubt and world.is_wanted(name, was, undone.which) and now == undone.seen[name]
        and _made_by(undone, name, was)
    )  # fmt: skip


def _made_by(undone: RunModel, name: str, was: Any) -> bool:
    """A queue that is taken away bears the name of the run that made it, or made it again."""
    return name != "queue" or was is None or was[1] in undone.kin


def check_statuses(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Assert that no run is lost, and each where it may be."""
    assert before.keys() <= after.keys()
    for run_id, status in before.items():
        assert after[run_id] in LEGAL[status], f"{run_id}: {status} -> {after[run_id]}"
