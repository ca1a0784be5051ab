"""Log groups that a tag holds: their own, or that of a function which writes to them.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from lambda_tailor import arns
from lambda_tailor.aws.lookups.kind import LookupKind
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import FUNCTION, Action
from lambda_tailor.model.function import Found, Resource, Unreadable
from lambda_tailor.settings.setting import Answer, Call

# Of more functions that carry the tag, the listing tells the log groups in fewer calls.
FEW = 20
_DEFAULT = "/aws/lambda/"


def read(opened: OpenScope, names: Sequence[str]) -> Mapping[str, Resource]:
    """``groups`` that are held, by the tag's key; two calls a key, and one for each tagged function of a few."""
    found: dict[str, Resource] = {}
    for key in names:
        try:
            found[key] = Found({"groups": [*sorted(_held(opened, key))]})
        except (AccessDenied, AwsRefused) as error:
            found[key] = Unreadable(str(error))
    return found


def _held(opened: OpenScope, key: str) -> set[str]:
    tagged = [*_tagged(opened, key)]
    groups = {arn.partition(":log-group:")[2].removesuffix(":*") for arn in tagged if ":log-group:" in arn}
    functions = sorted({arns.part(arn, 6) for arn in tagged if ":function:" in arn})
    return groups | {_DEFAULT + name for name in functions} | set(_written(opened, functions))


def _tagged(opened: OpenScope, key: str) -> Iterator[str]:
    asked = {
        "ResourceTypeFilters": ["lambda:function", "logs:log-group"],
        "TagFilters": [{"Key": key}],
        "ResourcesPerPage": 100,
    }
    for page in opened.gateway.pages(Call("tagging", "GetResources", asked), "PaginationToken"):
        yield from (resource["ResourceARN"] for resource in page.get("ResourceTagMappingList") or ())


def _written(opened: OpenScope, functions: Sequence[str]) -> Iterator[str]:
    """The groups that these functions write to, where they name one."""
    if len(functions) > FEW:
        pages = opened.gateway.pages(Call("lambda", "ListFunctions", {"MaxItems": 50}), "Marker", "NextMarker")
        listed = (configuration for page in pages for configuration in page.get("Functions") or ())
        yield from _groups(c for c in listed if c["FunctionName"] in set(functions))
        return
    with ThreadPoolExecutor(max_workers=8) as threads:
        calls = [Call("lambda", "GetFunction", {"FunctionName": name}) for name in functions]
        yield from _groups(answer["Configuration"] for answer in threads.map(opened.gateway.call, calls))


def _groups(configurations: Iterable[Answer]) -> Iterator[str]:
    for configuration in configurations:
        if group := (configuration.get("LoggingConfig") or {}).get("LogGroup"):
            yield group


KINDS = (
    LookupKind(
        kind="legal-hold",
        read=read,
        costs="name",
        # A tagged function that may not be read blocks the retention: what it writes to is not known.
        actions=(Action("tag:GetResources"), Action("lambda:GetFunction", FUNCTION)),
        listing=(Action("lambda:ListFunctions"),),
    ),
)
