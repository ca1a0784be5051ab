"""The resources around functions: one reader for each kind, by page or by batch where AWS allows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lambda_tailor import arns
from lambda_tailor.aws.packages import NotRead, fetch, x86_files
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import ANY_LAYER, BUCKET, FUNCTION, PARAMETER, QUEUE, ROLE, SECRET, SECRET_ARN, Action
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings import (
    alarm,
    event_invoke_config,
    log_group,
    provisioned_concurrency,
    queue,
    recursive_loop,
)
from lambda_tailor.settings.setting import Answer, Call

LOG_GROUP = "log-group"
# From so many names on, a listing by page costs fewer calls than asking one by one.
MANY = 4


# Kinds that take a call a function in a lane of 15 a second: worth it for few functions, or when asked for.
BY_FUNCTION = frozenset({"code", "event-invoke-config", "provisioned", "recursion", "versions"})
FEW = 20


def affordable(lookups: Iterable[Lookup], functions: int, *, deep: bool) -> frozenset[Lookup]:
    """The needs without those that take a call for each of many functions, unless ``deep`` asks for them."""
    return frozenset(lookup for lookup in lookups if deep or functions <= FEW or lookup.kind not in BY_FUNCTION)


Resources = Mapping[str, Resource]
Reader = Callable[[OpenScope, Sequence[str]], Resources]


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The log groups whose names begin with ``prefix``, listed while nobody knew which would be asked for."""

    prefix: str
    groups: Resources


def look_up(
    opened: OpenScope, lookups: Iterable[Lookup], prefetched: Prefetched | None = None
) -> Mapping[Lookup, Resource]:
    """What there is of every need; a kind that may not be read is Unreadable, and stops no other.

    What was listed ``prefetched`` is not asked for again.
    """
    known = {
        lookup: prefetched.groups.get(lookup.name, Missing())
        for lookup in (lookups if prefetched is not None else ())
        if prefetched is not None and lookup.kind == LOG_GROUP and lookup.name.startswith(prefetched.prefix)
    }
    return {**known, **_look_up(opened, (lookup for lookup in lookups if lookup not in known))}


def prefetch(opened: OpenScope, prefix: str) -> Prefetched | None:
    """List log groups before it is known which are asked for; None where that is not allowed, and told later."""
    try:
        return Prefetched(
            prefix, {name: _log_group(group) for name, group in _listed_groups(opened, prefix)[0].items()}
        )
    except (AccessDenied, AwsRefused):
        return None


def _look_up(opened: OpenScope, lookups: Iterable[Lookup]) -> Mapping[Lookup, Resource]:
    by_kind: dict[str, list[str]] = {}
    for lookup in sorted(lookups, key=lambda n: (n.kind, n.name)):
        by_kind.setdefault(lookup.kind, []).append(lookup.name)
    with ThreadPoolExecutor(max_workers=max(1, len(by_kind))) as threads:
        found = {kind: threads.submit(_read_kind, opened, kind, names) for kind, names in by_kind.items()}
        return {
            Lookup(kind, name): resource
            for kind, resources in found.items()
            for name, resource in resources.result().items()
        }


def _read_kind(opened: OpenScope, kind: str, names: Sequence[str]) -> Resources:
    return READERS[kind].read(opened, names)


def _one_by_one(read: Callable[[OpenScope, str], Resource]) -> Reader:
    def read_all(opened: OpenScope, names: Sequence[str]) -> Resources:
        def guarded(name: str) -> Resource:
            try:
                return read(opened, name)
            except (AccessDenied, AwsRefused) as error:
                return Unreadable(str(error))

        with ThreadPoolExecutor(max_workers=8) as threads:
            return dict(zip(names, threads.map(guarded, names), strict=True))

    return read_all


def _together(read: Reader) -> Reader:
    def read_all(opened: OpenScope, names: Sequence[str]) -> Resources:
        try:
            return read(opened, names)
        except (AccessDenied, AwsRefused) as error:
            return {name: Unreadable(str(error)) for name in names}

    return read_all


def _answer(opened: OpenScope, call: Call, *absent: str) -> Answer | None:
    try:
        return opened.gateway.call(call)
    except AwsRefused as error:
        if error.code in absent:
            return None
        raise


def _alarms(opened: OpenScope, names: Sequence[str]) -> Resources:
    found: dict[str, Resource] = {}
    for start in range(0, len(names), 100):
        batch = list(names[start : start + 100])
        asked = {"AlarmNames": batch, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100}
        for page in opened.gateway.pages(Call("cloudwatch", "DescribeAlarms", asked), "NextToken"):
            for each in page.get("MetricAlarms") or ():
                found[each["AlarmName"]] = Found({"definition": alarm.definition(each), "composite": False})
            for each in page.get("CompositeAlarms") or ():
                found[each["AlarmName"]] = Found({"definition": None, "composite": True})
    return {name: found.get(name, Missing()) for name in names}


def _log_groups(opened: OpenScope, names: Sequence[str]) -> Resources:
    groups, whole = ({}, False) if len(names) < MANY else _listed_groups(opened, _common(names), frozenset(names))
    missing = [] if whole else [name for name in names if name not in groups]
    with ThreadPoolExecutor(max_workers=8) as threads:
        pages = threads.map(lambda name: opened.gateway.call(log_group.read(opened.address(name))), missing)
        groups |= _by_name(pages)
    return {name: _log_group(groups[name]) if name in groups else Missing() for name in names}


def _listed_groups(
    opened: OpenScope, prefix: str, names: frozenset[str] | None = None
) -> tuple[dict[str, Mapping[str, Any]], bool]:
    """The groups whose names begin so, and whether these are all of them.

    With ``names`` the listing ends when it has them, or when asking for each of them is the shorter way.
    """
    asked = {"limit": 50, **({"logGroupNamePrefix": prefix} if prefix else {})}
    groups: dict[str, Mapping[str, Any]] = {}
    for number, page in enumerate(opened.gateway.pages(Call("logs", "DescribeLogGroups", asked), "nextToken"), start=1):
        groups |= _by_name([page])
        if names is not None and (names <= groups.keys() or number >= max(10, len(names) // 4)):
            return groups, not page.get("nextToken")
    return groups, True


def _by_name(pages: Iterable[Answer]) -> dict[str, Mapping[str, Any]]:
    return {group["logGroupName"]: group for page in pages for group in page.get("logGroups") or ()}


def _common(names: Sequence[str]) -> str:
    """The longest beginning that all names share."""
    first, last = min(names), max(names)
    shared = next((n for n, letter in enumerate(first) if n >= len(last) or letter != last[n]), len(first))
    return first[:shared]


def _log_group(group: Mapping[str, Any]) -> Resource:
    return Found(
        {
            "exists": True,
            "stored_bytes": group.get("storedBytes", 0),
            "retention_days": group.get("retentionInDays"),
            "class": group.get("logGroupClass", "STANDARD"),
        }
    )


def _queues(opened: OpenScope, names: Sequence[str]) -> Resources:
    if len(names) < MANY:
        return {name: _queue(opened, name) for name in names}
    asked = {"MaxResults": 1000, **({"QueueNamePrefix": prefix} if (prefix := _common(names)) else {})}
    pages = opened.gateway.pages(Call("sqs", "ListQueues", asked), "NextToken")
    there = {url.rpartition("/")[2] for page in pages for url in page.get("QueueUrls") or ()}
    return {name: Found({"exists": True}) if name in there else Missing() for name in names}


def _queue(opened: OpenScope, name: str) -> Resource:
    address = opened.address(name)
    answer = _answer(opened, queue.read(address), *queue.SETTING.absent_codes)
    return Missing() if answer is None else Found(queue.observe(address, answer))


def _secret(opened: OpenScope, name: str) -> Resource:
    secret_id, _, key = name.partition("#")
    answer = _answer(
        opened, Call("secretsmanager", "GetSecretValue", {"SecretId": secret_id}), "ResourceNotFoundException"
    )
    if answer is None:
        return Missing()
    value = answer.get("SecretString")
    if not isinstance(value, Secret):
        return Unreadable(f"secret {secret_id} is binary: a variable takes text")
    return Found({"value": value, "arn": answer["ARN"]}) if not key else _json_key(secret_id, key, value)


def _json_key(secret_id: str, key: str, value: Secret) -> Resource:
    try:
        document = json.loads(value.reveal())
    except ValueError:
        return Unreadable(f"secret {secret_id} is no JSON object, so it has no key {key}")
    if not isinstance(document, dict) or not isinstance(document.get(key), str | int | float):
        return Unreadable(f"secret {secret_id} has no key {key} with a plain value")
    return Found({"value": Secret(str(document[key]))})


def _secret_arn(opened: OpenScope, name: str) -> Resource:
    answer = _answer(opened, Call("secretsmanager", "DescribeSecret", {"SecretId": name}), "ResourceNotFoundException")
    return Missing() if answer is None else Found({"value": Secret(answer["ARN"])})


def _parameter(opened: OpenScope, name: str) -> Resource:
    asked = {"Name": name, "WithDecryption": True}
    answer = _answer(opened, Call("ssm", "GetParameter", asked), "ParameterNotFound")
    return Missing() if answer is None else Found({"value": answer["Parameter"]["Value"]})


def _layer(opened: OpenScope, name: str) -> Resource:
    asked = {"LayerName": name, "MaxItems": 1}
    answer = _answer(opened, Call("lambda", "ListLayerVersions", asked), "ResourceNotFoundException")
    versions = (answer or {}).get("LayerVersions") or ()
    if not versions:
        return Missing()
    newest = max(versions, key=lambda version: version["Version"])
    return Found({"arn": newest["LayerVersionArn"], "runtimes": list(newest.get("CompatibleRuntimes") or ())})


def _bucket(opened: OpenScope, name: str) -> Resource:
    """The bucket of that name, or the one with that name and a tail."""
    asked = {"Prefix": name, "BucketRegion": opened.gateway.region}
    pages = opened.gateway.pages(Call("s3", "ListBuckets", asked), "ContinuationToken")
    names = [bucket["Name"] for page in pages for bucket in page.get("Buckets") or ()]
    meant = [n for n in names if n == name] or [n for n in names if n.startswith(f"{name}-")]
    if not meant:
        return Missing()
    if len(meant) > 1:
        return Unreadable(f"several buckets begin with {name}-: {', '.join(sorted(meant))}; name one in the policy")
    asked = {"Bucket": meant[0], "ExpectedBucketOwner": opened.account_id}
    answer = opened.gateway.call(Call("s3", "GetBucketVersioning", asked))
    return Found({"name": meant[0], "versioning": answer.get("Status")})


def _may_send(opened: OpenScope, name: str) -> Resource:
    """``ROLE_ARN QUEUE_ARN``: whether IAM lets the role send to the queue."""
    role, _, queue_arn = name.rpartition(" ")
    asked = {"PolicySourceArn": role, "ActionNames": ["sqs:SendMessage"], "ResourceArns": [queue_arn]}
    answer = _answer(opened, Call("iam", "SimulatePrincipalPolicy", asked), "NoSuchEntity", "NoSuchEntityException")
    if answer is None:
        return Missing()
    return Found({"allowed": all(r["EvalDecision"] == "allowed" for r in answer["EvaluationResults"])})


def _code(opened: OpenScope, name: str) -> Resource:
    """What of a function's package, or of the layer of that ARN, is machine code for x86."""
    layer = ":layer:" in name
    asked = (
        Call("lambda", "GetLayerVersionByArn", {"Arn": name})
        if layer
        else Call("lambda", "GetFunction", {"FunctionName": name})
    )
    answer = _answer(opened, asked, "ResourceNotFoundException")
    if answer is None:
        return Missing()
    location = (answer.get("Content" if layer else "Code") or {}).get("Location")
    if not isinstance(location, Secret):
        return Unreadable(f"AWS does not say where the code of {name} is")
    package = fetch(location.reveal())
    files = x86_files(package) if isinstance(package, bytes) else package
    return Unreadable(files.because) if isinstance(files, NotRead) else Found({"x86": [*files]})


def _event_invoke_config(opened: OpenScope, name: str) -> Resource:
    address = opened.address(name)
    answer = _answer(opened, event_invoke_config.read(address), *event_invoke_config.SETTING.absent_codes)
    return Missing() if answer is None else Found(event_invoke_config.observe(address, answer))


def _recursion(opened: OpenScope, name: str) -> Resource:
    address = opened.address(name)
    answer = _answer(opened, recursive_loop.read(address), *recursive_loop.SETTING.absent_codes)
    return Missing() if answer is None else Found(recursive_loop.observe(address, answer))


def _provisioned_by_qualifier(opened: OpenScope, name: str) -> dict[str, int]:
    asked = Call("lambda", "ListProvisionedConcurrencyConfigs", {"FunctionName": name})
    found: dict[str, int] = {}
    try:
        for page in opened.gateway.pages(asked, "Marker", "NextMarker"):
            for each in page.get("ProvisionedConcurrencyConfigs") or ():
                qualifier = arns.part(each["FunctionArn"], 7)
                found[qualifier] = each["RequestedProvisionedConcurrentExecutions"]
    except AwsRefused as error:
        # The emulator's answer where there is none; AWS gives an empty list.
        if error.code not in provisioned_concurrency.SETTING.absent_codes:
            raise
    return found


def _provisioned(opened: OpenScope, name: str) -> Resource:
    found = _provisioned_by_qualifier(opened, name)
    return Found({"provisioned": {**found}}) if found else Missing()


def _versions(opened: OpenScope, name: str) -> Resource:
    """Published versions, and those that an alias points to or for which executions are provisioned."""
    listed = Call("lambda", "ListVersionsByFunction", {"FunctionName": name})
    aliases = Call("lambda", "ListAliases", {"FunctionName": name})
    versions = [
        version["Version"]
        for page in opened.gateway.pages(listed, "Marker", "NextMarker")
        for version in page.get("Versions") or ()
        if version["Version"].isdigit()
    ]
    if not versions:
        return Missing()
    used: set[str] = set(_provisioned_by_qualifier(opened, name))
    for page in opened.gateway.pages(aliases, "Marker", "NextMarker"):
        for alias in page.get("Aliases") or ():
            used |= {
                alias["FunctionVersion"],
                *((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or ()),
            }
    return Found({"versions": [*versions], "referenced": [*sorted(used & set(versions))]})


@dataclass(frozen=True, slots=True)
class KindReader:
    """How one kind is read, and the IAM actions that it takes; ``listing`` are those that many names take besides."""

    read: Reader
    actions: tuple[Action, ...]
    listing: tuple[Action, ...] = ()


_PROVISIONED = Action("lambda:ListProvisionedConcurrencyConfigs", FUNCTION)
READERS: Mapping[str, KindReader] = {
    "alarm": KindReader(_together(_alarms), (alarm.DESCRIBE,)),
    LOG_GROUP: KindReader(_together(_log_groups), (Action("logs:DescribeLogGroups"),)),
    "queue": KindReader(_together(_queues), (Action("sqs:GetQueueAttributes", QUEUE),), (Action("sqs:ListQueues"),)),
    "secret": KindReader(_one_by_one(_secret), (Action("secretsmanager:GetSecretValue", SECRET),)),
    "secret-arn": KindReader(_one_by_one(_secret_arn), (Action("secretsmanager:DescribeSecret", SECRET_ARN),)),
    "parameter": KindReader(_one_by_one(_parameter), (Action("ssm:GetParameter", PARAMETER),)),
    "layer": KindReader(_one_by_one(_layer), (Action("lambda:ListLayerVersions"),)),
    "bucket": KindReader(
        _one_by_one(_bucket), (Action("s3:ListAllMyBuckets"), Action("s3:GetBucketVersioning", BUCKET))
    ),
    "code": KindReader(
        _one_by_one(_code), (Action("lambda:GetFunction", FUNCTION), Action("lambda:GetLayerVersion", ANY_LAYER))
    ),
    "event-invoke-config": KindReader(
        _one_by_one(_event_invoke_config), (Action("lambda:GetFunctionEventInvokeConfig", FUNCTION),)
    ),
    "provisioned": KindReader(_one_by_one(_provisioned), (_PROVISIONED,)),
    "recursion": KindReader(_one_by_one(_recursion), (Action("lambda:GetFunctionRecursionConfig", FUNCTION),)),
    "versions": KindReader(
        _one_by_one(_versions),
        (Action("lambda:ListVersionsByFunction", FUNCTION), Action("lambda:ListAliases", FUNCTION), _PROVISIONED),
    ),
    "may-send": KindReader(_one_by_one(_may_send), (Action("iam:SimulatePrincipalPolicy", ROLE),)),
}
