"""The queues that send their dead letters to a queue, which the emulator does not tell.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html
"""

from __future__ import annotations

import json

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange


class DeadLetterSources(Passing):
    """Finds them by the redrive policy of every queue."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """The source queues, on one page; None for another request."""
        if exchange.name != "sqs:ListDeadLetterSourceQueues":
            return None
        asked = str(exchange.parameters().get("QueueUrl", "")).rpartition("/")[2]
        listed = await self._backend.json(exchange, "sqs", "AmazonSQS.ListQueues", {"MaxResults": 1000})
        sources: list[str] = []
        for url in listed.get("QueueUrls") or ():
            wanted = {"QueueUrl": url, "AttributeNames": ["RedrivePolicy"]}
            found = await self._backend.json(exchange, "sqs", "AmazonSQS.GetQueueAttributes", wanted)
            redrive = json.loads((found.get("Attributes") or {}).get("RedrivePolicy") or "{}")
            if str(redrive.get("deadLetterTargetArn", "")).rpartition(":")[2] == asked:
                sources.append(url)
        body = json.dumps({"queueUrls": sources}).encode()
        return Answer(200, {"Content-Type": "application/x-amz-json-1.0"}, body)


BEHAVIOUR = Registered(lambda layer: DeadLetterSources(layer.backend), order=65)
