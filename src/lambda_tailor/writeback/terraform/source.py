"""Terraform and OpenTofu as a source: from wanted settings to edits.

The state maps a function's ARN to its address, the address leads to its block, and the block's values to the
places where they are written. What the edits give is evaluated once more before they are handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.terraform import individual
from lambda_tailor.writeback.terraform.locate import Locator
from lambda_tailor.writeback.terraform.places import splices
from lambda_tailor.writeback.terraform.placing import (
    Candidate,
    Consumer,
    Consumers,
    Effects,
    Task,
    candidates,
    outputs,
)
from lambda_tailor.writeback.terraform.references import references
from lambda_tailor.writeback.terraform.report import Report, site_of
from lambda_tailor.writeback.terraform.text import hcl
from lambda_tailor.writeback.terraform.values import Hole, Site
from lambda_tailor.writeback.terraform.verify import wrong
from lambda_tailor.writeback.terraform.world import World
from lambda_tailor.writeback.written import Written

_LOST = "the expression cannot be followed to where its value is written"


@dataclass(slots=True)
class _Decision:
    """What is done about a task: the bytes to edit, and the place that an edit names."""

    task: Task
    site: Site
    splices: Sequence[Splice]
    also: tuple[Consumer, ...] = ()


@dataclass(slots=True)
class _Choice:
    """The best place for a task, and what else would change with it; no place where none is known.

    ``sites`` are all the places that would do.
    """

    task: Task
    candidate: Candidate | None
    unwanted: Sequence[Consumer] = ()
    sites: Sequence[Site] = ()

    def same_attribute(self, other: _Choice) -> bool:
        """Whether both are instances of one block's attribute."""
        one, two = self.task, other.task
        return (one.block.file, one.block.start, one.target.path) == (two.block.file, two.block.start, two.target.path)


def write_back(worlds: Sequence[World], tree: Tree, wanted: Sequence[Wanted], *, shared: bool = False) -> Written:
    """Edits for the settings of functions that are in a state, and what could not be edited.

    ``worlds`` are the root modules below the source's folder, those without a state too: they share modules.
    ``shared`` writes a value that others share as well.
    """
    report = Report(tree)
    report.out.notes += [problem for world in worlds for problem in world.problems]
    locator = Locator(worlds, tree, report)
    tasks = [task for each in wanted if (task := locator.task(each)) is not None]
    locator.add_groups()
    locator.add_variables()
    _Writer(worlds, tree, report, tasks, shared=shared).run()
    return report.out


class _Writer:
    def __init__(
        self, worlds: Sequence[World], tree: Tree, report: Report, tasks: Sequence[Task], *, shared: bool
    ) -> None:
        self._worlds, self._tree, self._report, self._tasks = worlds, tree, report, tasks
        self._shared = shared
        self._consumers = Consumers.of_worlds(worlds)
        self._effects = Effects(worlds, self._consumers, {task.consumer: task for task in tasks})

    def run(self) -> None:
        choices = [choice for task in self._tasks if (choice := self._choose(task)) is not None]
        decided = [self._decision(c.task, c.candidate, ()) for c in choices if c.candidate and not c.unwanted]
        decided += self._individually([c for c in choices if c.candidate is None or c.unwanted])
        for decision in self._proven(decided):
            also = tuple(map(self._consumers.told, decision.also))
            self._report.edited(decision.task, decision.site, decision.splices, also)

    def _choose(self, task: Task) -> _Choice | None:
        best: tuple[Candidate, Sequence[Consumer]] | None = None
        barred: str | None = None
        sites: list[Site] = []
        for candidate in candidates(task.scope.world, task):
            if because := self._tree.barred(candidate.site.file):
                barred = barred or f"{candidate.site.file}: {because}"
                continue
            sites.append(candidate.site)
            unwanted = self._effects.unwanted(candidate, task)
            if best is None or _rank(candidate, unwanted) < _rank(*best):
                best = candidate, unwanted
        if best is None and barred is not None:
            self._report.refuse(task.wanted, barred, site_of(task), task.value)
            return None
        return _Choice(task, *best, sites) if best is not None else _Choice(task, None)

    def _decision(self, task: Task, candidate: Candidate, also: Sequence[Consumer]) -> _Decision:
        known = references(self._tree, task, candidate.site)
        made = splices(self._tree, candidate.site, candidate.value, known)
        return _Decision(task, candidate.site, made, (*also, *outputs(self._consumers, candidate)))

    def _individually(self, left: Sequence[_Choice]) -> list[_Decision]:
        """What no single place can give: each instance its own value, or all that share a place the same."""
        decided: list[_Decision] = []
        done: set[Consumer] = set()
        for choice in left:
            task, candidate = choice.task, choice.candidate
            if task.consumer in done:
                continue
            group = [c.task for c in left if c.same_attribute(choice)]
            differs = len({hcl(t.value) for t in group}) > 1
            absent = candidate is not None and candidate.site == task.own_hole
            made = self._made(group, choice, differs=differs, absent=absent) if candidate is not None else None
            if made is not None:
                decided += [_Decision(t, made.site_of(t), made.splices_of(t)) for t in group]
                done |= {t.consumer for t in group}
            elif candidate is not None and self._shared and not self._contradicted(choice.unwanted):
                decided.append(self._decision(task, candidate, choice.unwanted))
            else:
                self._leave(choice)
        return decided

    def _made(self, group: Sequence[Task], choice: _Choice, *, differs: bool, absent: bool) -> individual.Made | None:
        """A value for each instance: at the module's call where it is that of a call, else at the resource."""
        for site in sorted(choice.sites, key=lambda site: not isinstance(site, Hole)):
            if differs or isinstance(site, Hole):
                made = individual.edits_at_call(self._worlds, self._tree, group, site)
                if made is not None:
                    return made
        return individual.edits(self._worlds, self._tree, group) if differs or absent else None

    def _contradicted(self, unwanted: Sequence[Consumer]) -> bool:
        """Whether others that would change are wanted to be something else."""
        wanting = {task.consumer for task in self._tasks}
        return any(consumer in wanting for consumer in unwanted)

    def _leave(self, choice: _Choice) -> None:
        task, candidate = choice.task, choice.candidate
        if candidate is None:
            self._report.refuse(task.wanted, _LOST, site_of(task), task.value)
            return
        names = ", ".join(map(self._consumers.told, choice.unwanted))
        because = f"the value there is shared: it also changes {names}"
        told = "these want different values" if self._shared else "--shared writes it all the same"
        self._report.refuse(task.wanted, f"{because}; {told}", candidate.site, task.value)

    def _proven(self, decided: list[_Decision]) -> list[_Decision]:
        """The decisions after which the configuration really says what is wanted."""
        for _ in range(len(decided)):
            made = [splice for decision in decided for splice in decision.splices]
            told = {also for decision in decided for also in decision.also}
            every = [*self._report.out.splices, *made]
            bad = wrong(self._worlds, self._tree, every, [d.task for d in decided], self._consumers, told)
            for decision in decided:
                if decision.task.consumer in bad:
                    task = decision.task
                    self._report.refuse(task.wanted, _LOST, site_of(task), task.value)
            decided = [d for d in decided if d.task.consumer not in bad]
            if not bad:
                break
        return decided


def _rank(candidate: Candidate, unwanted: Sequence[Consumer]) -> tuple[bool, bool, bool, int]:
    """What changes nothing else comes first, then what is written already, then what is passed on as it is."""
    return bool(unwanted), isinstance(candidate.site, Hole), not candidate.direct, len(unwanted)
