"""What tunes found, as the journal keeps it: which of it still holds. Without SQLAlchemy, which is slow to import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lambda_tailor.documents import adapter
from lambda_tailor.journal.signed_rows import verified
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.model.tuning import Tuning

# What was found holds so long, unless the code changes before.
HOLDS_DAYS = 90
# What is signed of a tune: the copy that may be removed, by which way it is reached, and what was found.
TUNE = (
    "tune_id", "function", "copy", "region", "role_arn", "status", "code_sha256", "shown", "begun_at", "ended_at",
)  # fmt: skip


def since() -> str:
    """The time from which on a tune is young enough to hold."""
    return (datetime.now(UTC) - timedelta(days=HOLDS_DAYS)).isoformat(timespec="milliseconds")


def vouched(key: TeamKey | None, row: Mapping[str, Any]) -> bool:
    """Whether the team's key vouches for a tune's row."""
    return verified(key, "tune", TUNE, row)


def newest(rows: Iterable[Mapping[str, Any]], key: TeamKey | None) -> Mapping[str, Tuning]:
    """Tunes by function ARN, the last one of each; rows come the oldest first. Raises ValueError.

    What the key does not vouch for is left out: a size that nobody measured must not become a proposal.
    """
    tunings: list[Tuning] = [adapter(Tuning).validate_json(row["shown"]) for row in rows if vouched(key, row)]
    return {tuning.arn: tuning for tuning in tunings}
