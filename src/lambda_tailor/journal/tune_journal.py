"""The tunes of a journal: written down before they make their copy, signed, and found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambda_tailor.journal import tunings
from lambda_tailor.journal.store import Store
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.model.tuning import Tuning

_TUNES = "that tunes"


class TuneJournal(Store):
    """What a journal knows of tunes."""

    def begin_tuning(self, tune: tunings.Begun) -> None:
        """Write down that a tune is about to make its copy."""
        self._write(lambda connection: tunings.begin(connection, tune, self._key))

    def end_tuning(self, tune_id: str, found: Tuning | None) -> None:
        """Write down that a tune's copy is gone, and what was found, if it is to be kept."""
        self._write(lambda connection: tunings.end(connection, tune_id, found, self._key))

    def left_tunings(self) -> Sequence[tunings.Begun]:
        """The tunes whose copy may still be there."""
        with self._reading() as connection, self._checked(_TUNES):
            return tunings.left(connection, self._key)

    def tunes(self) -> Sequence[tunings.Listed]:
        """Every tune, oldest first."""
        with self._reading() as connection, self._checked(_TUNES):
            return tunings.every(connection)

    def tunings(self, key: TeamKey | None) -> Mapping[str, Tuning]:
        """The newest tune of each function (by ARN) that is young enough to hold and that the key vouches for."""
        with self._reading() as connection, self._checked(_TUNES):
            return tunings.found(connection, key)
