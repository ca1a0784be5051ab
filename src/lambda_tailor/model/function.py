"""A deployed function as it was read, and the resources around it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from lambda_tailor.arns import part
from lambda_tailor.model.owner import owner_of
from lambda_tailor.model.secret import Secret

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
ENVIRONMENT_LIMIT_BYTES = 4096
LATEST = "$LATEST"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A resource beside the function that a rule wants to see before it judges.

    ``kind`` is one of the readers in ``aws/lookups``; ``name`` is what that reader looks for.
    """

    kind: str
    name: str


_SOURCES = {"ssm": "parameter", "secret-arn": "secret-arn", "parameter-arn": "parameter-arn"}


def source_lookup(source: str) -> Lookup:
    """The resource behind a variable's source, such as ``secretsmanager:database-url-dev#url``."""
    service, _, name = source.partition(":")
    return Lookup(_SOURCES.get(service, "secret"), name)


@dataclass(frozen=True, slots=True)
class Found:
    """The resource exists; ``state`` is what the setting of that kind observes of it."""

    state: Mapping[str, JsonValue | Secret]


@dataclass(frozen=True, slots=True)
class Missing:
    """AWS says that there is no such resource."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nobody knows: the resource could not be read, because …"""

    because: str


Resource = Found | Missing | Unreadable


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who invokes the function by what: ``$LATEST``, an alias or a version, and its share of the invocations.

    ``share`` is 0 to 1, or None where it is in use but was not counted. ``version`` is what an alias
    points to; ``runs`` are settings as they stand there, where they were read.
    """

    qualifier: str
    share: float | None = None
    version: str | None = None
    runs: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Whether a change of the function's configuration reaches these callers."""
        return LATEST in (self.qualifier, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One deployed function: its configuration, its tags, and the facts around it.

    Sizes are MB, times seconds. ``reserved_concurrency`` is None where none is set.
    ``tags_unread`` is why the tags are not known; None where they are.
    ``identity`` is what a deployment of the same function seldom changes: package, kind of runtime, handler.
    ``suffix`` fills ``{suffix}`` in a policy's name templates. ``planned`` has what this plan gives it
    already, by setting; ``traffic`` is empty where nothing but ``$LATEST`` is known to be in use.
    """

    account_id: str
    region: str
    name: str
    arn: str
    revision_id: str
    suffix: str
    runtime: str | None = None
    package_type: str = "Zip"
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    memory_mb: int = 128
    timeout_s: int = 3
    ephemeral_mb: int = 512
    tracing: str = "PassThrough"
    dead_letter_arn: str | None = None
    environment: Mapping[str, Secret] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    role_arn: str = ""
    log_group: str = ""
    identity: str = ""
    log_format: str = "Text"
    application_log_level: str | None = None
    system_log_level: str | None = None
    in_vpc: bool = False
    code_size_bytes: int = 0
    code_sha256: str = ""
    last_modified: str = ""
    state: str | None = None
    last_update_status: str | None = None
    master_arn: str | None = None
    managed_instances: bool = False
    durable: bool = False
    signed: bool = False
    edge_master: bool = False
    environment_error: str | None = None
    snap_start: bool = False
    tenant_isolation: bool = False
    reserved_concurrency: int | None = None
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    tags_unread: str | None = None
    resources: Mapping[Lookup, Resource] = field(default_factory=dict)
    traffic: tuple[Traffic, ...] = ()
    planned: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return part(self.arn, 1) or "aws"

    @property
    def owner(self) -> str | None:
        """Who deployed it, as far as its tags tell; a change behind their back is drift."""
        return owner_of(self.tags)

    def expand(self, template: str) -> str:
        """A policy's name template, filled in for this function."""
        return template.replace("{suffix}", self.suffix).replace("{function}", self.name)

    def resource(self, kind: str, name: str) -> Resource:
        """What is known of a resource around the function."""
        return self.resources.get(Lookup(kind, name), Unreadable(f"{kind} {name} was not looked up"))

    def after(self, setting: str, now: int) -> int:
        """A number as it will be when what is planned so far is done; ``now`` where nothing is planned."""
        planned = self.planned.get(setting)
        return planned if isinstance(planned, int) else now

    @property
    def reach(self) -> float:
        """The share of the invocations, 0 to 1, that a change of the configuration reaches: that of ``$LATEST``.

        An alias in use whose share nobody counted is taken to have all of it: nothing is promised for it.
        """
        elsewhere = [each for each in self.traffic if not each.reached]
        if any(each.share is None for each in elsewhere):
            return 0.0
        return max(0.0, 1.0 - sum(each.share or 0.0 for each in elsewhere))

    @property
    def untouchable(self) -> str | None:
        """Why this function cannot be changed now, or None.

        https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
        """
        if self.master_arn:
            return "it is a Lambda@Edge replica: change its master function in us-east-1 instead"
        if self.edge_master:
            return (
                "it is the master of Lambda@Edge functions: CloudFront takes no layers, variables, queue, tracing or "
                "arm64 of it, and its load is in other regions"
            )
        if self.state == "Pending":
            return "its state is Pending, and AWS takes no change until it is made"
        if self.last_update_status == "InProgress":
            return "an update of it is in progress: plan again when that has finished"
        return None


def environment_bytes(variables: Mapping[str, Secret]) -> int:
    """Size in bytes of the environment as Lambda counts it: the JSON text of names and values.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    between = max(len(variables) - 1, 0)
    named = sum(len(json.dumps(name)) + 1 + value.json_bytes() for name, value in variables.items())
    return 2 + between + named
