"""What a request on the wire is: service, operation, account, region, parameters, in every protocol botocore speaks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import cbor2

from lambda_tailor.demo.strict.rest import match_rest

# Signing names, as they stand in the credential scope, and what the services are called here.
_SERVICES = {"monitoring": "cloudwatch"}
_REST = frozenset({"lambda", "s3"})
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(slots=True)
class Answer:
    """A response: HTTP status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request. ``operation`` is empty where it could not be told."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    key_id: str
    region: str
    service: str
    operation: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    owner: str = "000000000000"

    @property
    def name(self) -> str:
        """``service:Operation``; where that could not be told, the HTTP method stands for it: ``lambda:Get``."""
        return f"{self.service}:{self.operation or self.method.title()}"

    @property
    def account(self) -> str:
        """The account: the access key id itself where it is one, as the emulator has it, else the key's owner."""
        return self.key_id if re.fullmatch(r"\d{12}", self.key_id) else self.owner

    def parameters(self) -> dict[str, Any]:
        """The request's parameters by name."""
        if self.speaks_cbor:
            return dict(cbor2.loads(self.body)) if self.body else {}
        if "form-urlencoded" in self.headers.get("content-type", ""):
            return dict(parse_qsl(self.body.decode()))
        parsed = json.loads(self.body) if self.body and self.service != "s3" else {}
        return {**self.path_parameters, **dict(parse_qsl(self.query)), **parsed}

    @property
    def speaks_cbor(self) -> bool:
        """Whether it is smithy-rpc-v2-cbor."""
        return "/service/" in self.path and "/operation/" in self.path


def identify(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Exchange:
    """Tell what a request is."""
    lower = {name.lower(): value for name, value in headers.items()}
    scope = _SCOPE.search(lower.get("authorization", ""))
    key_id, region, signed = scope.groups() if scope else ("", "us-east-1", "")
    service = _SERVICES.get(signed, signed)
    operation = ""
    parameters: Mapping[str, str] = {}
    if service in _REST:
        operation, parameters = match_rest(service, method, unquote(path), query)
    elif "x-amz-target" in lower:
        operation = lower["x-amz-target"].rpartition(".")[2]
    elif "/operation/" in path:
        operation = path.rpartition("/")[2]
    elif body:
        operation = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action", "")
    return Exchange(method, path, query, lower, body, key_id, region, service, operation, parameters)


def refusal(
    exchange: Exchange, code: str, message: str, status: int = 400, more: Mapping[str, Any] | None = None
) -> Answer:
    """An error as the service words it in the request's own protocol; ``more`` are its other members, in JSON."""
    if exchange.speaks_cbor:
        body = cbor2.dumps({"__type": f"com.amazonaws.cloudwatch#{code}", "message": message, "Message": message})
        return Answer(status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, body)
    if "form-urlencoded" in exchange.headers.get("content-type", ""):
        said = f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
        xml = f"<ErrorResponse><Error>{said}</Error></ErrorResponse>"
        return Answer(status, {"Content-Type": "text/xml"}, xml.encode())
    if exchange.service == "s3":
        xml = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return Answer(status, {"Content-Type": "application/xml"}, xml.encode())
    document = {"__type": code, "Type": "User", "message": message, "Message": message, **(more or {})}
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-ErrorType": code,
        "x-amzn-query-error": f"{code};Sender",
    }
    return Answer(status, headers, json.dumps(document).encode())


def document(exchange: Exchange, answer: Answer) -> Any:
    """An answer's document, from JSON or CBOR."""
    if not answer.body:
        return {}
    return cbor2.loads(answer.body) if exchange.speaks_cbor else json.loads(answer.body)


def with_document(exchange: Exchange, answer: Answer, changed: Any) -> Answer:
    """The same answer with another document."""
    body = cbor2.dumps(changed, datetime_as_timestamp=True) if exchange.speaks_cbor else json.dumps(changed).encode()
    return Answer(answer.status, answer.headers, body)
