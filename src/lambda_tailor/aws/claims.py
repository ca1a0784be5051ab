"""Who else uses what a run made: asked before it is removed, so that nothing is taken from under anybody.

What cannot be asked counts as used: it stays, and that is told. The destinations of asynchronous invocations cost a
call a function, and are asked once for a rollback that removes a queue.
"""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.clock import elapsed
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.model.verdict import Key
from lambda_tailor.settings import queue
from lambda_tailor.settings.setting import Call, State

# What the functions of the region point at is asked again after so long. Seconds.
_YOUNG_S = 30.0
# A long poll asks every server of the queue. Seconds.
_POLL_S = 1


@dataclass(frozen=True, slots=True)
class _Uses:
    """What one function points at: ARNs, its role, and whether it is traced."""

    name: str
    targets: frozenset[str]
    role: str
    traced: bool


@dataclass(slots=True)
class Claims:
    """Claims of others on resources of one account and region. Safe for threads."""

    opened: OpenScope
    clock: Callable[[], float] = elapsed
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _functions: list[_Uses] = field(default_factory=list)
    _asked_at: float = float("-inf")

    def on(self, key: Key, state: State) -> str | None:
        """Why the resource has to stay; None where nobody else uses it."""
        asked = {
            "queue": self._on_queue, "role-policy": self._on_role_policy,
            "log-group": self._on_log_group, "alarm": self._on_alarm,
        }.get(key.kind)  # fmt: skip
        if asked is None:
            return None
        try:
            return next(asked(key.resource, state), None)
        except (AccessDenied, AwsRefused) as error:
            return f"whether anybody uses it cannot be seen ({error}): it is kept"

    def _on_queue(self, name: str, _state: State) -> Iterator[str]:
        opened = self.opened
        url = queue.url(opened.address(name))
        arn = queue.arn(opened.partition, opened.region, opened.account_id, name)
        for uses in self._all_functions():
            if arn in uses.targets and arn in self._now(uses).targets:
                yield f"{uses.name} sends to it: it is kept"
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
                    yield f"{uses.name} relies on what it allows: it is kept"

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

    def _on_alarm(self, name: str, _state: State) -> Iterator[str]:
        asked = Call("cloudwatch", "DescribeAlarms", {"AlarmTypes": ["CompositeAlarm"], "MaxRecords": 100})
        for page in self.opened.gateway.pages(asked, "NextToken"):
            for composite in page.get("CompositeAlarms") or ():
                rule = str(composite.get("AlarmRule", ""))
                if f'"{name}"' in rule or f"({name})" in rule or rule.replace(")", " ").endswith(f":{name} "):
                    yield f"alarm {composite.get('AlarmName', '')} is made of it: it is kept"

    def _all_functions(self) -> list[_Uses]:
        with self._lock:
            if self.clock() - self._asked_at > _YOUNG_S:
                asked_at = self.clock()
                gateway = self.opened.gateway
                pages = gateway.pages(Call("lambda", "ListFunctions", {"MaxItems": 50}), "Marker", "NextMarker")
                listed = [function for page in pages for function in page.get("Functions") or ()]
                with ThreadPoolExecutor(max_workers=8) as threads:
                    self._functions = list(threads.map(self._uses, listed))
                # Only now: after a refusal nothing is known, and the next claim asks again.
                self._asked_at = asked_at
            return self._functions

    def _now(self, listed: _Uses) -> _Uses:
        """One function as it is now: what was listed a while ago may have been put back since.

        One that may not be read is none that a run puts back: it is as it was listed.
        """
        asked = Call("lambda", "GetFunction", {"FunctionName": listed.name})
        try:
            return self._uses(self.opened.gateway.call(asked).get("Configuration") or {})
        except AccessDenied:
            return listed

    def _uses(self, configuration: Mapping[str, Any]) -> _Uses:
        name = str(configuration.get("FunctionName"))
        targets = {(configuration.get("DeadLetterConfig") or {}).get("TargetArn")}
        asked = Call("lambda", "ListFunctionEventInvokeConfigs", {"FunctionName": name})
        for page in self.opened.gateway.pages(asked, "Marker", "NextMarker"):
            for config in page.get("FunctionEventInvokeConfigs") or ():
                for destination in (config.get("DestinationConfig") or {}).values():
                    targets.add((destination or {}).get("Destination"))
        role = str(configuration.get("Role", "")).rpartition("/")[2]
        traced = (configuration.get("TracingConfig") or {}).get("Mode") == "Active"
        return _Uses(name, frozenset(target for target in targets if target), role, traced)


def _relies(uses: _Uses, allowed: list[str], *, traces: bool) -> bool:
    return (traces and uses.traced) or any(fnmatch.fnmatchcase(t, each) for t in uses.targets for each in allowed)


def _resources(document: Mapping[str, Any]) -> Iterator[str]:
    """The resources that a policy allows something on."""
    statements = document.get("Statement") or ()
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        found = statement.get("Resource") or ()
        yield from [found] if isinstance(found, str) else found
