"""Rules beyond the ten that change something: /tmp, provisioned concurrency, versions, formats, retries, queues."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from lambda_tailor.model.evidence import EventSource, Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Finding, Kept, Proposed, Risk, Verdict
from lambda_tailor.rules import (
    architecture,
    async_retries,
    ephemeral_storage,
    log_format,
    old_versions,
    provisioned_concurrency,
    sqs_visibility,
)
from tests.builders import a_function, evidence

NAME = "lambda-function-dev"
MIB = 1_048_576
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


def tmp(size: int, seen: Evidence, **options: Any) -> Verdict:
    chosen = ephemeral_storage.EphemeralStorageOptions(**options)
    (verdict,) = ephemeral_storage.judge(a_function(ephemeral_mb=size), seen, chosen)
    return verdict


def test_tmp_shrinks_to_what_was_used_with_headroom() -> None:
    verdict = tmp(4096, evidence(tmp_used=700 * MIB))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 1088  # 1050 MB, rounded up to 64


def test_tmp_never_goes_under_the_free_part() -> None:
    verdict = tmp(4096, evidence(tmp_used=MIB))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 512


def test_tmp_that_nobody_measures_is_reported_where_it_is_paid_for() -> None:
    assert isinstance(tmp(4096, Evidence()), Finding)
    assert isinstance(tmp(512, Evidence()), Kept)


def test_a_target_for_tmp_under_what_was_used_is_blocked() -> None:
    assert isinstance(tmp(4096, evidence(tmp_used=700 * MIB), target_mb=600), Blocked)
    assert isinstance(tmp(4096, Evidence(), target_mb=600), Proposed)


def test_tmp_that_runs_full_grows() -> None:
    verdict = tmp(1024, evidence(tmp_used=1000 * MIB))
    assert isinstance(verdict, Proposed)
    assert verdict.after == 1536


@given(size=st.integers(512, 10_240), used=st.floats(0, 10_240), headroom=st.floats(0, 400))
def test_no_proposal_for_tmp_is_under_what_was_used(size: int, used: float, headroom: float) -> None:
    verdict = tmp(size, evidence(tmp_used=used * MIB), headroom_percent=headroom)
    if isinstance(verdict, Proposed):
        assert isinstance(verdict.after, int)
        assert max(used, 512) <= verdict.after <= 10_240


def provisioned(resource: Resource, seen: Evidence, **used: Resource) -> list[Verdict]:
    known = {Lookup("provisioned-use", f"{NAME}:{qualifier}"): each for qualifier, each in used.items()}
    function = a_function(memory_mb=1024, resources={Lookup("provisioned", NAME): resource, **known})
    options = provisioned_concurrency.ProvisionedConcurrencyOptions()
    return list(provisioned_concurrency.judge(function, seen, options))


def test_provisioned_concurrency_follows_what_was_in_use() -> None:
    (verdict,) = provisioned(Found({"provisioned": {"live": 20}}), evidence(provisioned_max=4))
    assert isinstance(verdict, Proposed)
    assert (verdict.setting, verdict.before, verdict.after) == ("provisioned_concurrency.live", 20, 6)
    assert verdict.transitions[0].key.resource == f"{NAME}:live"
    assert verdict.adds.provisioned_gb_s == Decimal(-14 * 730 * 3600)


def test_provisioned_concurrency_that_nobody_saw_in_use_is_reported() -> None:
    (verdict,) = provisioned(Found({"provisioned": {"live": 20}}), Evidence())
    assert isinstance(verdict, Finding)


def test_it_is_not_guessed_which_of_several_aliases_needs_less() -> None:
    verdicts = provisioned(Found({"provisioned": {"a": 20, "b": 20}}), evidence(provisioned_max=4))
    assert [type(v) for v in verdicts] == [Finding, Finding]


def test_provisioned_concurrency_in_use_and_none_at_all_are_kept() -> None:
    for resource in (Found({"provisioned": {"live": 5}}), Missing(), Unreadable("denied")):
        (verdict,) = provisioned(resource, evidence(provisioned_max=4))
        assert isinstance(verdict, Kept)


def versions(published: int, referenced: list[str], **options: Any) -> Verdict:
    state = Found({"versions": [str(n) for n in range(1, published + 1)], "referenced": [*referenced]})
    chosen = old_versions.OldVersionsOptions(**options)
    resources: dict[Lookup, Resource] = {Lookup("versions", NAME): state}
    used = dict.fromkeys(
        old_versions.more_lookups(a_function(resources=resources), Evidence(), chosen), Found({"used": {}})
    )
    (verdict,) = old_versions.judge(a_function(resources=resources | used), Evidence(), chosen)
    return verdict


def test_old_versions_are_only_reported_unless_the_policy_prunes() -> None:
    verdict = versions(12, [])
    assert isinstance(verdict, Finding)
    assert verdict.note.startswith("7 of 12")


def test_pruning_spares_the_newest_and_what_an_alias_points_to() -> None:
    verdict = versions(12, ["3"], prune=True, keep=5)
    assert isinstance(verdict, Proposed)
    gone = [t.key.resource for t in verdict.transitions]
    assert gone == [f"{NAME}:{n}" for n in (1, 2, 4, 5, 6, 7)]
    assert verdict.after == ["3", "8", "9", "10", "11", "12"]
    assert verdict.risk is Risk.HIGH


def test_few_versions_are_kept() -> None:
    assert isinstance(versions(5, []), Kept)
    assert isinstance(versions(6, ["1"]), Kept)


def test_the_log_format_is_changed_where_it_differs() -> None:
    options = log_format.LogFormatOptions()
    verdict = log_format.judge(a_function(), Evidence(), options)[0]
    assert isinstance(verdict, Proposed)
    assert (verdict.before, verdict.after) == ("Text", "JSON")
    (kept,) = log_format.judge(a_function(log_format="JSON"), Evidence(), options)
    assert isinstance(kept, Kept)


def retries(resource: Resource, seen: Evidence, **options: Any) -> list[Verdict]:
    function = a_function(resources={Lookup("event-invoke-config", NAME): resource})
    return list(async_retries.judge(function, seen, async_retries.AsyncRetriesOptions(**options)))


ASYNCHRONOUS = evidence(async_events=10)


def test_retries_are_changed_for_asynchronous_functions_only() -> None:
    (verdict,) = retries(Missing(), ASYNCHRONOUS, retries=0)
    assert isinstance(verdict, Proposed)
    assert (verdict.before, verdict.after, verdict.transitions[0].before) == (2, 0, None)
    (other,) = retries(Missing(), Evidence(), retries=0)
    assert isinstance(other, Kept)


def test_what_lambda_does_by_default_needs_no_change() -> None:
    (verdict,) = retries(Missing(), ASYNCHRONOUS, retries=2)
    assert isinstance(verdict, Kept)


def test_only_what_differs_is_changed() -> None:
    found = Found({"async_retries": 1, "async_max_age_s": 3600})
    first, second = retries(found, ASYNCHRONOUS, retries=1, max_age_s=60)
    assert isinstance(first, Kept)
    assert isinstance(second, Proposed)


def test_without_a_wish_retries_are_left_alone() -> None:
    assert retries(Missing(), ASYNCHRONOUS) == []
    (blocked,) = retries(Unreadable("denied"), ASYNCHRONOUS, retries=1)
    assert isinstance(blocked, Blocked)


def queues(hidden: int | None, *, fix: bool = False, arn: str = QUEUE, **given: Any) -> list[Verdict]:
    source = EventSource(uuid="u", source=arn, kind="queue", visibility_timeout_s=hidden, **given)
    seen = Evidence(event_sources=(source,))
    return list(sqs_visibility.judge(a_function(timeout_s=30), seen, sqs_visibility.SqsVisibilityOptions(fix=fix)))


def test_a_queue_that_shows_messages_too_soon_is_reported() -> None:
    (verdict,) = queues(179)
    assert isinstance(verdict, Finding)
    assert "180 s" in verdict.note
    (kept,) = queues(180)
    assert isinstance(kept, Kept)


def test_the_batching_window_counts_on_top() -> None:
    (verdict,) = queues(199, window_s=20)
    assert isinstance(verdict, Finding) and "200 s" in verdict.note
    assert isinstance(queues(200, window_s=20)[0], Kept)


def test_a_disabled_event_source_is_no_trigger() -> None:
    assert queues(1, enabled=False) == []


def test_a_timeout_above_the_visibility_is_grave() -> None:
    (verdict,) = queues(29)
    assert isinstance(verdict, Finding) and verdict.risk is Risk.HIGH
    assert "AWS refuses the next change of the event source" in verdict.note


def test_a_queue_of_the_account_is_changed_where_the_policy_says_so() -> None:
    (verdict,) = queues(30, fix=True)
    assert isinstance(verdict, Proposed)
    assert (verdict.after, verdict.transitions[0].key.resource) == (180, "orders")
    (other,) = queues(30, fix=True, arn=QUEUE.replace("123456789012", "210987654321"))
    assert isinstance(other, Finding)


@pytest.mark.parametrize("hidden", [None])
def test_a_queue_that_could_not_be_read_is_not_judged(hidden: int | None) -> None:
    assert queues(hidden) == []
    (unknown,) = sqs_visibility.judge(a_function(), Evidence(), sqs_visibility.SqsVisibilityOptions())
    assert isinstance(unknown, Kept)


def test_text_loses_the_levels_and_says_so() -> None:
    options = log_format.LogFormatOptions(format="Text")
    function = a_function(log_format="JSON", application_log_level="DEBUG", system_log_level="WARN")
    verdicts = log_format.judge(function, Evidence(), options)
    assert all(isinstance(verdict, Proposed) for verdict in verdicts)
    assert {v.setting: (v.before, v.after) for v in verdicts if isinstance(v, Proposed)} == {
        "log_format": ("JSON", "Text"), "application_log_level": ("DEBUG", None), "system_log_level": ("WARN", None),
    }  # fmt: skip


def test_json_says_the_level_it_starts_at() -> None:
    for options, level in ((log_format.LogFormatOptions(), "INFO"), (LEVEL, "DEBUG")):
        form, least = log_format.judge(a_function(), Evidence(), options)
        assert isinstance(form, Proposed) and isinstance(least, Proposed)
        assert (form.after, least.after) == ("JSON", level)
        assert f"{level} is the lowest level" in least.reason


LEVEL = log_format.LogFormatOptions(application_level="DEBUG")


def test_signed_code_keeps_its_architecture() -> None:
    (verdict,) = architecture.judge(a_function(signed=True), Evidence(), architecture.ArchitectureOptions())
    assert isinstance(verdict, Blocked) and "signed" in verdict.because


POWERTOOLS = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312"
DATADOG = "arn:aws:lambda:us-east-1:464622532012:layer:Datadog-Extension"
INSIGHTS = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension"
ADOT = "arn:aws:lambda:us-east-1:901920570463:layer:aws-otel-python"


@pytest.mark.parametrize(
    ("x86", "arm"),
    [
        (f"{POWERTOOLS}-x86_64:7", f"{POWERTOOLS}-arm64:7"),
        (f"{DATADOG}:65", f"{DATADOG}-ARM:65"),
        (f"{ADOT}-amd64-ver-1-32-0:2", f"{ADOT}-arm64-ver-1-32-0:2"),
        (f"{INSIGHTS}:56", f"{INSIGHTS}-Arm64:23"),
    ],
)
def test_a_known_layer_is_swapped_for_its_twin_on_arm64_before_the_code(x86: str, arm: str) -> None:
    options = architecture.ArchitectureOptions()
    known: dict[Lookup, Resource] = {Lookup("code", NAME): Found({"x86": []}), Lookup("code", arm): Found({"x86": []})}
    function = a_function(layers=(x86,), resources=known)
    assert [lookup.name for lookup in architecture.lookups(function, options)] == [NAME, arm]
    attached, verdict = architecture.judge(function, Evidence(), options)
    assert isinstance(attached, Proposed) and isinstance(verdict, Proposed)
    assert (attached.setting, attached.after) == ("layers", [arm])
    (layers,), (code,) = attached.transitions, verdict.transitions
    assert (layers.field, layers.before, layers.after) == ("layers", [x86], [arm])
    assert code.requires == (layers.key,)
    gone = a_function(layers=(x86,), resources={**known, Lookup("code", arm): Missing()})
    assert isinstance(architecture.judge(gone, Evidence(), options)[0], Blocked)


def test_a_layer_whose_twins_number_is_not_known_in_the_region_blocks_and_is_named() -> None:
    layer = "arn:aws-cn:lambda:cn-north-1:488211338238:layer:LambdaInsightsExtension:46"
    (verdict,) = architecture.judge(a_function(layers=(layer,)), Evidence(), architecture.ArchitectureOptions())
    assert isinstance(verdict, Blocked) and "LambdaInsightsExtension-Arm64" in verdict.because


def test_code_that_aws_takes_no_more_for_a_runtime_blocks_the_architecture_only() -> None:
    function = a_function(runtime="ruby2.5")
    (verdict,) = architecture.judge(function, Evidence(), architecture.ArchitectureOptions())
    assert isinstance(verdict, Blocked)
    assert "AWS takes no code for ruby2.5 since 2022-03-31; its configuration may still change" in verdict.because


def owned(peak: float, **targets: JsonValue) -> Verdict:
    """The verdict on twenty executions of an alias whose number Application Auto Scaling owns."""
    known: dict[Lookup, Resource] = {
        Lookup("provisioned", NAME): Found({"provisioned": {"live": 20}}),
        Lookup("provisioned-use", f"{NAME}:live"): Found({"peak": peak}),
        Lookup("scalable-target", NAME): Found({**targets}),
    }
    options = provisioned_concurrency.ProvisionedConcurrencyOptions()
    (verdict,) = provisioned_concurrency.judge(a_function(memory_mb=1024, resources=known), Evidence(), options)
    return verdict


def test_of_a_number_that_auto_scaling_owns_the_least_is_lowered() -> None:
    verdict = owned(4.0, targets={"live": [15, 50]})
    assert isinstance(verdict, Proposed)
    assert (verdict.setting, verdict.before, verdict.after) == (
        "scalable_target.live", {"min": 15, "max": 50}, {"min": 6, "max": 50},
    )  # fmt: skip
    assert [t.key.kind for t in verdict.transitions] == ["scalable-capacity"]
    # The number is at its least or above: no more than the difference of the leasts is saved for sure.
    assert verdict.adds.provisioned_gb_s == Decimal(-9 * 730 * 3600)
    assert "4 of 20 were in use (20 %); below 60 % they cost more than on demand" in verdict.reason


@pytest.mark.parametrize(
    ("peak", "targets", "told"),
    [
        (4.0, {"targets": {"live": [15, 50]}, "scheduled": ["live"]}, "scheduled actions set it"),
        (0.0, {"targets": {"live": [15, 50]}}, "never scales in where no event tells it to"),
        (4.0, {"targets": {"live": [1, 50]}}, "none of its policies brings the number down to 6"),
    ],
)
def test_what_no_target_brings_down_is_told(peak: float, targets: dict[str, JsonValue], told: str) -> None:
    verdict = owned(peak, **targets)
    assert isinstance(verdict, Finding) and told in verdict.note


def test_who_owns_the_number_is_asked_where_there_is_one() -> None:
    options = provisioned_concurrency.ProvisionedConcurrencyOptions()
    function = a_function(resources={Lookup("provisioned", NAME): Found({"provisioned": {"live": 20}})})
    assert [lookup.kind for lookup in provisioned_concurrency.more_lookups(function, Evidence(), options)] == [
        "scalable-target",
        "provisioned-use",
    ]
    nothing = a_function(resources={Lookup("provisioned", NAME): Missing()})
    assert list(provisioned_concurrency.more_lookups(nothing, Evidence(), options)) == []


def test_provisioned_executions_on_arm64_have_their_own_price() -> None:
    function = a_function(
        memory_mb=1024,
        architecture="arm64",
        resources={Lookup("provisioned", NAME): Found({"provisioned": {"live": 20}})},
    )
    options = provisioned_concurrency.ProvisionedConcurrencyOptions()
    (verdict,) = provisioned_concurrency.judge(function, evidence(provisioned_max=4), options)
    assert isinstance(verdict, Proposed)
    assert verdict.adds.provisioned_gb_s == 0 > verdict.adds.provisioned_gb_s_arm


def test_provisioned_concurrency_is_judged_by_what_each_alias_used() -> None:
    bought = Found({"provisioned": {"a": 20, "b": 20, "c": 20}})
    used = {"a": Found({"peak": 4.0}), "b": Found({"peak": 19.0}), "c": Missing()}
    small, kept, idle = provisioned(bought, Evidence(), **used)
    assert isinstance(small, Proposed) and small.after == 6
    assert isinstance(kept, Kept)
    # Nothing is left of what nobody used, and the saving is all of it.
    assert isinstance(idle, Proposed) and idle.after is None
    assert idle.adds.provisioned_gb_s == Decimal(-20 * 730 * 3600)


def test_what_is_provisioned_for_nobody_knows_what_has_a_figure() -> None:
    (verdict,) = provisioned(Found({"provisioned": {"live": 20}}), Evidence())
    assert isinstance(verdict, Finding)
    assert f"${20 * 730 * 3600 * 0.0000041667:,.2f} a month" in verdict.note


def pruned(used: Resource | None) -> Verdict:
    options = old_versions.OldVersionsOptions(keep=1, prune=True)
    published = Found({"versions": ["1", "2", "3"], "referenced": []})
    resources: dict[Lookup, Resource] = {Lookup("versions", NAME): published}
    (asked,) = old_versions.more_lookups(a_function(resources=resources), Evidence(), options)
    assert asked == Lookup("version-use", f"{NAME} 1,2")
    if used is not None:
        resources[asked] = used
    (verdict,) = old_versions.judge(a_function(resources=resources), Evidence(), options)
    return verdict


def test_a_version_that_anything_uses_is_not_pruned() -> None:
    verdict = pruned(Found({"used": {"1": "it ran 7 times in 90 days"}}))
    assert isinstance(verdict, Proposed)
    assert [t.key.resource for t in verdict.transitions] == [f"{NAME}:2"]
    assert verdict.risk is Risk.HIGH and "which nobody can list" in verdict.reason
    kept = pruned(Found({"used": {"1": "it ran", "2": "the event source u invokes it"}}))
    assert isinstance(kept, Kept) and "the event source u invokes it" in kept.because


def test_nothing_is_pruned_where_what_uses_it_is_not_known() -> None:
    assert isinstance(pruned(Unreadable("denied")), Blocked)
    assert isinstance(pruned(None), Blocked)


@pytest.mark.parametrize(("region", "told"), [("us-east-1", "below 60 %"), ("eu-central-1", "only spare cold starts")])
def test_the_break_even_is_that_of_the_region(region: str, told: str) -> None:
    known: dict[Lookup, Resource] = {
        Lookup("provisioned", NAME): Found({"provisioned": {"live": 20}}),
        Lookup("provisioned-use", f"{NAME}:live"): Found({"peak": 4.0}),
    }
    function = replace(a_function(resources=known), region=region)
    options = provisioned_concurrency.ProvisionedConcurrencyOptions()
    (verdict,) = provisioned_concurrency.judge(function, Evidence(), options)
    assert isinstance(verdict, Proposed) and told in verdict.reason
