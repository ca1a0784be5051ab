"""CloudFormation and SAM: the template's own lines change, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.writeback.sources import because, diff, lay, of, want

SAM = """AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Memory: # of all
    Type: Number
    Default: 3008
  Stage:
    Type: String
    Default: dev
Globals:
  Function:
    Timeout: 300 # seconds
    Runtime: python3.12
Mappings:
  Sizes:
    dev:
      Retention: 365
    prod:
      Retention: 731
Resources:
  # the orders
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub orders-${Stage}
      MemorySize: !Ref Memory
      Layers:
        - !Ref Shared   # ours
  OrdersLogs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub '/aws/lambda/${Orders}'
      RetentionInDays: !FindInMap [Sizes, !Ref Stage, Retention]
  Billing:
    Type: AWS::Serverless::Function
    Properties: {MemorySize: 2048, Handler: index.handler}
  Shared:
    Type: AWS::Serverless::LayerVersion
"""
STACK = {"stack": "shop", "owner": "sam:shop"}
ORDERS = {**STACK, "logical_id": "Orders"}
BILLING = {**STACK, "logical_id": "Billing"}


def test_a_parameter_a_map_a_list_and_globals_are_followed(tmp_path: Path) -> None:
    lay(tmp_path, {"template.yaml": SAM})
    layer = "arn:aws:lambda:us-east-1:123456789012:layer:two:1"
    found = of(
        tmp_path,
        want("orders-dev", "memory_mb", 3008, 1024, **ORDERS),
        want("orders-dev", "timeout_s", 300, 30, **ORDERS),
        want("orders-dev", "layers", ["arn:one"], ["arn:one", layer], **ORDERS),
        want("orders-dev", "retention_days", 365, 7, **ORDERS),
        want("orders-dev", "dead_letter_arn", None, "arn:aws:sqs:us-east-1:123456789012:dlq", **ORDERS),
        want("shop-Billing-ABC", "memory_mb", 2048, 512, **BILLING),
    )
    assert found.document.not_edited == ()
    assert (
        diff(found)
        == """\
template.yaml: -    Default: 3008
template.yaml: +    Default: 1024
template.yaml: -      Retention: 365
template.yaml: +      Retention: 7
template.yaml: +        - "arn:aws:lambda:us-east-1:123456789012:layer:two:1"
template.yaml: +      Timeout: 30
template.yaml: +      DeadLetterQueue:
template.yaml: +        Type: SQS
template.yaml: +        TargetArn: "arn:aws:sqs:us-east-1:123456789012:dlq"
template.yaml: -    Properties: {MemorySize: 2048, Handler: index.handler}
template.yaml: +    Properties: {MemorySize: 512, Handler: index.handler}"""
    )


def test_globals_change_where_every_function_wants_the_same(tmp_path: Path) -> None:
    lay(tmp_path, {"template.yaml": SAM})
    found = of(
        tmp_path,
        want("orders-dev", "timeout_s", 300, 30, **ORDERS),
        want("shop-Billing-ABC", "timeout_s", 300, 30, **BILLING),
    )
    assert diff(found) == ("template.yaml: -    Timeout: 300 # seconds\ntemplate.yaml: +    Timeout: 30 # seconds")


def test_editing_twice_changes_nothing(tmp_path: Path) -> None:
    lay(tmp_path, {"template.yaml": SAM.replace("\n", "\r\n")})
    wanted = [
        want("orders-dev", "memory_mb", 3008, 1024, **ORDERS),
        want("orders-dev", "environment.KEY", None, "secretsmanager:key#value", **ORDERS),
        want("orders-dev", "environment.URL", None, "ssm:url", **ORDERS),
    ]
    first = of(tmp_path, *wanted)
    assert b"\n" not in first.texts["template.yaml"].replace(b"\r\n", b"")
    (tmp_path / "template.yaml").write_bytes(first.texts["template.yaml"])
    again = of(tmp_path, *wanted)
    assert again.texts == {} and len(again.document.already) == 3
    assert b"{{resolve:secretsmanager:key:SecretString:value}}" in first.texts["template.yaml"]
    assert first.texts["template.yaml"].count(b"Environment:") == 1


def test_a_shared_parameter_is_said_and_needs_shared(tmp_path: Path) -> None:
    lay(tmp_path, {"template.yaml": SAM.replace("MemorySize: 2048", "MemorySize: !Ref Memory")})
    wanted = want("orders-dev", "memory_mb", 3008, 1024, **ORDERS)
    found = of(tmp_path, wanted)
    assert found.texts == {} and "Billing.MemorySize" in because(found)[0]
    (left,) = found.document.not_edited
    assert (left.file, left.line, left.wanted) == ("template.yaml", 6, 1024)
    forced = of(tmp_path, wanted, shared=True)
    assert forced.document.edits[0].also_changes == ("Billing.MemorySize",)


def test_the_value_of_samconfig_wins_over_the_default(tmp_path: Path) -> None:
    config = (
        'version = 0.1\n[default.deploy.parameters]\nstack_name = "shop"\n'
        'parameter_overrides = "Stage=dev Memory=2048" # here\n[prod.deploy.parameters]\nstack_name = "other"\n'
        'parameter_overrides = ["Memory=1769"]\n'
    )
    lay(tmp_path, {"template.yaml": SAM, "samconfig.toml": config})
    found = of(tmp_path, want("orders-dev", "memory_mb", 2048, 1024, **ORDERS))
    assert diff(found).split("\n")[1] == 'samconfig.toml: +parameter_overrides = "Stage=dev Memory=1024" # here'
    other = of(tmp_path, want("orders-dev", "memory_mb", 1769, 1024, **{**ORDERS, "stack": "other"}))
    assert 'parameter_overrides = ["Memory=1024"]' in diff(other)


def test_a_template_in_json_keeps_its_layout(tmp_path: Path) -> None:
    text = """{
    "Resources": {
        "Orders": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "MemorySize": {"Fn::If": ["Big", 3008, 512]},
                "Timeout": "300",  "Handler": "é.handler"
            }
        }
    },
    "Conditions": {"Big": {"Fn::Equals": ["a", "a"]}}
}
"""
    lay(tmp_path, {"stack.json": text})
    found = of(
        tmp_path,
        want("shop-Orders-1", "memory_mb", 3008, 1024, **ORDERS),
        want("shop-Orders-1", "timeout_s", "300", 30, **ORDERS),
        want("shop-Orders-1", "reserved_concurrency", None, 5, **ORDERS),
    )
    assert found.document.not_edited == ()
    after = json.loads(found.texts["stack.json"])["Resources"]["Orders"]["Properties"]
    assert after["MemorySize"]["Fn::If"] == ["Big", 1024, 512]
    assert (after["Timeout"], after["ReservedConcurrentExecutions"]) == ("30", 5)
    assert len(diff(found).split("\n")) == 4


def test_a_group_that_a_stack_could_only_import_is_reported_with_its_block(tmp_path: Path) -> None:
    template = SAM.replace("OrdersLogs", "Other").replace("${Orders}", "other")
    lay(tmp_path, {"template.yaml": template})
    found = of(tmp_path, want("orders-dev", "retention_days", None, 7, **ORDERS))
    assert found.texts == {} and "import" in because(found)[0]
    new = of(tmp_path, want("orders-dev", "retention_days", None, 7, group_exists=False, **ORDERS))
    assert "RetentionInDays: 7" in diff(new)


def test_an_expression_that_cannot_be_followed_is_named_with_its_line(tmp_path: Path) -> None:
    lay(tmp_path, {"template.yaml": SAM.replace("!Ref Memory", "!ImportValue Memory")})
    found = of(tmp_path, want("orders-dev", "memory_mb", 3008, 1024, **ORDERS))
    (left,) = found.document.not_edited
    assert (left.file, left.line, left.wanted) == ("template.yaml", 26, 1024)


@pytest.mark.parametrize("size", [5_000_000])
def test_a_template_that_is_too_large_is_a_sentence(tmp_path: Path, size: int) -> None:
    lay(tmp_path, {"template.yaml": "Resources: # AWS::\n" + "# x\n" * (size // 4)})
    found = of(tmp_path, want("orders-dev", "memory_mb", 3008, 1024, **ORDERS))
    assert found.texts == {} and "template.yaml:1 has 5.0 MB" in because(found)[0]


def test_a_template_that_does_not_parse_leaves_the_others(tmp_path: Path) -> None:
    lay(tmp_path, {"template.yaml": SAM, "broken.yaml": "Resources:\n  a: [AWS::\n  b: }\n"})
    found = of(
        tmp_path,
        want("orders-dev", "memory_mb", 3008, 1024, **ORDERS),
        want("gone", "memory_mb", 3008, 1024, **{**STACK, "logical_id": "Gone"}),
    )
    assert len(found.document.edits) == 1 and "broken.yaml:3" in because(found)[0]


def test_a_key_without_a_value_ends_where_it_stands(tmp_path: Path) -> None:
    template = """Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          KEY:
  Other:
    Type: AWS::SNS::Topic
"""
    lay(tmp_path, {"template.yaml": template})
    found = of(tmp_path, want("orders-dev", "memory_mb", 128, 1024, **ORDERS))
    assert found.texts["template.yaml"].decode() == template.replace("KEY:\n", "KEY:\n      MemorySize: 1024\n")


def test_a_function_is_known_by_the_name_that_its_stack_gave_it(tmp_path: Path) -> None:
    lay(tmp_path, {"template.yaml": SAM})
    found = of(tmp_path, want("shop-Billing-1A2B3C4D5E6F", "memory_mb", 2048, 512))
    assert len(found.document.edits) == 1
    other = of(tmp_path, want("shop-Billings-1A2B3C4D5E6F", "memory_mb", 2048, 512))
    assert other.texts == {} and len(other.document.not_edited) == 1
