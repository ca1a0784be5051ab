"""IAM as AWS judges, where the emulator under ``AUTH=true`` takes one action or resource for another.

The emulator (1.5.33) tells Lambda's actions by their path alone, so that DeleteFunctionConcurrency
passes for PutFunctionConcurrency and ListLayerVersions for ListLayers, lets GetAccountSettings and
the attaching of layers pass unseen, names log groups without the ``:*`` that AWS's policies have, and
judges DeleteAlarms, GetQueryResults and SimulatePrincipalPolicy on ``*``. For these services the
layer names action and resource itself and has the emulator's IAM evaluate them; what is allowed goes
on as the account's root. All else is judged by the emulator.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lambda_tailor.demo.strict.behaviour import Backend
from lambda_tailor.demo.strict.key_permissions import (
    denied,
    key_uses,
    may_use,
    shown_configurations,
    variables_key,
    without_variables,
)
from lambda_tailor.demo.strict.signature import signed_as_root
from lambda_tailor.demo.strict.wire import Answer, Exchange, document, refusal, with_document

Check = tuple[str, str]
# It may name a function, and takes no resource all the same.
_WITHOUT_RESOURCE = frozenset({"ListEventSourceMappings"})
# Where IAM calls an operation by another name.
_CALLED = {"Invoke": "InvokeFunction"}


@dataclass(frozen=True, slots=True)
class User:
    """Whose an access key is."""

    account: str
    arn: str


@dataclass(slots=True)
class Permissions:
    """The users whose access keys were made through the layer, and the log groups of queries by their id."""

    backend: Backend
    users: dict[str, User] = field(default_factory=dict)
    queries: dict[str, list[str]] = field(default_factory=dict)

    def known(self, exchange: Exchange) -> Exchange:
        """The request with the account of its key."""
        user = self.users.get(exchange.key_id)
        return exchange if user is None else replace(exchange, owner=user.account)

    async def admit(self, exchange: Exchange) -> Answer | Exchange:
        """The refusal, or the request as it may go on."""
        user = self.users.get(exchange.key_id)
        if user is None:
            return exchange
        checks = self._checks(exchange)
        for action, resource in checks or ():
            if not await self.backend.may(exchange, user.arn, action, resource):
                return _denied(exchange, user, action, resource)
        async for use in key_uses(self.backend, exchange):
            if not await may_use(self.backend, exchange, user.arn, use):
                return denied(exchange, _message(user, use.action, use.key))
        return exchange if checks is None and exchange.service != "kms" else _as_root(exchange)

    async def veil(self, exchange: Exchange, answer: Answer) -> Answer:
        """The answer without what its sender may not see of it."""
        return await self._without_variables(exchange, await self._without_tags(exchange, answer))

    async def _without_variables(self, exchange: Exchange, answer: Answer) -> Answer:
        """Functions' variables are decrypted for who may use their key."""
        user = self.users.get(exchange.key_id)
        if user is None or answer.status != 200 or exchange.service != "lambda":
            return answer
        told, hidden = document(exchange, answer), False
        for configuration in shown_configurations(exchange, told):
            use = await variables_key(self.backend, exchange, configuration)
            if use is not None and not await may_use(self.backend, exchange, user.arn, use):
                without_variables(configuration, _message(user, use.action, use.key))
                hidden = True
        return with_document(exchange, answer, told) if hidden else answer

    async def _without_tags(self, exchange: Exchange, answer: Answer) -> Answer:
        """GetFunction's answer without the tags, where its sender may not list them.

        https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
        """
        user = self.users.get(exchange.key_id)
        if user is None or exchange.name != "lambda:GetFunction" or answer.status != 200:
            return answer
        found = document(exchange, answer)
        arn = found["Configuration"]["FunctionArn"]
        if await self.backend.may(exchange, user.arn, "lambda:ListTags", arn):
            return answer
        found.pop("Tags", None)
        message = _message(user, "lambda:ListTags", arn)
        return with_document(
            exchange, answer, {**found, "TagsError": {"ErrorCode": "AccessDeniedException", "Message": message}}
        )

    def learn(self, exchange: Exchange, answer: Answer) -> None:
        """Remember whose a new key is, and which log groups a query reads."""
        if answer.status != 200:
            return
        if exchange.name == "iam:CreateAccessKey":
            said = answer.body.decode()
            key, name = _tag(said, "AccessKeyId"), _tag(said, "UserName")
            self.users[key] = User(exchange.account, f"arn:aws:iam::{exchange.account}:user/{name}")
        elif exchange.name == "logs:StartQuery":
            self.queries[document(exchange, answer)["queryId"]] = _groups(exchange)

    def _checks(self, exchange: Exchange) -> list[Check] | None:
        """Every action that AWS asks for, with its resource; None where the emulator names them itself."""
        match exchange.service, exchange.operation:
            case "lambda", operation:
                return list(_lambda(exchange, operation))
            case "logs", "DescribeLogGroups" | "StopQuery" as operation:
                return [(f"logs:{operation}", "*")]
            case "logs", "GetQueryResults":
                groups = self.queries.get(exchange.parameters()["queryId"], ["unknown"])
                return [("logs:GetQueryResults", _log_group(exchange, group)) for group in groups]
            case "logs", operation:
                return [(f"logs:{operation}", _log_group(exchange, group)) for group in _groups(exchange)]
            case "cloudwatch", "PutMetricAlarm" | "DeleteAlarms" as operation:
                asked = exchange.parameters()
                names = asked.get("AlarmNames") or [asked["AlarmName"]]
                return [(f"cloudwatch:{operation}", _arn(exchange, "cloudwatch", f"alarm:{name}")) for name in names]
            case "iam", "SimulatePrincipalPolicy":
                return [("iam:SimulatePrincipalPolicy", exchange.parameters()["PolicySourceArn"])]
        return None


def _lambda(exchange: Exchange, operation: str) -> Iterable[Check]:
    asked = exchange.parameters()
    if operation == "GetLayerVersionByArn":
        return [("lambda:GetLayerVersion", asked["Arn"])]
    if "UUID" in asked:
        return [(f"lambda:{operation}", _arn(exchange, "lambda", f"event-source-mapping:{asked['UUID']}"))]
    if operation in _WITHOUT_RESOURCE or "FunctionName" not in asked:
        return [(f"lambda:{operation}", "*")]
    name = asked["FunctionName"]
    function = name if name.startswith("arn:") else _arn(exchange, "lambda", f"function:{name}")
    qualified = f"{function}:{asked['Qualifier']}" if asked.get("Qualifier") else function
    layers = asked.get("Layers") or () if operation == "UpdateFunctionConfiguration" else ()
    action = f"lambda:{_CALLED.get(operation, operation)}"
    return [(action, qualified), *(("lambda:GetLayerVersion", layer) for layer in layers)]


def _groups(exchange: Exchange) -> list[str]:
    asked = exchange.parameters()
    return list(asked.get("logGroupNames") or [asked["logGroupName"]])


def _log_group(exchange: Exchange, name: str) -> str:
    return _arn(exchange, "logs", f"log-group:{name}:log-stream:")


def _arn(exchange: Exchange, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{exchange.region}:{exchange.account}:{resource}"


def _denied(exchange: Exchange, user: User, action: str, resource: str) -> Answer:
    """The refusal in AWS's words: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html."""
    code = "AccessDenied" if exchange.service in ("iam", "cloudwatch") else "AccessDeniedException"
    return refusal(exchange, code, _message(user, action, resource), 403)


def _message(user: User, action: str, resource: str) -> str:
    why = f"because no identity-based policy allows the {action} action"
    return f"User: {user.arn} is not authorized to perform: {action} on resource: {resource} {why}"


def _as_root(exchange: Exchange) -> Exchange:
    url = f"http://{exchange.headers['host']}{exchange.path}{'?' + exchange.query if exchange.query else ''}"
    signed = signed_as_root(
        exchange.account, exchange.region, exchange.service, exchange.method, url, exchange.headers, exchange.body
    )
    return replace(exchange, key_id=exchange.account, headers={name.lower(): value for name, value in signed.items()})


def _tag(xml: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]+)</{name}>", xml)
    assert found is not None, f"CreateAccessKey answers without {name}"
    return found[1]
