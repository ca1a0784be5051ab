"""Which published versions something still uses: event sources, policies, destinations, and invocations by version.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from lambda_tailor import arns
from lambda_tailor.aws.evidence_metrics import QUERIES_A_CALL
from lambda_tailor.aws.evidence_metrics import READ_ACTIONS as METRIC_ACTIONS
from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import FUNCTION, QUALIFIED, Action
from lambda_tailor.model.function import Found, Resource
from lambda_tailor.settings.setting import Call

DAYS = 90


def _use(opened: OpenScope, name: str) -> Resource:
    """``FUNCTION VERSION,VERSION``: of those versions, ``used``, each with what uses it."""
    function, _, listed = name.partition(" ")
    versions = listed.split(",")
    used: dict[str, str] = {}
    for version, what in (*_invoked(opened, function, versions), *_mapped(opened, function), *_async(opened, function)):
        if version in versions:
            used.setdefault(version, what)
    rest = [version for version in versions if version not in used]
    with ThreadPoolExecutor(max_workers=8) as threads:
        granted = threads.map(lambda version: _granted(opened, function, version), rest)
        used |= {
            version: "its policy lets somebody invoke it" for version, yes in zip(rest, granted, strict=True) if yes
        }
    return Found({"used": {**used}})


def _invoked(opened: OpenScope, function: str, versions: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Through its own number; what comes through an alias is under the alias's name."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    for start in range(0, len(versions), QUERIES_A_CALL):
        queries = []
        for version in versions[start : start + QUERIES_A_CALL]:
            named = (("FunctionName", function), ("Resource", f"{function}:{version}"))
            dimensions = [{"Name": key, "Value": value} for key, value in named]
            metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
            stat = {"Metric": metric, "Period": DAYS * 86_400, "Stat": "Sum"}
            queries.append({"Id": f"v{version}", "MetricStat": stat})
        asked = {"MetricDataQueries": queries, "StartTime": end - timedelta(days=DAYS), "EndTime": end}
        for page in opened.gateway.pages(Call("cloudwatch", "GetMetricData", asked), "NextToken"):
            for result in page.get("MetricDataResults") or ():
                if runs := sum(result.get("Values") or ()):
                    yield result["Id"][1:], f"it ran {runs:.0f} times in {DAYS} days"


def _mapped(opened: OpenScope, function: str) -> Iterator[tuple[str, str]]:
    asked = Call("lambda", "ListEventSourceMappings", {})
    for page in opened.gateway.pages(asked, "Marker", "NextMarker"):
        for each in page.get("EventSourceMappings") or ():
            arn = str(each.get("FunctionArn") or "")
            if arns.part(arn, 6) == function and arns.part(arn, 7):
                yield arns.part(arn, 7), f"the event source {each.get('UUID')} invokes it"


def _async(opened: OpenScope, function: str) -> Iterator[tuple[str, str]]:
    asked = Call("lambda", "ListFunctionEventInvokeConfigs", {"FunctionName": function})
    for page in opened.gateway.pages(asked, "Marker", "NextMarker"):
        for each in page.get("FunctionEventInvokeConfigs") or ():
            yield arns.part(each["FunctionArn"], 7), "it has retries or destinations of its own"


def _granted(opened: OpenScope, function: str, version: str) -> bool:
    asked = Call("lambda", "GetPolicy", {"FunctionName": function, "Qualifier": version})
    return answer_or_none(opened, asked, "ResourceNotFoundException") is not None


KINDS = (
    LookupKind(
        kind="version-use",
        read=one_by_one(_use),
        costs="function",
        actions=(
            *METRIC_ACTIONS,
            Action("lambda:ListEventSourceMappings"),
            Action("lambda:ListFunctionEventInvokeConfigs", FUNCTION),
            Action("lambda:GetPolicy", QUALIFIED),
        ),
        arn_names=lambda name: {"function": (name.partition(" ")[0],)},
    ),
)
