"""The layer as a process: every request goes through the behaviours to the emulator and back."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

import lambda_tailor.demo.strict as strict_folder
from lambda_tailor.demo.strict.behaviour import Backend, Behaviour, Registered
from lambda_tailor.demo.strict.faults import Fault, Faults, Reset
from lambda_tailor.demo.strict.permissions import Permissions
from lambda_tailor.demo.strict.queues_made_anew import REST_S
from lambda_tailor.demo.strict.quotas import Quotas
from lambda_tailor.demo.strict.wire import Answer, Exchange, identify


def all_behaviours() -> list[Registered]:
    """Every behaviour in the order in which it sees a request: the files of this folder that have a ``BEHAVIOUR``."""
    modules = (
        importlib.import_module(f"{strict_folder.__name__}.{m.name}")
        for m in pkgutil.iter_modules(strict_folder.__path__)
        if not m.name.startswith("__")
    )
    found: list[Registered] = [module.BEHAVIOUR for module in modules if hasattr(module, "BEHAVIOUR")]
    return sorted(found, key=lambda each: each.order)


@dataclass(slots=True)
class Strict:
    """The behaviours in the order in which they see a request, and what has been counted."""

    backend: Backend
    quotas: Quotas = field(default_factory=Quotas)
    faults: Faults = field(default_factory=Faults)
    account_limits: dict[str, int] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    iam_delays_s: dict[str, float] = field(default_factory=dict)
    queue_rests_s: dict[str, float] = field(default_factory=dict)
    queue_rest_s: float = REST_S
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    log: list[tuple[str, str, str, int]] = field(default_factory=list)
    behaviours: list[Behaviour] = field(init=False)
    permissions: Permissions = field(init=False)

    def __post_init__(self) -> None:
        self.permissions = Permissions(self.backend)
        self.behaviours = [self.quotas, *(each.make(self) for each in all_behaviours())]

    async def handle(self, exchange: Exchange) -> Answer:
        """The answer to one request."""
        exchange = self.permissions.known(exchange)
        self.calls[exchange.account, exchange.name] += 1
        fault = self.faults.striking(exchange)
        if fault is not None and fault.when == "before":
            struck = await self.faults.strike(fault, exchange)
            if struck is not None:
                return self._logged(exchange, struck)
        answer = await self._through(exchange)
        self._logged(exchange, answer)
        if fault is not None and fault.when == "after":
            return await self.faults.strike(fault, exchange) or answer
        return answer

    async def _through(self, exchange: Exchange) -> Answer:
        admitted = await self.permissions.admit(exchange)
        if isinstance(admitted, Answer):
            return admitted
        sent, exchange = exchange, admitted
        for behaviour in self.behaviours:
            refused = await behaviour.before(exchange)
            if refused is not None:
                return refused
        answer = await self.backend.forward(exchange)
        self.permissions.learn(exchange, answer)
        for behaviour in reversed(self.behaviours):
            answer = await behaviour.after(exchange, answer)
        return await self.permissions.veil(sent, answer)

    def _logged(self, exchange: Exchange, answer: Answer) -> Answer:
        self.log.append((exchange.account, exchange.region, exchange.name, answer.status))
        return answer


async def _pass(request: web.Request) -> web.StreamResponse:
    strict: Strict = request.app["strict"]
    raw_path, _, query = request.raw_path.partition("?")
    exchange = identify(request.method, raw_path, query, request.headers, await request.read())
    try:
        answer = await strict.handle(exchange)
    except Reset:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


async def _control(request: web.Request) -> web.Response:
    """``/_strict/state`` tells, ``/_strict/set`` sets; see ``control.py``."""
    strict: Strict = request.app["strict"]
    if request.method == "GET":
        account = request.query.get("account")
        calls = {name: n for (owner, name), n in sorted(strict.calls.items()) if account in (None, owner)}
        log = [entry for entry in strict.log if account in (None, entry[0])]
        return web.json_response(
            {"calls": calls, "log": log, "held": strict.faults.held, "struck": strict.faults.struck}
        )
    _set(strict, await request.json())
    return web.json_response({})


def _set(strict: Strict, asked: dict[str, Any]) -> None:
    if asked.get("reset"):
        strict.calls.clear()
        strict.log.clear()
        strict.faults.struck.clear()
    if asked.get("clear_faults"):
        strict.faults.clear()
    if "quota_scale" in asked:
        strict.quotas.scale = float(asked["quota_scale"])
    if "account_limit" in asked:
        strict.account_limits[asked["account_limit"][0]] = int(asked["account_limit"][1])
    if "iam_delay" in asked:
        strict.iam_delays_s[asked["iam_delay"][0]] = float(asked["iam_delay"][1])
    if "queue_rest" in asked:
        strict.queue_rests_s[asked["queue_rest"][0]] = float(asked["queue_rest"][1])
    if "function_state" in asked:
        account, name, state = asked["function_state"]
        strict.states[account, name] = state
    if "fault" in asked:
        strict.faults.faults.append(Fault(**asked["fault"]))


def application(backend_url: str, quota_scale: float, queue_rest_s: float = REST_S) -> web.Application:
    """The layer in front of the emulator at ``backend_url``; seconds."""
    app = web.Application(client_max_size=256 * 1024 * 1024)

    async def backend(app: web.Application) -> Any:
        # Signed bodies travel as they are: nothing is decompressed or added.
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as http:
            app["strict"] = Strict(Backend(backend_url, http), Quotas(quota_scale), queue_rest_s=queue_rest_s)
            yield

    app.cleanup_ctx.append(backend)
    app.router.add_route("*", "/_strict/{tail:.*}", _control)
    app.router.add_route("*", "/{tail:.*}", _pass)
    return app
