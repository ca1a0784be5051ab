"""What a guard is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """``old`` stands once in ``file`` (under src/lambda_tailor) and is replaced by ``new``."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Guard:
    """``old`` in ``file`` is replaced by ``new``, as in an Edit; ``tests``, pytest's arguments, turn red.

    ``also`` is taken out with it, where two guards stand before the same thing.
    """

    kind: str
    what: str
    file: str
    old: str
    new: str
    tests: str
    also: tuple[Edit, ...] = ()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All that is taken out."""
        return (Edit(self.file, self.old, self.new), *self.also)

    @property
    def test(self) -> str:
        """The file or the test that turns red, as pytest names it, without its parameters."""
        return self.tests.split(" ")[0].partition("[")[0]
