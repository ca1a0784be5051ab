"""The real Terraform confirms it: after apply and write-back its plan says that nothing is left to change."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from scripts.write_back_demo import EXAMPLE, copy_of, environment, mirror

from tests.integration.conftest import Aws

pytestmark = [
    pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed"),
    pytest.mark.skipif(mirror() is None, reason="Terraform's AWS provider is not on this machine"),
]

# Many ways to write a value, in one configuration: deploying it takes as long as deploying one.
SHAPES = {
    "shapes.tf": """
locals {
  defaults = { memory = 3008, timeout = 300 }
  raw = {
    a = { memory = 3008, layers = [] } # first
    b = {
      memory  = 2048
      timeout = 200 // slow
      layers  = []
    }
  }
  merged = { for k, v in local.raw : k => merge({ extra = true }, v) }
  sizes  = [3008, 3008]
}

resource "aws_lambda_function" "each" {
  for_each      = local.merged
  function_name = "each-${each.key}"
  role          = aws_iam_role.function.arn
  filename      = local.archive
  handler       = "index.handler"
  runtime       = "python3.12"
  memory_size   = each.value.memory
  timeout       = lookup(each.value, "timeout", 300)
  layers        = concat([aws_lambda_layer_version.shared.arn], each.value.layers)
}

resource "aws_cloudwatch_log_group" "each" {
  for_each          = local.merged
  name              = "/aws/lambda/${aws_lambda_function.each[each.key].function_name}"
  retention_in_days = try(each.value.retention, 0)
}

resource "aws_lambda_function" "typed" {
  for_each      = var.typed
  function_name = "typed-${each.key}"
  role          = aws_iam_role.function.arn
  filename      = local.archive
  handler       = "index.handler"
  runtime       = "python3.12"
  memory_size   = each.value.memory
  timeout       = coalesce(each.value.timeout, 300)
  description   = <<-EOT
    memory_size = 3008
  EOT
}

resource "aws_lambda_function" "counted" {
  count         = 2
  function_name = "counted-${count.index}"
  role          = aws_iam_role.function.arn
  filename      = local.archive
  handler       = "index.handler"
  runtime       = "python3.12"
  memory_size   = local.sizes[count.index]
  dynamic "dead_letter_config" {
    for_each = var.dead_letters == null ? [] : [var.dead_letters]
    content {
      target_arn = dead_letter_config.value
    }
  }
}

module "outer" {
  source    = "./modules/outer"
  archive   = local.archive
  role_arn  = aws_iam_role.function.arn
  functions = yamldecode(file("${path.module}/functions.yaml"))
}

variable "typed" {
  type = map(object({
    memory  = optional(number, 3008)
    timeout = optional(number)
  }))
}

variable "dead_letters" {
  type    = string
  default = null
}
""",
    "typed.auto.tfvars.json": '{\n  "typed": {\n    "a": {},\n    "b": { "memory": 2048 }\n  }\n}\n',
    "functions.yaml": "inner-a:\n  memory: 3008   # big\n  timeout: 300\ninner-b:\n  memory: 1769\n",
    "modules/outer/main.tf": """variable "archive" {}
variable "role_arn" {}
variable "functions" { type = any }
module "inner" {
  for_each    = var.functions
  source      = "../function"
  name        = each.key
  archive     = var.archive
  role_arn    = var.role_arn
  memory_size = each.value.memory
  timeout     = try(each.value.timeout, 200)
}
""",
}
POLICY = """
rules:
  memory: {target_mb: 1024}
  timeout: {target_s: 30}
  log-retention: {days: 14}
  dead-letter-queue: {queue: shop-failed}
  shared-layer: {layer: shop-shared}
overrides:
  - {name: "*-b", rules: {memory: {target_mb: 512}, log-retention: {days: 7}, reserved-concurrency: {target: 3}}}
  - {name: "counted-1", rules: {memory: {target_mb: 512}, reserved-concurrency: {target: 2}}}
  - {name: "counted-*", rules: {timeout: {enabled: false}, log-retention: {enabled: false}}}
  - {name: "typed-*", rules: {log-retention: {enabled: false}}}
  - {name: "typed-a", rules: {timeout: {target_s: 60}}}
"""


@pytest.fixture
def deployed(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example with many shapes beside it, deployed by the real Terraform."""
    source = copy_of(EXAMPLE, tmp_path)
    for name, text in SHAPES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    (source / "policy.yaml").write_text(POLICY)
    settings = environment(tmp_path, aws.emulator.environment(aws.account))
    for name in ("TF_CLI_CONFIG_FILE", "CHECKPOINT_DISABLE"):
        if name in settings:
            monkeypatch.setenv(name, settings[name])
    terraform(source, settings, "init", "-input=false")
    terraform(source, settings, "apply", "-auto-approve", "-input=false")
    return source


def terraform(source: Path, settings: Mapping[str, str], *arguments: str) -> None:
    run = subprocess.run(
        ["terraform", *arguments], cwd=source, env=settings, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


def test_terraform_has_nothing_left_to_change(aws: Aws, deployed: Path) -> None:
    before = {
        p: p.read_text() for p in deployed.rglob("*") if p.suffix in (".tf", ".tfvars", ".json", ".yaml") and _own(p)
    }
    policy = str(deployed / "policy.yaml")
    applied = aws.json("apply", "--all", "--policy", policy, "--auto-approve")
    assert applied["summary"]["applied"] > 40 and not applied["summary"]["failed"]
    done = aws.json("write-back", "latest", "--source", str(deployed), "--write", "--check", exit_code=None)
    assert done["not_edited"] == []
    assert len(done["edits"]) == applied["summary"]["applied"]
    (check,) = done["checks"]
    assert check["clean"], check["left"]
    for path, text in before.items():
        after = path.read_text()
        assert _comments(after) == _comments(text), path
    again = aws.json("write-back", "latest", "--source", str(deployed))
    assert again["edits"] == [] and len(again["already"]) == len(done["edits"])


def _own(path: Path) -> bool:
    return ".terraform" not in path.parts and "tfstate" not in path.name


def _comments(text: str) -> list[str]:
    marks = ("#", "//")
    return [
        line[line.index(mark) :] for line in text.splitlines() for mark in marks if mark in line and '"' not in line
    ]


def test_drift_that_is_left_is_reported(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a state of AWS's own: one queue, deployed, then changed by hand."""
    source = tmp_path / "source"
    source.mkdir()
    main = 'provider "aws" {\n  region = "us-east-1"\n}\nresource "aws_sqs_queue" "q" {\n  name = "q"\n}\n'
    (source / "main.tf").write_text(main)
    settings: dict[str, Any] = environment(tmp_path, aws.emulator.environment(aws.account))
    monkeypatch.setattr(os, "environ", {**os.environ, **settings})
    terraform(source, settings, "init", "-input=false")
    from lambda_tailor.writeback.checking import check
    from lambda_tailor.writeback.files import Tree

    tree = Tree(source)
    (found,) = check(tree, {}, [tree.root], written=False)
    assert not found.clean and found.left == ("create aws_sqs_queue.q",)
