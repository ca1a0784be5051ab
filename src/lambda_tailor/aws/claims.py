"""Who else uses what a run made: asked before it is removed, so that nothing is taken from under anybody.

What cannot be asked counts as used: it stays, and that is told. What functions, their published versions and event
sources point at is listed every half minute; the destinations of asynchronous invocations cost a call a function.
"""

from __future__ import annotations

import fnmatch
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from lambda_tailor import arns
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.clock import elapsed
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.model.function import LATEST
from lambda_tailor.model.verdict import Key
from lambda_tailor.settings import queue, scalable_target
from lambda_tailor.settings.setting import Call, State

# What the functions of the region point at is asked again after so long. Seconds.
_YOUNG_S = 30.0
# A long poll asks every server of the queue. Seconds.
_POLL_S = 1
_NONE = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class _Uses:
    """What one function, as it is or as it was published, points at: ARNs, its role and log group; and its traces."""

    name: str
    targets: frozenset[str]
    role: str
    traced: bool
    log_group: str
    version: str = LATEST

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> _Uses:
        """As far as its configuration tells."""
        name = str(configuration.get("FunctionName"))
        target = (configuration.get("DeadLetterConfig") or {}).get("TargetArn")
        return cls(
            name=name,
            targets=frozenset([target] if target else []),
            role=str(configuration.get("Role", "")).rpartition("/")[2],
            traced=(configuration.get("TracingConfig") or {}).get("Mode") == "Active",
            log_group=str((configuration.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"),
            version=str(configuration.get("Version") or LATEST),
        )

    @property
    def told(self) -> str:
        """What it is called in a sentence."""
        return self.name if self.version == LATEST else f"version {self.version} of {self.name}"


@dataclass(slots=True)
class Claims:
    """Claims of others on resources of one account and region. Safe for threads."""

    opened: OpenScope
    clock: Callable[[], float] = elapsed
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _functions: list[_Uses] = field(default_factory=list)
    _destined: Mapping[str, str] = field(default_factory=dict)
    _asked_at: float = float("-inf")
    _configurations: list[Mapping[str, Any]] = field(default_factory=list)
    _listed_at: float = float("-inf")

    def on(self, key: Key, state: State, owners: frozenset[str] = frozenset()) -> str | None:
        """Why the resource has to stay; None where nobody else than the functions named ``owners`` uses it."""
        asked = {
            "queue": self._on_queue, "role-policy": self._on_role_policy, "log-group": self._on_log_group,
            "alarm": self._on_alarm, "scalable-target": self._on_scalable_target, "function-version": self._on_version,
        }.get(key.kind)  # fmt: skip
        if asked is None:
            return None
        try:
            found = next(asked(key.resource, state), None)
            if found is None and key.kind == "log-group":
                found = next(self._logging_to(key.resource, owners), None)
            return found
        except (AccessDenied, AwsRefused) as error:
            return f"whether anybody uses it cannot be seen ({error}): it is kept"

    def _on_queue(self, name: str, _state: State) -> Iterator[str]:
        opened = self.opened
        url = queue.url(opened.address(name))
        arn = queue.arn(opened.partition, opened.region, opened.account_id, name)
        for uses in self._all_functions():
            if arn in uses.targets and arn in self._now(uses).targets:
                yield f"{uses.told} sends to it: it is kept"
        if arn in self._destined:
            yield f"event source {self._destined[arn]} sends to it: it is kept"
        sources = Call("sqs", "ListDeadLetterSourceQueues", {"QueueUrl": url})
        for page in opened.gateway.pages(sources, "NextToken"):
            for source in page.get("queueUrls") or ():
                yield f"queue {source.rpartition('/')[2]} sends its dead letters to it: it is kept"
        for page in opened.gateway.pages(
            Call("lambda", "ListEventSourceMappings", {"EventSourceArn": arn}), "Marker", "NextMarker"
        ):
            for mapping in page.get("EventSourceMappings") or ():
                yield f"{mapping.get('FunctionArn', 'a function').rpartition(':')[2]} reads from it: it is kept"
        # The number of messages that AWS tells is a guess of some minutes ago: asked of every server, one would show.
        asked = {"QueueUrl": url, "MaxNumberOfMessages": 1, "VisibilityTimeout": 0, "WaitTimeSeconds": _POLL_S}
        if opened.gateway.call(Call("sqs", "ReceiveMessage", asked)).get("Messages"):
            yield "the queue holds messages: it is kept; read them, then delete it"

    def _on_role_policy(self, resource: str, state: State) -> Iterator[str]:
        role = resource.rpartition("/")[0]
        document = state.get("document")
        allowed = list(_resources(document if isinstance(document, Mapping) else {}))
        traces = "xray:" in json.dumps(document)
        for uses in self._all_functions():
            if uses.role == role and _relies(uses, allowed, traces=traces):
                now = self._now(uses)
                if now.role == role and _relies(now, allowed, traces=traces):
                    yield f"{uses.told} relies on what it allows: it is kept"

    def _on_log_group(self, name: str, _state: State) -> Iterator[str]:
        group = {"logGroupName": name}
        filters = self.opened.gateway.call(Call("logs", "DescribeSubscriptionFilters", group))
        for each in filters.get("subscriptionFilters") or ():
            yield f"{each.get('filterName', 'somebody')} has subscribed to it: it is kept"
        metrics = self.opened.gateway.call(Call("logs", "DescribeMetricFilters", group))
        for each in metrics.get("metricFilters") or ():
            yield f"metric filter {each.get('filterName', '')} reads it: it is kept"
        streams = self.opened.gateway.call(Call("logs", "DescribeLogStreams", {**group, "limit": 1}))
        if streams.get("logStreams"):
            yield "the log group has received logs since: it is kept"

    def _logging_to(self, name: str, owners: frozenset[str]) -> Iterator[str]:
        with self._lock:
            listed = [_Uses.of(configuration) for configuration in self._listed()]
        for uses in listed:
            if uses.log_group == name and uses.name not in owners:
                yield f"{uses.told} logs to it: it is kept"

    def _on_version(self, resource: str, _state: State) -> Iterator[str]:
        """A version never comes back. AWS itself refuses only one that an alias points to."""
        name, _, version = resource.rpartition(":")
        gateway, function = self.opened.gateway, {"FunctionName": name}
        lists = (
            (Call("lambda", "ListEventSourceMappings", function), "EventSourceMappings", "an event source invokes it"),
            (
                Call("lambda", "ListFunctionEventInvokeConfigs", function),
                "FunctionEventInvokeConfigs",
                "it has retries or destinations of its own",
            ),
            (
                Call("lambda", "ListProvisionedConcurrencyConfigs", function),
                "ProvisionedConcurrencyConfigs",
                "executions are kept ready for it",
            ),
        )
        for call, member, because in lists:
            for page in gateway.pages(call, "Marker", "NextMarker"):
                for each in page.get(member) or ():
                    if arns.part(str(each.get("FunctionArn", "")), 7) == version:
                        yield f"{because}: it is kept"
        try:
            gateway.call(Call("lambda", "GetPolicy", {**function, "Qualifier": version}))
        except AwsRefused as error:
            if error.code != _NONE:
                raise
        else:
            yield "its policy lets somebody invoke it: it is kept"

    def _on_scalable_target(self, resource: str, _state: State) -> Iterator[str]:
        """Deregistered, it would take the policies and schedules of others with it. Ours are removed before it."""
        named = scalable_target.target(self.opened.address(resource))
        gateway = self.opened.gateway
        policies = Call("application-autoscaling", "DescribeScalingPolicies", named)
        for page in gateway.pages(policies, "NextToken"):
            for policy in page.get("ScalingPolicies") or ():
                yield f"scaling policy {policy.get('PolicyName', '')} hangs on it: it is kept"
        actions = Call("application-autoscaling", "DescribeScheduledActions", named)
        for page in gateway.pages(actions, "NextToken"):
            for action in page.get("ScheduledActions") or ():
                yield f"scheduled action {action.get('ScheduledActionName', '')} hangs on it: it is kept"

    def _on_alarm(self, name: str, _state: State) -> Iterator[str]:
        asked = Call("cloudwatch", "DescribeAlarms", {"AlarmTypes": ["CompositeAlarm"], "MaxRecords": 100})
        for page in self.opened.gateway.pages(asked, "NextToken"):
            for composite in page.get("CompositeAlarms") or ():
                rule = f"{composite.get('AlarmRule', '')} {composite.get('ActionsSuppressor', '')}"
                # By name or ARN, in quotes of either kind or in none.
                if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])", rule):
                    yield f"alarm {composite.get('AlarmName', '')} is made of it: it is kept"

    def _all_functions(self) -> list[_Uses]:
        with self._lock:
            if self.clock() - self._asked_at > _YOUNG_S:
                asked_at = self.clock()
                with ThreadPoolExecutor(max_workers=8) as threads:
                    self._functions = list(threads.map(self._uses, self._listed()))
                self._destined = dict(self._failures_of_sources())
                # Only now: after a refusal nothing is known, and the next claim asks again.
                self._asked_at = asked_at
            return self._functions

    def _listed(self) -> list[Mapping[str, Any]]:
        """All functions of the region with their published versions, which keep their queue, role and traces."""
        if self.clock() - self._listed_at > _YOUNG_S:
            listed_at = self.clock()
            asked = Call("lambda", "ListFunctions", {"FunctionVersion": "ALL", "MaxItems": 50})
            pages = self.opened.gateway.pages(asked, "Marker", "NextMarker")
            self._configurations = [function for page in pages for function in page.get("Functions") or ()]
            self._listed_at = listed_at
        return self._configurations

    def _failures_of_sources(self) -> Iterator[tuple[str, str]]:
        """Where event sources send the batches that failed, and which of them."""
        for page in self.opened.gateway.pages(Call("lambda", "ListEventSourceMappings", {}), "Marker", "NextMarker"):
            for mapping in page.get("EventSourceMappings") or ():
                onward = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
                if onward:
                    yield str(onward), str(mapping.get("UUID"))

    def _now(self, listed: _Uses) -> _Uses:
        """One function as it is now: what was listed a while ago may have been put back since.

        One that may not be read is none that a run puts back: it is as it was listed. So is a published version.
        """
        if listed.version != LATEST:
            return listed
        asked = Call("lambda", "GetFunction", {"FunctionName": listed.name})
        try:
            return self._uses(self.opened.gateway.call(asked).get("Configuration") or {})
        except AccessDenied:
            return listed

    def _uses(self, configuration: Mapping[str, Any]) -> _Uses:
        uses = _Uses.of(configuration)
        if uses.version != LATEST:
            return uses
        # The list has the destinations of all versions and aliases.
        asked = Call("lambda", "ListFunctionEventInvokeConfigs", {"FunctionName": uses.name})
        targets: set[str | None] = set(uses.targets)
        for page in self.opened.gateway.pages(asked, "Marker", "NextMarker"):
            for config in page.get("FunctionEventInvokeConfigs") or ():
                for destination in (config.get("DestinationConfig") or {}).values():
                    targets.add((destination or {}).get("Destination"))
        return replace(uses, targets=frozenset(target for target in targets if target))


def _relies(uses: _Uses, allowed: list[str], *, traces: bool) -> bool:
    return (traces and uses.traced) or any(fnmatch.fnmatchcase(t, each) for t in uses.targets for each in allowed)


def _resources(document: Mapping[str, Any]) -> Iterator[str]:
    """The resources that a policy allows something on."""
    statements = document.get("Statement") or ()
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        found = statement.get("Resource") or ()
        yield from [found] if isinstance(found, str) else found
