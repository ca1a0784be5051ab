"""What ``lambda_tailor.doctor`` looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lambda_tailor.aws.gateway import DEFAULT_TIMEOUT_S
from lambda_tailor.model.diagnosis import Diagnosis
from lambda_tailor.model.lanes import DEFAULT_SHARE
from lambda_tailor.planning.options import connection_of

if TYPE_CHECKING:
    pass


def doctor(
    *,
    regions: Sequence[str] = (),
    journal: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    quota_share: float = DEFAULT_SHARE,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Diagnosis:
    """Whether credentials, region, permissions, journal, clock and versions are ready; changes nothing.

    What is missing is a check that failed, with what to do; nothing is raised for it.
    """
    from lambda_tailor import paths
    from lambda_tailor.applying.doctor import diagnose
    from lambda_tailor.settings import all_settings

    connection = connection_of(profile, endpoint_url, quota_share, timeout_s)
    writes = sorted({action.name for setting in all_settings().values() for action in setting.write_actions})
    return diagnose(connection, journal_url=journal or paths.journal_url(), regions=regions, write_actions=writes)
