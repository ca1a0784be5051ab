"""What becomes of wanted settings, collected: edits with their bytes, and what was not edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.writeback.files import Splice
from lambda_tailor.writeback.model import Edit, NotEdited, ToOwn, Wanted


@dataclass(slots=True)
class Written:
    """Collects what is told. ``already`` is what the source says as wanted."""

    edits: list[Edit] = field(default_factory=list)
    not_edited: list[NotEdited] = field(default_factory=list)
    already: list[Edit] = field(default_factory=list)
    splices: list[Splice] = field(default_factory=list)
    to_own: list[ToOwn] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def edit(self, wanted: Wanted, file: str, line: int, splices: Sequence[Splice], also: tuple[str, ...] = ()) -> None:
        """A setting that is written at a place."""
        self.edits.append(_edit(wanted, file, line, also))
        self.splices += splices

    def is_so(self, wanted: Wanted, file: str, line: int) -> None:
        """A setting for which nothing is to do."""
        self.already.append(_edit(wanted, file, line, ()))

    def refuse(
        self, wanted: Wanted, because: str, file: str | None = None, line: int | None = None, value: JsonValue = None
    ) -> None:
        """A setting that is not edited; ``value`` is what to write at the place, where that differs."""
        self.not_edited.append(
            NotEdited(
                function=wanted.function,
                setting=wanted.setting,
                file=file,
                line=line,
                because=because,
                wanted=wanted.after if value is None else value,
            )
        )

    def take(self, other: Written) -> None:
        """All that another one has, too."""
        self.edits += other.edits
        self.not_edited += other.not_edited
        self.already += other.already
        self.splices += other.splices
        self.to_own += other.to_own
        self.notes += other.notes


def _edit(wanted: Wanted, file: str, line: int, also: tuple[str, ...]) -> Edit:
    return Edit(
        file=file,
        line=line,
        function=wanted.function,
        setting=wanted.setting,
        before=wanted.before,
        after=wanted.after,
        also_changes=also,
    )
