"""How a row of the journal is signed, and verified: its columns in order, as text. Without SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambda_tailor.journal.team_key import TeamKey

if TYPE_CHECKING:
    import sqlalchemy as sa


def signature(key: TeamKey | None, what: str, columns: Sequence[str], row: Mapping[str, Any]) -> str | None:
    """The signature of a row, or None without a key."""
    return key.sign(what, *_texts(columns, row)) if key is not None else None


def verified(key: TeamKey | None, what: str, columns: Sequence[str], row: Mapping[str, Any] | sa.RowMapping) -> bool:
    """Whether the row is signed with that key."""
    return key is not None and key.verifies(row["signature"], what, *_texts(columns, row))


def _texts(columns: Sequence[str], row: Mapping[str, Any] | sa.RowMapping) -> Iterator[str | None]:
    for column in columns:
        value = row.get(column)
        yield None if value is None else str(value)
