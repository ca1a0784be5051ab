"""Through what functions are invoked: one sweep, shares, and what aliases run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from lambda_tailor.aws.faults import access_denied
from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.aws.traffic import read_traffic
from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import LATEST, Function, Traffic
from lambda_tailor.model.plan import MonthlyUsd
from lambda_tailor.planning.planner import make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.verifier import verify
from lambda_tailor.planning.worth import worth
from lambda_tailor.policy.file import load_preset
from lambda_tailor.settings.setting import Call
from tests.builders import ACCOUNT, REGION, a_function, measured

COUNTS = {"f": 1000.0, "f:live": 750.0, "f:7": 50.0}


class Cloud:
    """A gateway to an account with the functions f, behind an alias, and g, which is called as it is."""

    def __init__(self, *, version: str = "3", denied: bool = False) -> None:
        self.version, self.denied, self.sent = version, denied, list[str]()

    def pages(self, call: Call, *_tokens: str) -> Iterator[Mapping[str, Any]]:
        self.sent.append(call.action)
        if self.denied:
            raise access_denied("cloudwatch:ListMetrics", "*")
        if call.action == "ListMetrics":
            listed = [("f", "f"), ("f", "f:live"), ("f", "f:7"), ("g", "g"), ("gone", "gone:live")]
            named = [[("FunctionName", name), ("Resource", resource)] for name, resource in listed]
            named.append([("FunctionName", "f"), ("Resource", "f:live"), ("ExecutedVersion", "3")])
            yield {"Metrics": [{"Dimensions": [{"Name": n, "Value": v} for n, v in each]} for each in named]}
        elif call.action == "GetMetricData":
            results = []
            for query in call.parameters["MetricDataQueries"]:
                named = {d["Name"]: d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"]}
                results.append({"Id": query["Id"], "Values": [COUNTS[named.get("Resource", named["FunctionName"])]]})
            yield {"MetricDataResults": results}
        else:
            yield {"Aliases": [{"Name": "live", "FunctionVersion": self.version}]}

    def call(self, call: Call) -> Mapping[str, Any]:
        self.sent.append(call.action)
        return {"MemorySize": 3008, "Timeout": 300}


def read(cloud: Cloud) -> Mapping[str, tuple[Traffic, ...]]:
    return read_traffic(cast("Gateway", cloud), [a_function("f"), a_function("g")])


def test_a_sweep_tells_who_is_called_through_what_and_asks_only_about_those() -> None:
    cloud = Cloud()
    found = read(cloud)
    assert set(found) == {a_function("f").arn}
    latest, version, alias = found[a_function("f").arn]
    assert (latest.qualifier, latest.share) == (LATEST, 0.2)
    assert (version.qualifier, version.share, version.version) == ("7", 0.05, "7")
    assert (alias.qualifier, alias.share, alias.version, alias.runs["memory_mb"]) == ("live", 0.75, "3", 3008)
    assert cloud.sent[:3] == ["ListMetrics", "GetMetricData", "ListAliases"]
    assert len(cloud.sent) == 5


def test_an_alias_of_latest_is_reached() -> None:
    (_, _, alias) = read(Cloud(version=LATEST))[a_function("f").arn]
    assert alias.reached


def test_where_metrics_may_not_be_listed_nothing_is_known() -> None:
    assert read(Cloud(denied=True)) == {}


def planned(traffic: tuple[Traffic, ...]) -> Any:
    function: Function = a_function(timeout_s=30, traffic=traffic)
    seen = Evidence(
        invocations=measured(1_000_000, "count"), duration_avg=measured(1200), duration_max=measured(3000),
        memory_used=measured(96, "MB"),
    )  # fmt: skip
    policy = load_preset("right-size", date(2026, 11, 24)).only(frozenset({"memory", "timeout"}))
    reading = ScopeData(account_id=ACCOUNT, region=REGION, functions=[function], evidence={function.arn: seen})
    return make_plan(policy, [reading], worth=lambda r: worth(policy.assumptions, r), created_at="")


def test_nothing_is_promised_for_callers_that_a_change_does_not_reach() -> None:
    whole = planned(()).functions[0].changes[0]
    behind = planned((Traffic("live", 1.0, "3", {"memory_mb": 3008}),)).functions[0]
    part = planned((Traffic(LATEST, 0.25), Traffic("live", 0.75, "3"))).functions[0].changes[0]
    assert whole.counted and whole.monthly_usd.high > 0
    assert part.counted
    assert abs(part.monthly_usd.high - whole.monthly_usd.high / 4) < 1
    # What it would be worth once they are moved is said, and nothing of it is counted.
    (memory,) = [change for change in behind.changes if change.rule == "memory"]
    assert not memory.counted and memory.monthly_usd == MonthlyUsd() and "once they are moved" in memory.reason
    assert [t.qualifier for t in behind.traffic] == ["live"]


def test_who_is_not_reached_is_said_with_what_they_run() -> None:
    function = planned((Traffic(LATEST, 0.25), Traffic("live", 0.75, "3", {"memory_mb": 3008}))).functions[0]
    (note,) = [note for note in function.notes if "only $LATEST changes" in note]
    assert "live (75 %) at 3008 MB" in note
    assert "--guard" in note


def test_verify_tells_what_the_callers_really_run() -> None:
    function = a_function(memory_mb=1024, traffic=(Traffic("live", 1.0, "3", {"memory_mb": 3008}),))
    policy = load_preset("reference", date(2026, 11, 24)).only(frozenset({"memory"}))
    reading = ScopeData(account_id=ACCOUNT, region=REGION, functions=[function])
    found = verify(make_plan(policy, [reading], worth=lambda r: worth(policy.assumptions, r), created_at=""))
    assert not found.matches
    (callers,) = [setting for setting in found.settings if not setting.matches]
    assert (callers.setting, callers.expected, callers.actual) == ("memory_mb@live", 1024, 3008)
    assert "callers of live (100 % of the invocations) run this, which is version 3" in callers.detail
