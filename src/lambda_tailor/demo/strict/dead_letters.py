"""Dead-letter queues that hold the event itself: the emulator puts there what belongs in an OnFailure destination.

The event is taken out of the emulator's envelope as the message is received; the attributes that AWS
adds tell why it failed. The emulator does not keep the invocation's request id, so that RequestID is
the message's own id. Event source mappings on the queue, and topics as dead-letter targets, still get
the envelope.

Where a customer's key encrypts the queue and the function's role may not use it, AWS loses the event and counts
DeadLetterErrors. The emulator has sent it by then: it is taken out of the queue as somebody would receive it, and until
then the queue counts it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.executions import PUT_METRICS
from lambda_tailor.demo.strict.key_permissions import KeyUse, key_of, may_use, via
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, with_document

_ERROR_MESSAGE_BYTES = 1024
# What a producer of an encrypted queue needs.
_SENDING = ("kms:GenerateDataKey", "kms:Decrypt")
Attributes = Mapping[str, Mapping[str, str]]


class DeadLetters(Passing):
    """Unwraps the events in a function's dead-letter queue."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Change the messages that the emulator sent for a function whose dead-letter queue this is."""
        if exchange.name != "sqs:ReceiveMessage" or answer.status != 200:
            return answer
        if "form-urlencoded" in exchange.headers.get("content-type", ""):
            return answer
        asked = exchange.parameters()
        told = document(exchange, answer)
        queue = str(asked.get("QueueUrl", "")).rpartition("/")[2]
        arrived = []
        for message in told.get("Messages") or ():
            envelope = envelope_of(message["Body"])
            function = None if envelope is None else await self._sender(exchange, envelope, queue)
            if envelope is not None and function is not None:
                if not await self._arrives(exchange, function, queue):
                    await self._lose(exchange, function, asked["QueueUrl"], message["ReceiptHandle"])
                    continue
                message |= unwrapped(envelope, message["MessageId"], asked.get("MessageAttributeNames") or ())
            arrived.append(message)
        return with_document(exchange, answer, {**told, "Messages": arrived} if told.get("Messages") else told)

    async def _sender(self, exchange: Exchange, envelope: Mapping[str, Any], queue: str) -> Mapping[str, Any] | None:
        """The function whose dead-letter queue it is; None where it is its destination for failures, or nobody's."""
        name = str(envelope["requestContext"].get("functionArn", "")).partition(":function:")[2]
        function: Mapping[str, Any] = (await self._backend.function(exchange, name) or {}).get("Configuration", {})
        target = (function.get("DeadLetterConfig") or {}).get("TargetArn", "")
        invoke = await self._backend.event_invoke_config(exchange, name) or {}
        onward = ((invoke.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        return function if target.rpartition(":")[2] == queue and not onward else None

    async def _arrives(self, exchange: Exchange, function: Mapping[str, Any], queue: str) -> bool:
        """Whether the function's role may use the queue's key, where that is a customer's."""
        attributes = await self._backend.queue_attributes(exchange, f"::::{exchange.account}:{queue}")
        key = await key_of(self._backend, exchange, attributes.get("KmsMasterKeyId"))
        uses = [] if key is None else [KeyUse(action, key, via(exchange)) for action in _SENDING]
        return all([await may_use(self._backend, exchange, function["Role"], use) for use in uses])

    async def _lose(self, exchange: Exchange, function: Mapping[str, Any], url: str, handle: str) -> None:
        asked = {"QueueUrl": url, "ReceiptHandle": handle}
        await self._backend.json(exchange, "sqs", "AmazonSQS.DeleteMessage", asked)
        dimensions = [{"Name": "FunctionName", "Value": function["FunctionName"]}]
        datum = {"MetricName": "DeadLetterErrors", "Dimensions": dimensions, "Value": 1.0, "Unit": "Count"}
        await self._backend.json(
            exchange,
            "cloudwatch",
            PUT_METRICS,
            {"Namespace": "AWS/Lambda", "MetricData": [{**datum, "Timestamp": time.time()}]},
        )


def envelope_of(body: str) -> Mapping[str, Any] | None:
    """The record of a failed asynchronous invocation, or None where the body is something else."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    context = found.get("requestContext") if isinstance(found, dict) else None
    exhausted = isinstance(context, dict) and context.get("condition") == "RetriesExhausted"
    return found if exhausted and "requestPayload" in found else None


def unwrapped(envelope: Mapping[str, Any], request_id: str, names: Sequence[str]) -> dict[str, Any]:
    """The members of the message that AWS would have sent, with those attributes that were asked for."""
    body = json.dumps(envelope["requestPayload"])
    said = str((envelope.get("responsePayload") or {}).get("errorMessage", ""))
    every: Attributes = {
        "RequestID": {"StringValue": request_id, "DataType": "String"},
        "ErrorCode": {"StringValue": "200", "DataType": "Number"},
        "ErrorMessage": {
            "StringValue": said.encode()[:_ERROR_MESSAGE_BYTES].decode(errors="ignore"),
            "DataType": "String",
        },
    }
    chosen = {name: each for name, each in every.items() if {"All", ".*", name} & set(names)}
    message: dict[str, Any] = {"Body": body, "MD5OfBody": hashlib.md5(body.encode()).hexdigest()}
    if chosen:
        message |= {"MessageAttributes": chosen, "MD5OfMessageAttributes": _digest(chosen)}
    return message


def _digest(attributes: Attributes) -> str:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html ."""
    digest = hashlib.md5()
    for name, attribute in sorted(attributes.items()):
        for part in (name, attribute["DataType"]):
            digest.update(len(part.encode()).to_bytes(4, "big") + part.encode())
        value = attribute["StringValue"].encode()
        digest.update(b"\x01" + len(value).to_bytes(4, "big") + value)
    return digest.hexdigest()


BEHAVIOUR = Registered(lambda layer: DeadLetters(layer.backend), order=60)
