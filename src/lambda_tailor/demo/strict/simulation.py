"""IAM's simulation of several resources at once, of which the emulator answers for the first only.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any
from xml.sax.saxutils import escape

from lambda_tailor.demo.strict.behaviour import Backend, Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange

# So many where no more are asked for, and 1,000 at most.
_ITEMS = 100
_LAST = "<IsTruncated>false</IsTruncated>"
_DECISIONS = ("allowed", "explicitDeny", "implicitDeny")


class Simulation(Passing):
    """Asks the emulator for one pair of action and resource after the other."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def before(self, exchange: Exchange) -> Answer | None:
        """The answer for all pairs; what the emulator refuses is passed on."""
        if exchange.name != "iam:SimulatePrincipalPolicy":
            return None
        asked = exchange.parameters()
        actions, resources = [*_members(asked, "ActionNames")], [*_members(asked, "ResourceArns")] or ["*"]
        if len(actions) * len(resources) <= 1:
            return None
        results = []
        for action, resource in product(actions, resources):
            answer = await self._backend.simulate(exchange, asked["PolicySourceArn"], action, resource)
            if answer.status != 200:
                return answer
            results.append(_result(action, resource, decision_of(answer)))
        start, most = int(asked.get("Marker") or 0), int(asked.get("MaxItems") or _ITEMS)
        page, more = results[start : start + most], len(results) > start + most
        going_on = f"<IsTruncated>true</IsTruncated><Marker>{start + most}</Marker>" if more else _LAST
        said = f"{going_on}<EvaluationResults>{''.join(page)}</EvaluationResults>"
        xml = (
            '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            f"<SimulatePrincipalPolicyResult>{said}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
        )
        return Answer(200, {"Content-Type": "text/xml"}, xml.encode())


def decision_of(answer: Answer) -> str:
    """What IAM decided about the one pair of an answer."""
    return next(d for d in _DECISIONS if f"<EvalDecision>{d}</EvalDecision>".encode() in answer.body)


def _members(asked: Mapping[str, Any], name: str) -> Iterator[str]:
    number = 1
    while (value := asked.get(f"{name}.member.{number}")) is not None:
        yield value
        number += 1


def _result(action: str, resource: str, decision: str) -> str:
    said = f"<EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>{escape(resource)}</EvalResourceName>"
    return f"<member>{said}<EvalDecision>{decision}</EvalDecision></member>"


BEHAVIOUR = Registered(lambda layer: Simulation(layer.backend), order=22)
