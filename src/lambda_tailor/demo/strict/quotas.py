"""Request quotas: a token bucket for each account, region and operation group.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
"""

from __future__ import annotations

import time

from lambda_tailor.demo.strict.behaviour import Passing
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal
from lambda_tailor.model.lanes import lane_of, rate_of

_ERRORS = {
    "lambda": ("TooManyRequestsException", "Rate exceeded", 429),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "iam": ("Throttling", "Rate exceeded", 400),
    "cloudwatch": ("Throttling", "Rate exceeded", 400),
}
_OTHERWISE = ("ThrottlingException", "Rate exceeded", 400)
# Not a control-plane call.
_FREE = frozenset({"lambda:Invoke", "lambda:InvokeAsync"})


def throttled(exchange: Exchange) -> Answer:
    """The service's own throttling error."""
    return refusal(exchange, *_ERRORS.get(exchange.service, _OTHERWISE))


class Quotas(Passing):
    """Refuses what comes faster than AWS takes it; a bucket holds one second's worth.

    ``scale`` multiplies every quota; 0 switches them off.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    async def before(self, exchange: Exchange) -> Answer | None:
        """Take a token, or refuse."""
        if not self.scale or exchange.name in _FREE or not exchange.operation:
            return None
        lane = lane_of(exchange.name)
        rate = rate_of(lane) * self.scale
        key, now = (exchange.account, exchange.region, lane), time.monotonic()
        tokens, at = self._buckets.get(key, (max(1.0, rate), now))
        tokens = min(max(1.0, rate), tokens + (now - at) * rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            return throttled(exchange)
        self._buckets[key] = (tokens - 1, now)
        return None
