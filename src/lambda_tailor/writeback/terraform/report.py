"""The place in HCL that is named for a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.model import Edit, Wanted
from lambda_tailor.writeback.terraform.attributes import Found
from lambda_tailor.writeback.terraform.placing import Task
from lambda_tailor.writeback.terraform.values import Hole, Site
from lambda_tailor.writeback.written import Written


def site_of(task: Task) -> Site:
    """A task's attribute, else its block."""
    if isinstance(task.now, Found):
        return Hole(task.now.attribute.expression.file, task.now.attribute.start, "")
    return Hole(task.block.file, task.block.start, "")


@dataclass(slots=True)
class Report:
    """What is told, with lines for places."""

    tree: Tree
    out: Written = field(default_factory=Written)

    def add(self, edits: Sequence[Edit], splices: Sequence[Splice], notes: Sequence[str] = ()) -> None:
        """Edits with their bytes."""
        self.out.edits += edits
        self.out.splices += splices
        self.out.notes += notes

    def edited(self, task: Task, site: Site, splices: Sequence[Splice], also: tuple[str, ...]) -> None:
        """A task's edit at a place."""
        self.out.edit(task.wanted, site.file, self.tree.line(site.file, site.start), splices, also)

    def edited_at(self, wanted: Wanted, site: Site, splices: Sequence[Splice]) -> None:
        """A setting that is no task's."""
        self.out.edit(wanted, site.file, self.tree.line(site.file, site.start), splices)

    def already_at(self, wanted: Wanted, site: Site) -> None:
        """A setting that is no task's and is so already."""
        self.out.is_so(wanted, site.file, self.tree.line(site.file, site.start))

    def already(self, task: Task, site: Site) -> None:
        """A task for which the source says what is wanted."""
        self.out.is_so(task.wanted, site.file, self.tree.line(site.file, site.start))

    def refuse(self, wanted: Wanted, because: str, site: Site | None = None, value: JsonValue = None) -> None:
        """A setting that is not edited; ``value`` is what to write at the place."""
        if site is None:
            self.out.refuse(wanted, because, value=value)
        else:
            self.out.refuse(wanted, because, site.file, self.tree.line(site.file, site.start), value)
