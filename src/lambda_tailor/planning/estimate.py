"""How long a plan takes to apply, as far as AWS's request quotas tell. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from lambda_tailor.model.lanes import GLOBAL_LANES, SCOPES_AT_ONCE, lane_of, rate_of
from lambda_tailor.model.plan import Estimate, Operation
from lambda_tailor.settings import all_settings

ScopeId = tuple[str, str]


def lane_of_operation(operation: Operation) -> str:
    """The lane that an operation's write waits in."""
    setting = all_settings().get(operation.key.kind)
    return lane_of(setting.write_actions[0].name) if setting and setting.write_actions else operation.key.kind


def estimate(operations: Sequence[Operation], share: float) -> Estimate | None:
    """The time for all of them with ``share`` of each quota; None where there are none.

    Lanes run side by side, and so do accounts and regions, sixteen at a time.
    """
    waiting: Counter[tuple[ScopeId, str]] = Counter()
    for operation in operations:
        lane = lane_of_operation(operation)
        region = "" if lane in GLOBAL_LANES else operation.region
        waiting[(operation.account_id, region), lane] += 1
    if not waiting:
        return None
    ((account, region), lane), calls = max(waiting.items(), key=lambda item: item[1] / rate_of(item[0][1]))
    return Estimate(
        seconds=round(seconds_left(waiting, share), 1),
        lane=lane,
        calls=calls,
        per_second=round(rate_of(lane) * share, 2),
        account_id=account,
        region=region,
    )


def seconds_left(waiting: Mapping[tuple[ScopeId, str], int], share: float) -> float:
    """The time for so many operations of each site and lane."""
    sites: dict[ScopeId, float] = {}
    for (opened, lane), calls in waiting.items():
        sites[opened] = max(sites.get(opened, 0.0), calls / (rate_of(lane) * share))
    return max(max(sites.values(), default=0.0), sum(sites.values()) / SCOPES_AT_ONCE)
