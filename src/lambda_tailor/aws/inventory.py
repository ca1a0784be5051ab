"""Which functions are there: listed by page, with their tags and reservations in as few calls as there can be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from lambda_tailor.arns import part
from lambda_tailor.aws.faults import DENIED, access_denied
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.model.function import Function, Unreadable
from lambda_tailor.rules.rule import ConcurrencyPool
from lambda_tailor.settings.function_configuration import variables_unread
from lambda_tailor.settings.setting import Answer, Call

SUFFIX_PREFIX = "lambda-function-"
# Up to so many functions are asked for one by one, which also tells their state, aliases and tags.
FEW = 20
# Where the masters of Lambda@Edge live.
EDGE_REGION = "us-east-1"
# For functions that are meant by name, and for those that are chosen from a listing.
NAMED_ACTIONS = (
    Action("lambda:GetAccountSettings"),
    Action("lambda:GetFunction", FUNCTION),
    Action("lambda:ListAliases", FUNCTION),
    # GetFunction gives tags only to whoever may list them.
    # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#API_GetFunction_ResponseElements
    Action("lambda:ListTags", FUNCTION),
    # By master, which only the listing tells.
    Action("lambda:ListFunctions"),
)
LISTED_ACTIONS = (
    Action("lambda:GetAccountSettings"),
    Action("lambda:GetFunction", FUNCTION),
    Action("lambda:ListFunctions"),
    Action("tag:GetResources"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which functions are meant; with nothing said, none."""

    suffix: str | None = None
    names: tuple[str, ...] = ()
    pattern: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    everything: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """The functions that are meant by name."""
        return (SUFFIX_PREFIX + self.suffix,) if self.suffix else self.names

    @property
    def name_prefix(self) -> str | None:
        """How the names of all that are meant begin; None where few are likely to be meant."""
        if self.named or self.tags:
            return None
        return re.split(r"[*?[]", self.pattern)[0] if self.pattern is not None else ""

    def means(self, function: Function) -> bool:
        """Whether a listed function is meant."""
        if self.pattern is not None and not fnmatchcase(function.name, self.pattern):
            return False
        return all(fnmatchcase(function.tags.get(key, "\0"), value) for key, value in self.tags.items())

    def __str__(self) -> str:
        if self.suffix:
            return f"environment suffix {self.suffix}"
        if self.names:
            return ", ".join(self.names)
        parts = [f"name {self.pattern}"] if self.pattern else []
        parts += [f"tag {key}={value}" for key, value in self.tags.items()]
        return " and ".join(parts) or "all functions"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The functions that are meant, the account's pool, and the names that do not exist.

    ``unread`` are functions that may not be read, by name, with the reason.
    """

    functions: Sequence[Function]
    pool: ConcurrencyPool | None
    unknown: Sequence[str] = ()
    unread: Mapping[str, str] = field(default_factory=dict)


def take(gateway: Gateway, account_id: str, target: Target, *, aliases: bool = True) -> Inventory:
    """Read the functions that are meant; their aliases only where they are few and meant by name.

    Raises what Gateway.call raises where the listing itself is refused.
    """
    pool = _pool(gateway)
    if target.named:
        return _by_name(gateway, account_id, target, pool, aliases=aliases)
    functions = list(_listed(gateway, account_id))
    tags = _tags(gateway, needed=bool(target.tags))
    if isinstance(tags, Unreadable):
        functions = [replace(f, tags_unread=tags.because) for f in functions]
    else:
        functions = [replace(f, tags=tags.get(f.arn, {})) for f in functions]
    functions = _with_masters(gateway, functions)
    meant = [f for f in functions if target.means(f)]
    unread: dict[str, str] = {}
    if pool is not None and pool.reserved:
        meant, unread = _with_reservations(gateway, meant, pool.reserved)
    return Inventory(meant, pool, unread=unread)


def _pool(gateway: Gateway) -> ConcurrencyPool | None:
    try:
        limits = gateway.call(Call("lambda", "GetAccountSettings", {}))["AccountLimit"]
    except (AccessDenied, AwsRefused):
        return None
    limit = limits["ConcurrentExecutions"]
    return ConcurrencyPool(limit, limit - limits["UnreservedConcurrentExecutions"])


def _by_name(
    gateway: Gateway, account_id: str, target: Target, pool: ConcurrencyPool | None, *, aliases: bool
) -> Inventory:
    functions: list[Function] = []
    unknown: list[str] = []
    unread: dict[str, str] = {}
    few = aliases and len(target.named) <= FEW
    with ThreadPoolExecutor(max_workers=8) as threads:
        for name, answer in zip(target.named, threads.map(lambda n: _get(gateway, n), target.named), strict=True):
            if answer is None:
                unknown.append(name)
                continue
            if isinstance(answer, AccessDenied):
                unread[name] = str(answer)
                continue
            function = from_answer(account_id, gateway.region, answer, suffix=target.suffix)
            if function.tags_unread:
                gateway.denied.setdefault("lambda:ListTags", function.tags_unread)
            functions.append(replace(function, aliases=_aliases(gateway, name)) if few else function)
    return Inventory(_with_masters(gateway, functions), pool, unknown, unread)


def _get(gateway: Gateway, name: str) -> Answer | AccessDenied | None:
    """None where there is no such function. A policy may allow the reading of some functions only."""
    try:
        return gateway.call(Call("lambda", "GetFunction", {"FunctionName": name}))
    except AccessDenied as denied:
        return denied
    except AwsRefused as error:
        if error.code in ("ResourceNotFoundException", "ParamValidationError", "ValidationException"):
            return None
        raise


def _aliases(gateway: Gateway, name: str) -> tuple[str, ...]:
    try:
        answer = gateway.call(Call("lambda", "ListAliases", {"FunctionName": name}))
    except (AccessDenied, AwsRefused):
        return ()
    return tuple(alias["Name"] for alias in answer.get("Aliases") or ())


def _listed(gateway: Gateway, account_id: str) -> Iterator[Function]:
    for page in gateway.pages(Call("lambda", "ListFunctions", {"MaxItems": 50}), "Marker", "NextMarker"):
        for configuration in page.get("Functions") or ():
            yield from_answer(account_id, gateway.region, {"Configuration": configuration})


def _with_masters(gateway: Gateway, functions: list[Function]) -> list[Function]:
    masters = _edge_masters(gateway) if functions else frozenset()
    return [replace(f, edge_master=f.name in masters) for f in functions] if masters else functions


def _edge_masters(gateway: Gateway) -> frozenset[str]:
    """The functions of us-east-1 that have Lambda@Edge replicas, which only a listing by master tells.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
    """
    if gateway.region != EDGE_REGION:
        return frozenset()
    asked = Call("lambda", "ListFunctions", {"MasterRegion": EDGE_REGION, "FunctionVersion": "ALL", "MaxItems": 50})
    try:
        pages = list(gateway.pages(asked, "Marker", "NextMarker"))
    except (AccessDenied, AwsRefused):
        return frozenset()
    arns = (c.get("MasterArn") or c["FunctionArn"] for page in pages for c in page.get("Functions") or ())
    return frozenset(part(arn, 6) for arn in arns)


def _tags(gateway: Gateway, *, needed: bool) -> Mapping[str, Mapping[str, str]] | Unreadable:
    """Tags of every tagged function, a hundred a call.

    Raises what Gateway.call raises where they are ``needed`` to choose functions.
    """
    wanted = {"ResourceTypeFilters": ["lambda:function"], "ResourcesPerPage": 100}
    found: dict[str, Mapping[str, str]] = {}
    try:
        for page in gateway.pages(Call("tagging", "GetResources", wanted), "PaginationToken"):
            for resource in page.get("ResourceTagMappingList") or ():
                found[resource["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in resource.get("Tags") or ()}
    except (AccessDenied, AwsRefused) as error:
        if needed:
            raise
        return Unreadable(str(error))
    return found


def _with_reservations(
    gateway: Gateway, functions: Sequence[Function], total: int
) -> tuple[list[Function], dict[str, str]]:
    """Ask function by function until the account's sum of reservations is found; the rest have none.

    Functions that may not be asked for are told apart, by name and with the reason.
    """
    known: list[Function] = []
    unread: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=8) as threads:
        for start in range(0, len(functions), 16):
            batch = functions[start : start + 16]
            if total <= 0:
                known += batch
                continue
            for function, answer in zip(batch, threads.map(lambda f: _get(gateway, f.name), batch), strict=True):
                if isinstance(answer, AccessDenied):
                    unread[function.name] = str(answer)
                    continue
                reserved = _reserved(answer or {})
                total -= reserved or 0
                known.append(replace(function, reserved_concurrency=reserved))
    return known, unread


def _reserved(answer: Answer) -> int | None:
    reserved: int | None = (answer.get("Concurrency") or {}).get("ReservedConcurrentExecutions")
    return reserved


def from_answer(account_id: str, region: str, answer: Answer, suffix: str | None = None) -> Function:
    """A function from a GetFunction answer, or from a listed configuration in the same place."""
    c: Mapping[str, Any] = answer["Configuration"]
    logging = c.get("LoggingConfig") or {}
    architectures = c.get("Architectures") or ["x86_64"]
    return Function(
        account_id=account_id,
        region=region,
        name=c["FunctionName"],
        arn=c["FunctionArn"],
        revision_id=c.get("RevisionId") or "",
        suffix=suffix or _suffix(c["FunctionName"]),
        runtime=c.get("Runtime"),
        package_type=c.get("PackageType") or "Zip",
        architecture="arm64" if "arm64" in architectures else "x86_64",
        memory_mb=c.get("MemorySize") or 128,
        timeout_s=c.get("Timeout") or 3,
        ephemeral_mb=(c.get("EphemeralStorage") or {}).get("Size") or 512,
        tracing=(c.get("TracingConfig") or {}).get("Mode") or "PassThrough",
        dead_letter_arn=(c.get("DeadLetterConfig") or {}).get("TargetArn") or None,
        environment=(c.get("Environment") or {}).get("Variables") or {},
        layers=tuple(_layer_arns(c.get("Layers") or ())),
        role_arn=c.get("Role") or "",
        log_group=logging.get("LogGroup") or f"/aws/lambda/{c['FunctionName']}",
        identity=_identity(c),
        log_format=logging.get("LogFormat") or "Text",
        application_log_level=logging.get("ApplicationLogLevel"),
        system_log_level=logging.get("SystemLogLevel"),
        in_vpc=bool((c.get("VpcConfig") or {}).get("VpcId")),
        code_size_bytes=c.get("CodeSize") or 0,
        code_sha256=c.get("CodeSha256") or "",
        last_modified=c.get("LastModified") or "",
        state=c.get("State"),
        last_update_status=c.get("LastUpdateStatus"),
        master_arn=c.get("MasterArn"),
        managed_instances=bool(c.get("CapacityProviderConfig")),
        durable=bool(c.get("DurableConfig")),
        signed=bool(c.get("SigningJobArn") or c.get("SigningProfileVersionArn")),
        environment_error=variables_unread(c.get("Environment") or {}),
        snap_start=(c.get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions",
        tenant_isolation=bool(c.get("TenancyConfig")),
        reserved_concurrency=_reserved(answer),
        tags=answer.get("Tags") or {},
        tags_unread=_tags_unread(c["FunctionArn"], answer.get("TagsError")),
    )


def _identity(configuration: Mapping[str, Any]) -> str:
    kind = (configuration.get("Runtime") or "").rstrip("0123456789.x")
    return " ".join((configuration.get("PackageType") or "Zip", kind or "-", configuration.get("Handler") or "-"))


def _tags_unread(arn: str, error: Mapping[str, str] | None) -> str | None:
    if error is None:
        return None
    if error.get("ErrorCode") in DENIED:
        return str(access_denied("lambda:ListTags", arn))
    return f"lambda:ListTags: {error.get('Message') or error.get('ErrorCode')}"


def _suffix(name: str) -> str:
    """The environment suffix that a name carries, else the name itself: resources around it are named by that."""
    return name.removeprefix(SUFFIX_PREFIX) or name


def _layer_arns(layers: Iterable[Mapping[str, str]]) -> Iterator[str]:
    return (layer["Arn"] for layer in layers)
