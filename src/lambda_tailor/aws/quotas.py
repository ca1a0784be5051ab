"""AWS's request quotas, per account and region, as lanes with a pace.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

# Requests a second. A call that is not named runs in its service's lane.
LANES: Mapping[str, float] = {
    "lambda:GetFunction": 100,
    "lambda:GetPolicy": 15,
    "lambda": 15,
    "cloudwatch:PutMetricAlarm": 3,
    "cloudwatch:DescribeAlarms": 9,
    "cloudwatch:GetMetricData": 50,
    "cloudwatch": 3,
    "logs:FilterLogEvents": 5,
    "logs:DescribeLogGroups": 10,
    "logs:PutRetentionPolicy": 10,
    "logs": 10,
    "sqs": 50,
    "iam": 15,
    "secretsmanager": 50,
    "ssm": 20,
    "s3": 50,
    "tagging": 10,
}
OTHERWISE = 10.0


def lane_of(call: str) -> str:
    """The lane that ``service:Operation`` runs in."""
    if call in LANES:
        return call
    return call.partition(":")[0]


def rate_of(lane: str) -> float:
    """Requests a second that AWS takes in that lane."""
    return LANES.get(lane, OTHERWISE)


class Pace:
    """Spaces calls so that a lane stays under its quota.

    ``share`` is the part of each quota to use (1.0 is all of it). Threads wait their turn in the
    order they came.
    """

    def __init__(
        self,
        share: float = 0.95,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, call: str) -> None:
        """Block until the call may be sent. A lane that rested may send a tenth of a second at once."""
        lane = lane_of(call)
        interval = 1 / (rate_of(lane) * self._share)
        with self._lock:
            now = self._clock()
            at = max(self._next.get(lane, 0.0), now - 0.1)
            self._next[lane] = at + interval
        if at > now:
            self._sleep(at - now)
