"""Deploys a Pulumi program without Pulumi's command: a mock monitor whose ``new_resource`` makes the real thing.

Exactly what the program registers is created through boto3, and what AWS answers goes back into the
program, so that the stack that is tested is the stack that is deployed.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pulumi
from botocore.exceptions import BotoCoreError, ClientError
from pulumi.runtime import mocks, rpc, settings, stack

from lambda_tailor.demo.kinds import KINDS, AlreadyThere, Kind, Registered, unless_absent
from lambda_tailor.demo.kinds_s3 import S3_KINDS
from lambda_tailor.errors import TailorError
from lambda_tailor.model.secret import Secret

PROJECT = "lambda-tailor-reference"
# The embedded AWS is nobody's: its secrets need a value, and there is no one to set it.
SAMPLE_SECRETS: Mapping[str, str] = {
    "databaseUrl": "postgresql://sample@database.example:5432/sample",
    "apiKey": "sample-key-of-the-embedded-aws",
}
_ALL_KINDS: Mapping[str, Kind] = {**KINDS, **S3_KINDS}
_EXISTS = frozenset(
    {
        "EntityAlreadyExists", "ResourceExistsException", "ResourceAlreadyExistsException", "ResourceConflictException",
        "BucketAlreadyOwnedByYou", "BucketAlreadyExists",
    }
)  # fmt: skip


class RealizeError(TailorError):
    """The program registers something that cannot be made here."""


class Created(NamedTuple):
    """One created resource: Pulumi's type token and name, the registered inputs, the id.

    Strings in inputs that the program marks as secret are ``Secret``.
    """

    type: str
    name: str
    inputs: Mapping[str, Any]
    id: str


class Clients:
    """boto3 clients of one account and region, each made once.

    A boto3 session may not make clients in several threads at the same time, and Pulumi's runtime
    registers resources from a pool of them; the clients themselves may be shared.
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html
    """

    def __init__(self, endpoint_url: str | None, region: str | None) -> None:
        self._session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        if self._session.region_name is None:
            raise RealizeError("No region is set: give one, or set AWS_REGION.")
        self.region: str = self._session.region_name

    def client(self, service: str) -> Any:
        """The client of a service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, endpoint_url=self._endpoint_url)
            return self._clients[service]


@dataclass(frozen=True, slots=True)
class Realized:
    """A deployed program: what was created, in order, and what the program exports."""

    resources: tuple[Created, ...]
    exports: Mapping[str, Any]
    clients: Clients = field(repr=False)

    def destroy(self) -> None:
        """Remove everything in reverse order, the bucket's contents too; what is gone already is no error.

        Raises botocore's ClientError where AWS refuses.
        """
        _remove(self.clients, self.resources)


@dataclass(slots=True)
class _Monitor(mocks.Mocks):
    """Pulumi's mock monitor over boto3 clients."""

    clients: Clients
    created: list[Created] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Create one resource; its id and outputs. A component is a name for its children only."""
        if not args.custom:
            return args.name, dict(args.inputs)
        kind = _ALL_KINDS.get(args.typ)
        if kind is None:
            raise RealizeError(f"The program registers a {args.typ} ({args.name}), which cannot be made here.")
        given = Registered({key: _unmarked(value) for key, value in args.inputs.items()})
        identifier, outputs = self._make(kind, args, given)
        masked = {key: _masked(value) for key, value in args.inputs.items()}
        self.created.append(Created(args.typ, args.name, masked, identifier))
        ignored = sorted(set(given.ignored) - kind.on_removal)
        if ignored:
            raise RealizeError(f"{args.name} registers {', '.join(ignored)}, which a {args.typ} here does not get.")
        return identifier, {**args.inputs, **outputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        """Answer the program's look-ups."""
        match args.token:
            case "aws:index/getCallerIdentity:getCallerIdentity":
                who = self._who()
                return {"accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"], "id": who["Account"]}
            case "aws:index/getRegion:getRegion":
                region = self.clients.region
                return {"region": region, "name": region, "id": region}
            case "aws:index/getPartition:getPartition":
                partition = self._who()["Arn"].split(":")[1]
                return {"partition": partition, "id": partition}
        raise RealizeError(f"The program asks for {args.token}, which nobody answers here.")

    def _who(self) -> Mapping[str, str]:
        who: Mapping[str, str] = self.clients.client("sts").get_caller_identity()
        return who

    def _make(self, kind: Kind, args: mocks.MockResourceArgs, given: Registered) -> tuple[str, dict[str, Any]]:
        try:
            return kind.make(self.clients, given)
        except AlreadyThere as error:
            raise RealizeError(_taken(args.typ, str(error))) from error
        except KeyError as error:
            raise RealizeError(f"{args.name} does not register {error}, which a {args.typ} needs here.") from error
        except ClientError as error:
            if error.response["Error"]["Code"] in _EXISTS:
                raise RealizeError(_taken(args.typ, args.name)) from error
            raise RealizeError(f"{args.name} could not be made: {error}") from error
        except BotoCoreError as error:
            raise RealizeError(f"{args.name} could not be made: {error}") from error


def realize(
    suffix: str = "dev",
    config: Mapping[str, str] | None = None,
    *,
    program: Callable[[], None] | None = None,
    endpoint_url: str | None = None,
    region: str | None = None,
) -> Realized:
    """Deploy ``program`` (default: the reference stack) and wait for all of it.

    ``config`` holds the program's Pulumi config keys, without the project's name; the two secrets get
    sample values unless it sets them. Endpoint, region and credentials are the standard AWS ones unless
    given. Where a resource cannot be made, all that was made before is removed and RealizeError raised.
    """
    clients = Clients(endpoint_url, region)
    monitor = _Monitor(clients)
    keys = {**SAMPLE_SECRETS, "environmentSuffix": suffix, **(config or {})}
    try:
        exports = register(program or load_program(), monitor, keys)
    except BaseException:
        _remove(clients, tuple(monitor.created))
        raise
    return Realized(tuple(monitor.created), exports, clients)


def load_program() -> Callable[[], None]:
    """The reference stack's ``deploy``: from the installed package, else from the checkout's ``lib/``.

    Raises RealizeError if it is in neither place.
    """
    if importlib.util.find_spec("lambda_tailor.demo.tap_stack") is not None:
        module = importlib.import_module("lambda_tailor.demo.tap_stack")
    else:
        file = Path(__file__).parents[3] / "lib" / "tap_stack.py"
        spec = importlib.util.spec_from_file_location("lambda_tailor_reference_stack", file)
        if spec is None or spec.loader is None or not file.is_file():
            raise RealizeError("The reference stack is not here: install the package, or run from a checkout.")
        module = importlib.util.module_from_spec(spec)
        # Dataclasses look their own module up by its name.
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    program: Callable[[], None] = module.deploy
    return program


def register(program: Callable[[], None], monitor: mocks.Mocks, config: Mapping[str, str]) -> dict[str, Any]:
    """Run a Pulumi program against a mock monitor; its exports, resolved. Raises what program or monitor raise.

    Pulumi keeps its state in context variables and runs on the thread's event loop: a thread with an
    empty context and a loop of its own lets this be called again, from a running loop too, and leaves
    nothing behind; unlike a process, it takes any callable and hands back objects.
    """
    loops: list[asyncio.AbstractEventLoop] = []
    try:
        with ThreadPoolExecutor(max_workers=1) as thread:
            work = _register(program, monitor, config, loops)
            return thread.submit(contextvars.Context().run, asyncio.run, work).result()
    finally:
        for loop in loops:
            loop.close()


async def _register(
    program: Callable[[], None],
    monitor: mocks.Mocks,
    config: Mapping[str, str],
    loops: list[asyncio.AbstractEventLoop],
) -> dict[str, Any]:
    def open_loop() -> None:
        # Pulumi opens a loop in each thread that has none, and never closes it.
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(initializer=open_loop))
    # The one piece of state that mocks do not renew: a failed run would leave its tasks, on a closed loop, to the next.
    settings.SETTINGS.outputs = set()
    secret_keys = [f"{PROJECT}:{key}" for key in SAMPLE_SECRETS]
    mocks.set_mocks(monitor, project=PROJECT, stack="realized", preview=False)
    pulumi.runtime.set_all_config({f"{PROJECT}:{key}": value for key, value in config.items()}, secret_keys)
    await stack.run_pulumi_func(program)
    root = settings.get_root_resource()
    exported: Mapping[str, Any] = root.outputs if isinstance(root, stack.Stack) else {}
    return {name: await pulumi.Output.from_input(value).future() for name, value in exported.items()}


def _remove(clients: Clients, resources: tuple[Created, ...]) -> None:
    for created in reversed(resources):
        with unless_absent():
            _ALL_KINDS[created.type].remove(clients, created.id, created.inputs)


def _taken(kind: str, name: str) -> str:
    return f"{name} ({kind}) is there already: remove it, or choose another suffix."


def _unmarked(value: Any) -> Any:
    """An input without Pulumi's marking of secrets, which is only ever at the top of one."""
    return rpc.unwrap_rpc_secret(value)


def _masked(value: Any) -> Any:
    return _sealed(_unmarked(value)) if rpc.is_rpc_secret(value) else value


def _sealed(value: Any) -> Any:
    match value:
        case str():
            return Secret(value)
        case dict():
            return {key: _sealed(item) for key, item in value.items()}
        case list():
            return [_sealed(item) for item in value]
    return value
