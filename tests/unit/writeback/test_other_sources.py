"""Serverless Framework, Pulumi's configuration and CDK's tree."""

from __future__ import annotations

import json
from pathlib import Path

from lambda_tailor.writeback.cdk import logical_id
from tests.unit.writeback.sources import because, diff, lay, of, want

SERVERLESS = """service: shop
custom:
  memory:
    dev: 3008
    prod: 4096
provider:
  name: aws
  stage: ${opt:stage, 'dev'}
  timeout: 300
functions:
  orders:
    handler: a.b
    memorySize: ${self:custom.memory.${sls:stage}} # by stage
  bill-ing:
    handler: a.c
    memorySize: 2048
"""


def _serverless(function: str, key: str) -> dict[str, str]:
    return {"stack": "shop-dev", "owner": "serverless:shop-dev", "logical_id": key}


def test_serverless_values_are_followed_into_custom_and_provider(tmp_path: Path) -> None:
    lay(tmp_path, {"serverless.yml": SERVERLESS})
    orders, billing = _serverless("o", "OrdersLambdaFunction"), _serverless("b", "BillDashingLambdaFunction")
    found = of(
        tmp_path,
        want("shop-dev-orders", "memory_mb", 3008, 1024, **orders),
        want("shop-dev-orders", "timeout_s", 300, 30, **orders),
        want("shop-dev-bill-ing", "memory_mb", 2048, 512, **billing),
        want("shop-dev-bill-ing", "retention_days", None, 7, **billing),
    )
    assert found.document.not_edited == ()
    assert (
        diff(found)
        == """\
serverless.yml: -    dev: 3008
serverless.yml: +    dev: 1024
serverless.yml: +    timeout: 30
serverless.yml: -    memorySize: 2048
serverless.yml: +    memorySize: 512
serverless.yml: +    logRetentionInDays: 7"""
    )


def test_what_provider_says_changes_where_all_functions_want_it(tmp_path: Path) -> None:
    lay(tmp_path, {"serverless.yml": SERVERLESS})
    found = of(
        tmp_path,
        want("shop-dev-orders", "timeout_s", 300, 30, **_serverless("o", "OrdersLambdaFunction")),
        want("shop-dev-bill-ing", "timeout_s", 300, 30, **_serverless("b", "BillDashingLambdaFunction")),
    )
    assert diff(found) == "serverless.yml: -  timeout: 300\nserverless.yml: +  timeout: 30"


def test_the_reference_stacks_keys_are_written_into_its_file(tmp_path: Path) -> None:
    stack = 'config:\n  aws:region: us-east-1 # here\n  lambda-tailor-reference:memorySize: "3008"\n'
    lay(tmp_path, {"Pulumi.yaml": "name: lambda-tailor-reference\nruntime: python\n", "Pulumi.dev.yaml": stack})
    found = of(
        tmp_path,
        want("lambda-function-dev", "memory_mb", 3008, 1024, owner="pulumi"),
        want("lambda-function-dev", "timeout_s", 300, 30, owner="pulumi"),
        want("lambda-function-dev", "error_rate_alarm", None, {"alarm": "a"}, owner="pulumi"),
        want("lambda-function-dev", "duration_alarm", None, {"alarm": "b"}, owner="pulumi"),
    )
    assert found.document.not_edited == ()
    assert (
        diff(found)
        == """\
Pulumi.dev.yaml: -  lambda-tailor-reference:memorySize: "3008"
Pulumi.dev.yaml: +  lambda-tailor-reference:memorySize: "1024"
Pulumi.dev.yaml: +  lambda-tailor-reference:timeout: "30"
Pulumi.dev.yaml: +  lambda-tailor-reference:alarms: "true\""""
    )


def test_another_pulumi_program_is_not_edited(tmp_path: Path) -> None:
    lay(tmp_path, {"Pulumi.yaml": "name: shop\n", "Pulumi.dev.yaml": "config: {}\n"})
    found = of(tmp_path, want("lambda-function-dev", "memory_mb", 3008, 1024, owner="pulumi"))
    assert found.texts == {} and "is not edited" in because(found)[0]


def test_cdk_is_told_the_construct_and_the_property(tmp_path: Path) -> None:
    # The pair as CDK itself makes it.
    assert logical_id(["MyBucket", "Resource"]) == "MyBucketF68F3FF0"
    name = logical_id(["Orders", "Handler", "Resource"])
    lambda_ = {
        "path": "Shop/Orders/Handler/Resource",
        "attributes": {"aws:cdk:cloudformation:type": "AWS::Lambda::Function"},
    }
    tree = {"tree": {"path": "", "children": {"Shop": {"path": "Shop", "children": {"Resource": lambda_}}}}}
    lay(tmp_path, {"cdk.json": "{}", "cdk.out/tree.json": json.dumps(tree)})
    found = of(tmp_path, want("Shop-x", "memory_mb", 3008, 1024, owner="cdk:Shop", stack="Shop", logical_id=name))
    (left,) = found.document.not_edited
    assert "set memorySize: 1024 on Shop/Orders/Handler" in left.because and left.file == "cdk.out/tree.json"
