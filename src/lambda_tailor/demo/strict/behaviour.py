"""What every behaviour is, and how it asks the backend for what it needs to know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import aiohttp
import yarl

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


@dataclass(frozen=True, slots=True)
class Backend:
    """The emulator behind the layer."""

    url: str
    http: aiohttp.ClientSession

    async def forward(self, exchange: Exchange) -> Answer:
        """The backend's answer to a request."""
        return await self._send(exchange.method, exchange.path, exchange.query, exchange.headers, exchange.body)

    async def function(self, exchange: Exchange, name: str) -> Mapping[str, Any] | None:
        """GetFunction, as the account's root sees it; None where there is no such function."""
        path = f"/2015-03-31/functions/{quote(name, safe='')}"
        answer = await self._send("GET", path, "", self._signed(exchange, "lambda"), b"")
        return json.loads(answer.body) if answer.status == 200 else None

    async def account_settings(self, exchange: Exchange) -> Mapping[str, Any]:
        """GetAccountSettings."""
        answer = await self._send("GET", "/2016-08-19/account-settings", "", self._signed(exchange, "lambda"), b"")
        document: Mapping[str, Any] = json.loads(answer.body)
        return document

    async def may(self, exchange: Exchange, role_arn: str, action: str, resource: str) -> bool:
        """IAM's own simulation of what a role may do."""
        asked = {
            "Action": "SimulatePrincipalPolicy", "Version": "2010-05-08", "PolicySourceArn": role_arn,
            "ActionNames.member.1": action, "ResourceArns.member.1": resource,
        }  # fmt: skip
        headers = {**self._signed(exchange, "iam"), "content-type": "application/x-www-form-urlencoded"}
        answer = await self._send("POST", "/", "", headers, urlencode(asked).encode())
        return b"<EvalDecision>allowed</EvalDecision>" in answer.body

    async def json(self, exchange: Exchange, service: str, target: str, parameters: Mapping[str, Any]) -> Any:
        """A JSON 1.1 call of the layer's own."""
        headers = {
            **self._signed(exchange, service),
            "x-amz-target": target,
            "content-type": "application/x-amz-json-1.1",
        }
        answer = await self._send("POST", "/", "", headers, json.dumps(parameters).encode())
        return json.loads(answer.body or b"{}")

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

    @staticmethod
    def _signed(exchange: Exchange, service: str) -> dict[str, str]:
        scope = f"{exchange.account}/20260101/{exchange.region}/{service}/aws4_request"
        return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
