"""A queue that is made anew within a minute of its deletion, which SQS refuses and the emulator takes.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lambda_tailor.demo.strict.behaviour import Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal

REST_S = 60.0
_CODE = "AWS.SimpleQueueService.QueueDeletedRecently"


class QueuesMadeAnew(Passing):
    """Remembers what was deleted when, by account, region and name.

    ``rests_s`` has the accounts for which the minute is shorter, since a test would not wait for it.
    """

    def __init__(self, rests_s: dict[str, float], rest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rests_s = rests_s
        self._rest_s = rest_s
        self._clock = clock
        self._deleted: dict[tuple[str, str, str], float] = {}

    async def before(self, exchange: Exchange) -> Answer | None:
        """Refuse in AWS's words."""
        if exchange.name != "sqs:CreateQueue":
            return None
        deleted = self._deleted.get((exchange.account, exchange.region, str(exchange.parameters().get("QueueName"))))
        rest = self._rests_s.get(exchange.account, self._rest_s)
        if deleted is None or self._clock() - deleted >= rest:
            return None
        message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        return refusal(exchange, _CODE, message)

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Remember a deletion."""
        if exchange.name == "sqs:DeleteQueue" and answer.status == 200:
            name = str(exchange.parameters().get("QueueUrl")).rpartition("/")[2]
            self._deleted[exchange.account, exchange.region, name] = self._clock()
        return answer


BEHAVIOUR = Registered(lambda layer: QueuesMadeAnew(layer.queue_rests_s, layer.queue_rest_s), order=15)
