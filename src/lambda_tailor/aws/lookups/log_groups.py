"""Log groups by name, or listed by page from the prefix that they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lambda_tailor.aws.lookups.kind import MANY, LookupKind, Resources, common_prefix, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings import log_group
from lambda_tailor.settings.setting import Answer, Call

LOG_GROUP = "log-group"


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The log groups whose names begin with ``prefix``, listed while nobody knew which would be asked for."""

    prefix: str
    groups: Resources


def prefetch(opened: OpenScope, prefix: str) -> Prefetched | None:
    """List log groups before it is known which are asked for; None where that is not allowed, and told later."""
    try:
        return Prefetched(
            prefix, {name: _log_group(group) for name, group in _listed_groups(opened, prefix)[0].items()}
        )
    except (AccessDenied, AwsRefused):
        return None


def classes_of(listed: Prefetched | None) -> Mapping[str, str]:
    """The class of each log group that was listed."""
    found = {} if listed is None else listed.groups
    return {name: str(group.state["class"]) for name, group in found.items() if isinstance(group, Found)}


def _log_groups(opened: OpenScope, names: Sequence[str]) -> Resources:
    groups, whole = ({}, False) if len(names) < MANY else _listed_groups(opened, common_prefix(names), frozenset(names))
    missing = [] if whole else [name for name in names if name not in groups]
    with ThreadPoolExecutor(max_workers=8) as threads:
        pages = threads.map(lambda name: opened.gateway.call(log_group.read(opened.address(name))), missing)
        groups |= _by_name(pages)
    return {name: _log_group(groups[name]) if name in groups else Missing() for name in names}


def _listed_groups(
    opened: OpenScope, prefix: str, names: frozenset[str] | None = None
) -> tuple[dict[str, Mapping[str, Any]], bool]:
    """The groups whose names begin so, and whether these are all of them.

    With ``names`` the listing ends when it has them, or when asking for each of them is the shorter way.
    """
    asked = {"limit": 50, **({"logGroupNamePrefix": prefix} if prefix else {})}
    groups: dict[str, Mapping[str, Any]] = {}
    for number, page in enumerate(opened.gateway.pages(Call("logs", "DescribeLogGroups", asked), "nextToken"), start=1):
        groups |= _by_name([page])
        if names is not None and (names <= groups.keys() or number >= max(10, len(names) // 4)):
            return groups, not page.get("nextToken")
    return groups, True


def _by_name(pages: Iterable[Answer]) -> dict[str, Mapping[str, Any]]:
    return {group["logGroupName"]: group for page in pages for group in page.get("logGroups") or ()}


def _log_group(group: Mapping[str, Any]) -> Resource:
    return Found(
        {
            "exists": True,
            "stored_bytes": group.get("storedBytes", 0),
            "retention_days": group.get("retentionInDays"),
            "class": group.get("logGroupClass", "STANDARD"),
        }
    )


KINDS = (
    LookupKind(kind=LOG_GROUP, read=together(_log_groups), costs="page", actions=(Action("logs:DescribeLogGroups"),)),
)
