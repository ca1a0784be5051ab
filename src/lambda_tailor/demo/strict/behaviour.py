"""What every behaviour is, and how it asks the backend for what it needs to know."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlencode
from xml.sax.saxutils import unescape

import aiohttp
import cbor2
import yarl

from lambda_tailor.demo.strict.signature import signed_as_root
from lambda_tailor.demo.strict.wire import Answer, Exchange


class Behaviour(Protocol):
    """Something that AWS does and the emulator does not."""

    async def before(self, exchange: Exchange) -> Answer | None:
        """An answer instead of the backend's, or None to let the request through."""

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """The backend's answer, changed or not."""


class Passing:
    """A behaviour that lets everything through; a base for those that only do one half."""

    async def before(self, exchange: Exchange) -> Answer | None:
        """Let it through."""
        return None

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Leave it as it is."""
        return answer


class Layer(Protocol):
    """What a behaviour may be made with: the emulator, and what tests have set."""

    backend: Backend
    account_limits: dict[str, int]
    states: dict[tuple[str, str], str]
    iam_delays_s: dict[str, float]
    queue_rests_s: dict[str, float]
    queue_rest_s: float


@dataclass(frozen=True, slots=True)
class Registered:
    """A behaviour as the layer finds it: a file of this folder has it as ``BEHAVIOUR``.

    Requests go through behaviours by rising ``order``, answers come back by falling order.
    """

    make: Callable[[Layer], Behaviour]
    order: int = 50


@dataclass(frozen=True, slots=True)
class Backend:
    """The emulator behind the layer."""

    url: str
    http: aiohttp.ClientSession

    async def forward(self, exchange: Exchange) -> Answer:
        """The backend's answer to a request."""
        return await self._send(exchange.method, exchange.path, exchange.query, exchange.headers, exchange.body)

    async def _ask(
        self,
        exchange: Exchange,
        service: str,
        method: str,
        path: str,
        body: bytes = b"",
        query: str = "",
        **headers: str,
    ) -> Answer:
        """A call of the layer's own, as the account's root."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.url}{path}{'?' + query if query else ''}"
        signed = signed_as_root(exchange.account, exchange.region, service, method, url, named, body)
        return await self._send(method, path, query, signed, body)

    async def _found(self, exchange: Exchange, path: str, query: str = "") -> Mapping[str, Any] | None:
        """What Lambda has at a path, as the account's root sees it; None where there is nothing."""
        answer = await self._ask(exchange, "lambda", "GET", path, query=query)
        return json.loads(answer.body) if answer.status == 200 else None

    async def function(self, exchange: Exchange, name: str, version: str = "") -> Mapping[str, Any] | None:
        """GetFunction; None where there is no such function or version of it."""
        query = urlencode({"Qualifier": version}) if version else ""
        return await self._found(exchange, f"/2015-03-31/functions/{quote(name, safe='')}", query)

    async def alias(self, exchange: Exchange, function: str, name: str) -> Mapping[str, Any] | None:
        """GetAlias; None where there is no such alias."""
        path = f"/2015-03-31/functions/{quote(function, safe='')}/aliases/{quote(name, safe='')}"
        return await self._found(exchange, path)

    async def event_source(self, exchange: Exchange, uuid: str) -> Mapping[str, Any] | None:
        """GetEventSourceMapping; None where there is no such mapping."""
        return await self._found(exchange, f"/2015-03-31/event-source-mappings/{quote(uuid, safe='')}")

    async def versions(self, exchange: Exchange, function: str) -> list[dict[str, Any]]:
        """The published versions of a function, as ListVersionsByFunction has them."""
        found = await self._found(exchange, f"/2015-03-31/functions/{quote(function, safe='')}/versions") or {}
        return [dict(each) for each in found.get("Versions") or () if each["Version"].isdigit()]

    async def provisioned(self, exchange: Exchange, function: str) -> list[Mapping[str, Any]]:
        """What is provisioned for each version and alias of a function, as ListProvisionedConcurrencyConfigs has it."""
        path = f"/2015-03-31/functions/{quote(function, safe='')}"
        versions = (await self._found(exchange, f"{path}/versions") or {}).get("Versions") or ()
        aliases = (await self._found(exchange, f"{path}/aliases") or {}).get("Aliases") or ()
        qualifiers = [each["Version"] for each in versions if each["Version"].isdigit()] + [a["Name"] for a in aliases]
        configured: list[Mapping[str, Any]] = []
        for qualifier in qualifiers:
            at = f"/2019-09-30/functions/{quote(function, safe='')}/provisioned-concurrency"
            if found := await self._found(exchange, at, urlencode({"Qualifier": qualifier})):
                arn = f"arn:aws:lambda:{exchange.region}:{exchange.account}:function:{function}:{qualifier}"
                configured.append({**found, "FunctionArn": arn})
        return configured

    async def queue_attributes(self, exchange: Exchange, arn: str) -> Mapping[str, str]:
        """All attributes of a queue; none where it is not there."""
        account, name = arn.split(":")[4:6]
        asked = {"QueueUrl": f"{self.url}/{account}/{name}", "AttributeNames": ["All"]}
        answer: Any = await self.json(exchange, "sqs", "AmazonSQS.GetQueueAttributes", asked)
        attributes: Mapping[str, str] = answer.get("Attributes") or {}
        return attributes

    async def event_invoke_config(
        self, exchange: Exchange, function: str, qualifier: str = ""
    ) -> Mapping[str, Any] | None:
        """GetFunctionEventInvokeConfig; None where the function, version or alias has none."""
        query = urlencode({"Qualifier": qualifier}) if qualifier else ""
        path = f"/2019-09-25/functions/{quote(function, safe='')}/event-invoke-config"
        return await self._found(exchange, path, query)

    async def put_event_invoke_config(
        self, exchange: Exchange, function: str, qualifier: str, wanted: Mapping[str, Any]
    ) -> Answer:
        """PutFunctionEventInvokeConfig."""
        query = urlencode({"Qualifier": qualifier}) if qualifier else ""
        path, kind = f"/2019-09-25/functions/{quote(function, safe='')}/event-invoke-config", "application/json"
        return await self._ask(exchange, "lambda", "PUT", path, json.dumps(wanted).encode(), query, content_type=kind)

    async def redirected(self, exchange: Exchange, path: str, query: str) -> Answer:
        """The same request to another path, as the account's root."""
        headers = {n: v for n, v in exchange.headers.items() if n.startswith("x-amz-") or n == "content-type"}
        url = f"{self.url}{path}?{query}"
        signed = signed_as_root(
            exchange.account, exchange.region, exchange.service, exchange.method, url, headers, exchange.body
        )
        return await self._send(exchange.method, path, query, signed, exchange.body)

    async def account_settings(self, exchange: Exchange) -> Mapping[str, Any]:
        """GetAccountSettings."""
        answer = await self._ask(exchange, "lambda", "GET", "/2016-08-19/account-settings")
        document: Mapping[str, Any] = json.loads(answer.body)
        return document

    async def may(self, exchange: Exchange, principal_arn: str, action: str, resource: str) -> bool:
        """Whether IAM's own simulation lets a role or user do it."""
        answer = await self.simulate(exchange, principal_arn, action, resource)
        return b"<EvalDecision>allowed</EvalDecision>" in answer.body

    async def simulate(self, exchange: Exchange, principal_arn: str, action: str, resource: str) -> Answer:
        """SimulatePrincipalPolicy of one action on one resource."""
        asked = {"PolicySourceArn": principal_arn, "ActionNames.member.1": action, "ResourceArns.member.1": resource}
        return await self._iam(exchange, "SimulatePrincipalPolicy", asked)

    async def policies(self, exchange: Exchange, principal_arn: str) -> list[str]:
        """The inline policies of a role or user, as JSON."""
        kind, _, name = principal_arn.split(":")[5].partition("/")
        owner = {f"{kind.title()}Name": name.rpartition("/")[2]}
        listed = await self._iam(exchange, f"List{kind.title()}Policies", owner)
        found = []
        for policy in re.findall(r"<member>([^<]+)</member>", listed.body.decode()):
            answer = await self._iam(exchange, f"Get{kind.title()}Policy", {**owner, "PolicyName": unescape(policy)})
            document = re.search(r"<PolicyDocument>([^<]+)</PolicyDocument>", answer.body.decode())
            if document is not None:
                found.append(unquote(unescape(document[1])))
        return found

    async def may_by(self, exchange: Exchange, policies: Sequence[str], action: str, resource: str) -> bool:
        """Whether IAM's own simulation lets somebody with just these policies do it."""
        given = {f"PolicyInputList.member.{n}": policy for n, policy in enumerate(policies, start=1)}
        asked = {"ActionNames.member.1": action, "ResourceArns.member.1": resource, **given}
        answer = await self._iam(exchange, "SimulateCustomPolicy", asked)
        return b"<EvalDecision>allowed</EvalDecision>" in answer.body

    async def _iam(self, exchange: Exchange, operation: str, parameters: Mapping[str, str]) -> Answer:
        asked = {"Action": operation, "Version": "2010-05-08", **parameters}
        form = "application/x-www-form-urlencoded"
        return await self._ask(exchange, "iam", "POST", "/", urlencode(asked).encode(), content_type=form)

    async def json(self, exchange: Exchange, service: str, target: str, parameters: Mapping[str, Any]) -> Any:
        """A JSON 1.1 call of the layer's own."""
        body, kind = json.dumps(parameters).encode(), "application/x-amz-json-1.1"
        answer = await self._ask(exchange, service, "POST", "/", body, x_amz_target=target, content_type=kind)
        return json.loads(answer.body or b"{}")

    async def again(self, exchange: Exchange, parameters: Mapping[str, Any]) -> Answer:
        """The same request with other parameters, in CBOR or JSON, as the account's root."""
        cbor = exchange.speaks_cbor
        body = cbor2.dumps(parameters, datetime_as_timestamp=True) if cbor else json.dumps(parameters).encode()
        kept = ("content-type", "x-amz-target", "smithy-protocol", "accept")
        headers = {name.replace("-", "_"): exchange.headers[name] for name in kept if name in exchange.headers}
        return await self._ask(exchange, exchange.service, exchange.method, exchange.path, body, **headers)

    async def _send(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        kept = {
            n: v for n, v in headers.items() if n not in ("content-length", "transfer-encoding", "connection", "expect")
        }
        # The path travels as it came: it is signed, and an ARN in it is encoded.
        url = f"{self.url}{path}{'?' + query if query else ''}"
        async with self.http.request(method, yarl.URL(url, encoded=True), headers=kept, data=body) as response:
            content = await response.read()
            dropped = ("content-length", "transfer-encoding", "connection", "content-encoding", "date", "server")
            answered = {n: v for n, v in response.headers.items() if n.lower() not in dropped}
            return Answer(response.status, answered, content)
