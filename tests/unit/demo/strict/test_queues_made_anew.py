from __future__ import annotations

import asyncio
import json

from lambda_tailor.demo.strict.queues_made_anew import QueuesMadeAnew
from lambda_tailor.demo.strict.wire import Answer, Exchange

DONE = Answer(200, {}, b"{}")


def request(operation: str, account: str = "1", **asked: str) -> Exchange:
    body = json.dumps(asked).encode()
    return Exchange("POST", "/", "", {}, body, "", "us-east-1", "sqs", operation, owner=account)


def test_the_name_of_a_deleted_queue_is_free_again_after_a_minute() -> None:
    now = [0.0]
    anew = QueuesMadeAnew({}, 60.0, clock=lambda: now[0])

    def refused(name: str = "q", account: str = "1") -> bool:
        return asyncio.run(anew.before(request("CreateQueue", account, QueueName=name))) is not None

    assert not refused()
    asyncio.run(anew.after(request("DeleteQueue", QueueUrl="http://here/1/q"), DONE))
    assert [refused(), refused("other"), refused(account="2")] == [True, False, False]
    now[0] = 59.9
    assert refused()
    now[0] = 60.0
    assert not refused()
    # A deletion that was refused has deleted nothing.
    asyncio.run(anew.after(request("DeleteQueue", QueueUrl="http://here/1/q"), Answer(400, {}, b"{}")))
    assert not refused()
