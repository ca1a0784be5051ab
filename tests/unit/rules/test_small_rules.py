"""Tracing, shared layer and bucket versioning: each a handful of cases."""

from __future__ import annotations

from dataclasses import replace

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Lookup, Missing, Resource, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Proposed, Verdict
from lambda_tailor.rules.deployment_bucket_versioning import DeploymentBucketVersioningOptions
from lambda_tailor.rules.deployment_bucket_versioning import judge as judge_bucket
from lambda_tailor.rules.shared_layer import SharedLayerOptions
from lambda_tailor.rules.shared_layer import judge as judge_layer
from lambda_tailor.rules.tracing import TracingOptions
from lambda_tailor.rules.tracing import judge as judge_tracing
from lambda_tailor.rules.tracing import lookups as tracing_lookups
from tests.builders import a_function

LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:lambda-layer-shared-dev:3"


def layer(resource: Resource, **given: object) -> Verdict:
    resources = {Lookup("layer", "lambda-layer-shared-dev"): resource}
    options = SharedLayerOptions(layer="lambda-layer-shared-{suffix}")
    (verdict,) = judge_layer(a_function(resources=resources, **given), Evidence(), options)
    return verdict


def bucket(resource: Resource) -> Verdict:
    resources = {Lookup("bucket", "lambda-deployment-dev"): resource}
    options = DeploymentBucketVersioningOptions(bucket="lambda-deployment-{suffix}")
    (verdict,) = judge_bucket(a_function(resources=resources), Evidence(), options)
    return verdict


ACTIVE = TracingOptions()


def tracing(allowed: Resource, options: TracingOptions = ACTIVE, **given: object) -> Verdict:
    function = a_function(**given)
    resources = dict.fromkeys(tracing_lookups(function, options), allowed)
    (verdict,) = judge_tracing(replace(function, resources=resources), Evidence(), options)
    return verdict


def test_tracing_is_switched_on_and_then_kept() -> None:
    assert isinstance(tracing(Found({"allowed": True})), Proposed)
    assert isinstance(tracing(Missing(), tracing="Active"), Kept)
    assert isinstance(tracing(Missing(), TracingOptions(mode="PassThrough"), tracing="Active"), Proposed)


def test_tracing_is_blocked_where_the_role_may_send_no_traces() -> None:
    verdict = tracing(Found({"allowed": False}))
    assert isinstance(verdict, Blocked) and "xray:PutTraceSegments" in verdict.because
    assert isinstance(tracing(Unreadable("denied")), Blocked)
    assert isinstance(tracing(Missing()), Blocked)


def test_the_permission_to_send_traces_is_added_first_where_the_policy_says_so() -> None:
    verdict = tracing(Found({"allowed": False}), TracingOptions(add_permission=True))
    assert isinstance(verdict, Proposed)
    grant, mode = verdict.transitions
    assert (grant.key.kind, grant.key.resource) == ("role-policy", "lambda-role-dev/lambda-tailor-tracing")
    assert mode.requires == (grant.key,)


def test_the_newest_layer_version_is_attached_behind_the_others() -> None:
    verdict = layer(Found({"arn": LAYER, "runtimes": ["python3.12"]}), layers=("arn:a:b:c:d:layer:theirs:1",))
    assert isinstance(verdict, Proposed)
    assert verdict.after == ["arn:a:b:c:d:layer:theirs:1", LAYER]


def test_any_attached_version_of_the_layer_is_kept() -> None:
    assert isinstance(layer(Missing(), layers=(LAYER,)), Kept)


def test_a_layer_that_does_not_exist_blocks() -> None:
    assert isinstance(layer(Missing()), Blocked)


def test_a_layer_for_another_runtime_blocks() -> None:
    assert isinstance(layer(Found({"arn": LAYER, "runtimes": ["nodejs22.x"]})), Blocked)


def test_a_sixth_layer_blocks() -> None:
    five = tuple(f"arn:a:b:c:d:layer:l{n}:1" for n in range(5))
    assert isinstance(layer(Found({"arn": LAYER, "runtimes": []}), layers=five), Blocked)


def test_an_image_takes_no_layers() -> None:
    assert isinstance(layer(Found({"arn": LAYER, "runtimes": []}), package_type="Image"), Blocked)


def test_an_unversioned_bucket_is_versioned_and_a_versioned_one_kept() -> None:
    assert isinstance(bucket(Found({"name": "lambda-deployment-dev-x", "versioning": None})), Proposed)
    assert isinstance(bucket(Found({"name": "lambda-deployment-dev-x", "versioning": "Suspended"})), Proposed)
    assert isinstance(bucket(Found({"name": "lambda-deployment-dev-x", "versioning": "Enabled"})), Kept)
    assert isinstance(bucket(Missing()), Blocked)


def test_a_layer_for_another_architecture_blocks() -> None:
    found = Found({"arn": LAYER, "runtimes": [], "architectures": ["arm64"]})
    assert isinstance(layer(found), Blocked)
    assert isinstance(layer(found, architecture="arm64"), Proposed)


def test_a_bucket_without_an_end_to_old_versions_says_what_grows() -> None:
    name = "lambda-deployment-dev-x"
    resources: dict[Lookup, Resource] = {}
    told = []
    for expires in (False, True):
        resources[Lookup("bucket", "lambda-deployment-dev")] = Found(
            {"name": name, "versioning": None, "expires": expires}
        )
        function = a_function(resources=resources, code_size_bytes=100 * 2**20)
        options = DeploymentBucketVersioningOptions(bucket="lambda-deployment-{suffix}")
        (verdict,) = judge_bucket(function, Evidence(), options)
        assert isinstance(verdict, Proposed)
        told.append(verdict.reason)
    # 100 MB at 0.023 a GB.
    assert "100.0 MB, $0.0022 a month" in told[0] and "NoncurrentVersionExpiration" in told[0]
    assert "NoncurrentVersionExpiration" not in told[1]
