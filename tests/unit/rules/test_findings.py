"""Rules that tell and change nothing by themselves: idle functions, runtimes, log class, architecture, recursion."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tailor.model.evidence import Absent, Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Finding, Kept, Proposed, Risk, Verdict
from lambda_tailor.rules import (
    architecture,
    idle_function,
    log_class,
    runtime_end_of_life,
    unbounded_recursion,
)
from tests.builders import a_function, evidence

LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:numbers:3"
GROUP = "/aws/lambda/lambda-function-dev"


def idle(seen: Evidence) -> Verdict:
    (verdict,) = idle_function.judge(a_function(), seen, idle_function.IdleFunctionOptions())
    return verdict


def test_a_function_without_an_invocation_in_a_hundred_days_is_reported() -> None:
    verdict = idle(evidence(idle_days=100))
    assert isinstance(verdict, Finding)
    assert "nobody invoked it in the last 100 days" in verdict.note


def test_a_master_of_the_edge_is_not_idle() -> None:
    (verdict,) = idle_function.judge(
        a_function(edge_master=True), evidence(idle_days=400), idle_function.IdleFunctionOptions()
    )
    assert isinstance(verdict, Kept) and "edge" in verdict.because


@pytest.mark.parametrize(
    "seen",
    [
        evidence(idle_days=99),
        evidence(invocations=1, idle_days=100),
        Evidence(idle_days=Absent("the metrics may not be read")),
    ],
)
def test_a_function_that_is_not_known_to_be_idle_is_not_reported(seen: Evidence) -> None:
    assert isinstance(idle(seen), Kept)


@pytest.mark.parametrize(
    ("runtime", "found"),
    [
        ("python3.8", Risk.HIGH),
        ("dotnet8", Risk.HIGH),
        ("ruby3.3", Risk.MEDIUM),  # ends four months after the table's date
        ("python3.13", None),
        ("provided.al2", Risk.HIGH),
        ("provided.al2023", None),
        ("ruby4.0", None),
    ],
)
def test_a_runtime_past_or_near_its_end_is_reported(runtime: str, found: Risk | None) -> None:
    options = runtime_end_of_life.RuntimeEndOfLifeOptions()
    (verdict,) = runtime_end_of_life.judge(a_function(runtime=runtime), Evidence(), options)
    assert (verdict.risk if isinstance(verdict, Finding) else None) == found


def test_the_end_and_the_successor_of_a_runtime_are_named() -> None:
    options = runtime_end_of_life.RuntimeEndOfLifeOptions()
    (verdict,) = runtime_end_of_life.judge(a_function(runtime="python3.8"), Evidence(), options)
    assert isinstance(verdict, Finding)
    assert "since 2024-10-14" in verdict.note
    assert "python3.14 follows it" in verdict.note


def test_an_image_has_no_runtime_to_judge() -> None:
    options = runtime_end_of_life.RuntimeEndOfLifeOptions()
    assert runtime_end_of_life.judge(a_function(runtime=None, package_type="Image"), Evidence(), options) == ()


def logged(group: Resource, seen: Evidence) -> Verdict:
    function = a_function(resources={Lookup("log-group", GROUP): group})
    (verdict,) = log_class.judge(function, seen, log_class.LogClassOptions())
    return verdict


def test_many_gigabytes_of_standard_logs_are_reported_by_the_month() -> None:
    verdict = logged(Found({"class": "STANDARD"}), evidence(log_bytes=14e9))
    assert isinstance(verdict, Finding)
    assert verdict.note.startswith("30.4 GB of logs a month")
    assert "EMF" in verdict.note


@pytest.mark.parametrize(
    ("group", "seen"),
    [
        (Found({"class": "INFREQUENT_ACCESS"}), evidence(log_bytes=14e9)),
        (Found({"class": "STANDARD"}), evidence(log_bytes=1e9)),
        (Found({"class": "STANDARD"}), Evidence()),
        (Missing(), evidence(log_bytes=14e9)),
        (Unreadable("denied"), evidence(log_bytes=14e9)),
    ],
)
def test_other_logs_are_not_reported(group: Resource, seen: Evidence) -> None:
    assert isinstance(logged(group, seen), Kept)


def on_arm(package: Resource, layer: Resource | None = None, **given: Any) -> Verdict:
    resources: dict[Lookup, Resource] = {Lookup("code", "lambda-function-dev"): package}
    if layer is not None:
        resources[Lookup("code", LAYER)] = layer
        given["layers"] = (LAYER,)
    (verdict,) = architecture.judge(
        a_function(resources=resources, **given), Evidence(), architecture.ArchitectureOptions()
    )
    return verdict


def test_code_without_x86_binaries_is_sent_again_for_arm() -> None:
    verdict = on_arm(Found({"x86": []}), Found({"x86": []}))
    assert isinstance(verdict, Proposed)
    (step,) = verdict.transitions
    assert (step.key.kind, step.before, step.after) == ("function-code", "x86_64", "arm64")
    # Two updates of one function at the same time are refused by AWS.
    assert [key.kind for key in step.follows] == ["function-configuration"]


def test_an_x86_binary_blocks_with_the_file_named() -> None:
    verdict = on_arm(Found({"x86": ["numpy/core.so", "numpy/fft.so"]}))
    assert isinstance(verdict, Blocked)
    assert verdict.because == "numpy/core.so and 1 more in the package is made for x86"
    layered = on_arm(Found({"x86": []}), Found({"x86": ["bin/ffmpeg"]}))
    assert isinstance(layered, Blocked)
    assert layered.because == f"bin/ffmpeg in {LAYER} is made for x86"


@pytest.mark.parametrize("given", [{"runtime": "python3.7"}, {"package_type": "Image", "runtime": None}])
def test_what_cannot_run_on_arm_blocks_without_a_look_at_the_code(given: dict[str, Any]) -> None:
    function = a_function(**given)
    options = architecture.ArchitectureOptions()
    assert list(architecture.lookups(function, options)) == []
    (verdict,) = architecture.judge(function, Evidence(), options)
    assert isinstance(verdict, Blocked)


def test_code_that_cannot_be_read_is_not_judged() -> None:
    assert isinstance(on_arm(Unreadable("its code could not be fetched")), Kept)
    assert isinstance(on_arm(Found({"x86": []}), architecture="arm64"), Kept)


def recursive(resource: Resource, *, terminate: bool = False) -> Verdict:
    function = a_function(resources={Lookup("recursion", "lambda-function-dev"): resource})
    options = unbounded_recursion.UnboundedRecursionOptions(terminate=terminate)
    (verdict,) = unbounded_recursion.judge(function, Evidence(), options)
    return verdict


def test_endless_loops_that_are_allowed_are_reported() -> None:
    assert isinstance(recursive(Found({"recursive_loop": "Allow"})), Finding)
    assert isinstance(recursive(Found({"recursive_loop": "Terminate"})), Kept)
    assert isinstance(recursive(Unreadable("denied")), Kept)


def test_endless_loops_are_ended_where_the_policy_says_so() -> None:
    verdict = recursive(Found({"recursive_loop": "Allow"}), terminate=True)
    assert isinstance(verdict, Proposed)
    assert [t.key.kind for t in verdict.transitions] == ["recursive-loop"]
