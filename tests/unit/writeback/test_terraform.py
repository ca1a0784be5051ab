"""Terraform: values are followed to where they are written, and only their bytes change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.engine import Proposal
from lambda_tailor.writeback.files import write
from lambda_tailor.writeback.terraform import source
from tests.unit.writeback.sources import because, diff, function, lay, log_group, of, resource, state, want

MEMORY = want("orders", "memory_mb", 3008, 1024)


def _block(body: str, label: str = "f") -> str:
    return f'resource "aws_lambda_function" "{label}" {{\n{body}}}\n'


def _changed(tmp_path: Path, files: dict[str, str], *resources: object, shared: bool = False) -> Proposal:
    return of(lay(tmp_path, {**files, "terraform.tfstate": state(*resources)}), MEMORY, shared=shared)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "rest", "before", "after"),
    [
        ("3008", {}, "main.tf", "1024"),
        ('"3008"', {}, "main.tf", '"1024"'),
        ("(3008)", {}, "main.tf", "(1024)"),
        ("var.m", {"v.tf": 'variable "m" { default = 3008 }\n'}, "v.tf", 'variable "m" { default = 1024 }'),
        ("local.m", {"l.tf": "locals { m = 3008 }\n"}, "l.tf", "locals { m = 1024 }"),
        ("local.all.m", {"l.tf": "locals {\n  all = { m = 3008 } # all\n}\n"}, "l.tf", "  all = { m = 1024 } # all"),
        ("coalesce(null, 3008)", {}, "main.tf", "coalesce(null, 1024)"),
        ('lookup({}, "m", 3008)', {}, "main.tf", 'lookup({}, "m", 1024)'),
        ("try(var.nothing.m, 3008)", {"v.tf": 'variable "nothing" { default = {} }\n'}, "main.tf", "1024"),
        ('true ? 3008 : 512', {}, "main.tf", "true ? 1024 : 512"),
        ('"${var.m}"', {"v.tf": 'variable "m" { default = 3008 }\n'}, "v.tf", "1024"),
        ('var.sizes["big"]', {"v.tf": 'variable "sizes" { default = { big = 3008 } }\n'}, "v.tf", "big = 1024"),
        ('[for s in [3008] : s][0]', {}, "main.tf", "[for s in [1024] : s][0]"),
        ('jsondecode(file("s.json")).m', {"s.json": '{ "m": 3008, "n": 1 }\n'}, "s.json", '{ "m": 1024, "n": 1 }'),
        ('yamldecode(file("s.yaml")).m', {"s.yaml": "m: 3008 # much\n"}, "s.yaml", "m: 1024 # much"),
        ("merge({ m = 1 }, { m = 3008 }).m", {}, "main.tf", "merge({ m = 1 }, { m = 1024 }).m"),
    ],
)  # fmt: skip
def test_an_expression_is_followed_to_its_value(
    tmp_path: Path, written: str, rest: dict[str, str], before: str, after: str
) -> None:
    files = {"main.tf": _block(f"  memory_size = {written} # why\n"), **rest}
    found = _changed(tmp_path, files, function("orders"))
    lines = diff(found).split("\n")
    assert len(lines) == 2 and lines[0].startswith(f"{before}: -") and after in lines[1]
    assert found.document.edits[0].file == before


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"terraform.tfvars": "m = 3008\n"}, "terraform.tfvars"),
        ({"terraform.tfvars": "m = 1\n", "terraform.tfvars.json": '{"m": 3008}'}, "terraform.tfvars.json"),
        ({"terraform.tfvars.json": '{"m": 1}', "a.auto.tfvars": "m = 3008\n"}, "a.auto.tfvars"),
        ({"a.auto.tfvars": "m = 1\n", "b.auto.tfvars.json": '{"m": 3008}'}, "b.auto.tfvars.json"),
        ({"env/dev.tfvars": "m = 3008\nstage = 1\n", "env/prod.tfvars": "m = 512\n"}, "env/dev.tfvars"),
    ],
)
def test_variables_come_from_where_terraform_takes_them(tmp_path: Path, files: dict[str, str], where: str) -> None:
    main = 'variable "m" { type = number }\n' + _block('  function_name = "orders"\n  memory_size = var.m\n')
    found = _changed(tmp_path, {"main.tf": main, **files}, function("orders"))
    assert [(e.file, e.line) for e in found.document.edits] == [(where, 1)]


def test_the_environment_is_named_where_it_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_m", "3008")
    main = 'variable "m" { default = 1 }\n' + _block("  memory_size = var.m\n")
    found = _changed(tmp_path, {"main.tf": main}, function("orders"))
    (left,) = found.document.not_edited
    assert (left.file, left.line, left.wanted) == ("main.tf", 3, 1024)


MODULE = {
    "fn/main.tf": 'variable "name" {}\nvariable "memory" {\n  default = 3008\n}\n'
    + _block("  function_name = var.name\n  memory_size   = var.memory\n")
}


def test_a_modules_input_is_edited_at_its_call(tmp_path: Path) -> None:
    main = 'module "a" {\n  source = "./fn"\n  name   = "orders"\n  memory = 3008\n}\n'
    found = _changed(tmp_path, {"main.tf": main, **MODULE}, function("orders", module="module.a"))
    assert diff(found) == "main.tf: -  memory = 3008\nmain.tf: +  memory = 1024"


def test_a_default_that_others_take_is_given_at_the_call_instead(tmp_path: Path) -> None:
    main = "".join(f'module "{n}" {{\n  source = "./fn"\n  name   = "{n}"\n}}\n' for n in ("orders", "other"))
    found = _changed(
        tmp_path, {"main.tf": main, **MODULE},
        function("orders", module="module.orders"), function("other", module="module.other"),
    )  # fmt: skip
    assert diff(found) == "main.tf: +  memory = 1024"


def test_a_module_that_another_root_uses_is_not_changed_behind_its_back(tmp_path: Path) -> None:
    files = {name.replace("fn/", "modules/fn/"): text for name, text in MODULE.items()}
    for stage in ("dev", "prod"):
        files[f"{stage}/main.tf"] = f'module "a" {{\n  source = "../modules/fn"\n  name   = "{stage}"\n}}\n'
    lay(tmp_path, {**files, "dev/terraform.tfstate": state(function("orders", module="module.a"))})
    found = of(tmp_path, MEMORY)
    assert diff(found) == "dev/main.tf: +  memory = 1024"


TWO = (
    _block("  memory_size = var.m\n")
    + _block('  function_name = "other"\n  memory_size = var.m\n', "g")
    + 'variable "m" { default = 3008 }\n'
)


def test_a_shared_value_is_said_and_needs_shared(tmp_path: Path) -> None:
    deployed = function("orders"), function("other", "g")
    found = _changed(tmp_path, {"main.tf": TWO}, *deployed)
    assert found.texts == {} and "aws_lambda_function.g.memory_size" in because(found)[0]
    forced = _changed(tmp_path, {"main.tf": TWO}, *deployed, shared=True)
    assert forced.document.edits[0].also_changes == ("aws_lambda_function.g.memory_size of other",)
    assert forced.document.edits[0].line == 8


def test_a_shared_value_that_all_want_is_changed_once(tmp_path: Path) -> None:
    lay(tmp_path, {"main.tf": TWO, "terraform.tfstate": state(function("orders"), function("other", "g"))})
    found = of(tmp_path, MEMORY, want("other", "memory_mb", 3008, 1024))
    assert len(diff(found).split("\n")) == 2 and len(found.document.edits) == 2


def test_a_providers_default_tags_count_as_sharing(tmp_path: Path) -> None:
    main = _block("  memory_size = var.m\n") + 'variable "m" { default = 3008 }\n'
    tags = 'provider "aws" {\n  default_tags { tags = { size = var.m } }\n}\n'
    found = _changed(tmp_path, {"main.tf": main + tags}, function("orders"))
    assert found.texts == {} and "provider.aws" in because(found)[0]


EACH = """locals {
  functions = {
    orders = { memory = 3008 } # first
    bills = {
      memory  = 2048
      timeout = 300 # s
    }
  }
}
resource "aws_lambda_function" "f" {
  for_each      = local.functions
  function_name = each.key
  memory_size   = each.value.memory
}
"""


def _each(tmp_path: Path, text: str, *wanted: object) -> Proposal:
    deployed = state(function("orders", key="orders"), function("bills", key="bills", memory_size=2048))
    return of(lay(tmp_path, {"main.tf": text, "terraform.tfstate": deployed}), *wanted)  # type: ignore[arg-type]


def test_for_each_leads_into_the_maps_entry(tmp_path: Path) -> None:
    found = _each(tmp_path, EACH, MEMORY, want("bills", "memory_mb", 2048, 512))
    assert (
        diff(found)
        == """\
main.tf: -    orders = { memory = 3008 } # first
main.tf: +    orders = { memory = 1024 } # first
main.tf: -      memory  = 2048
main.tf: +      memory  = 512"""
    )


def test_instances_that_want_different_values_get_an_attribute_of_the_map(tmp_path: Path) -> None:
    found = _each(tmp_path, EACH, want("orders", "reserved_concurrency", None, 5))
    assert (
        diff(found)
        == """\
main.tf: -    orders = { memory = 3008 } # first
main.tf: +    orders = { memory = 3008, reserved_concurrent_executions = 5 } # first
main.tf: +  reserved_concurrent_executions = try(each.value.reserved_concurrent_executions, null)"""
    )


def test_a_value_that_follows_from_the_name_is_an_expression_of_it(tmp_path: Path) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:dlq-"
    wanted = [want(name, "dead_letter_arn", None, queue + name) for name in ("orders", "bills")]
    found = _each(tmp_path, EACH, *wanted)
    assert f'+    target_arn = "{queue}${{each.key}}"' in diff(found)


def test_a_typed_map_gets_the_attribute_in_its_type(tmp_path: Path) -> None:
    text = """variable "fs" {
  type = map(object({
    memory = optional(number, 3008)
  }))
  default = {
    orders = {}
    bills  = { memory = 2048 }
  }
}
resource "aws_lambda_function" "f" {
  for_each    = var.fs
  memory_size = each.value.memory
}
"""
    found = _each(tmp_path, text, MEMORY, want("orders", "timeout_s", 300, 30), want("bills", "timeout_s", 300, 60))
    assert (
        diff(found)
        == """\
main.tf: -    memory = optional(number, 3008)
main.tf: +    memory = optional(number, 1024)
main.tf: +    timeout = optional(number)
main.tf: -    orders = {}
main.tf: -    bills  = { memory = 2048 }
main.tf: +    orders = { timeout = 30 }
main.tf: +    bills  = { memory = 2048, timeout = 60 }
main.tf: +  timeout     = each.value.timeout"""
    )


ARN = "arn:aws:lambda:us-east-1:123456789012:layer:shared:1"


def test_absent_attributes_are_added_in_the_style_around(tmp_path: Path) -> None:
    main = (
        'resource "aws_lambda_function" "f" {\r\n\tfunction_name = "orders" # name\r\n\ttimeout       = 300\r\n'
        "\r\n\tenvironment {\r\n\t\tvariables = {}\r\n\t}\r\n}\r\n"
        'resource "aws_lambda_layer_version" "s" {}\r\nresource "aws_cloudwatch_log_group" "f" {\r\n'
        '\tname = "/aws/lambda/orders"\r\n}\r\n'
    )
    layer = resource("aws_lambda_layer_version", "s", {"arn": ARN})
    lay(tmp_path, {"main.tf": main, "terraform.tfstate": state(function("orders"), log_group("orders"), layer)})
    found = of(
        tmp_path,
        want("orders", "memory_mb", 128, 1024),
        want("orders", "reserved_concurrency", None, 5),
        want("orders", "layers", [], [ARN]),
        want("orders", "dead_letter_arn", None, "arn:aws:sqs:us-east-1:123456789012:q"),
        want("orders", "tracing", "PassThrough", "Active"),
        want("orders", "retention_days", None, 7),
    )
    assert found.document.not_edited == ()
    assert (
        diff(found).replace("\r", "")
        == """\
main.tf: +\tmemory_size   = 1024
main.tf: +\tlayers        = [aws_lambda_layer_version.s.arn]
main.tf: +\t}
main.tf: +\treserved_concurrent_executions = 5
main.tf: +\tdead_letter_config {
main.tf: +\t\ttarget_arn = "arn:aws:sqs:us-east-1:123456789012:q"
main.tf: +\t}
main.tf: +\ttracing_config {
main.tf: +\t\tmode = "Active"
main.tf: +\tretention_in_days = 7"""
    )
    assert found.texts["main.tf"].count(b"\r\n") == found.texts["main.tf"].count(b"\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["a"]', f'["a", "{ARN}"]'),
        ('["a",]', f'["a", "{ARN}",]'),
        ('[\n    "a", # one\n  ]', f'[\n    "a", # one\n    "{ARN}",\n  ]'),
        ('[\n    "a" # one\n  ]', f'[\n    "a", # one\n    "{ARN}"\n  ]'),
        ('concat(["a"], [])', f'concat(["a"], ["{ARN}"])'),
    ],
)
def test_a_list_grows_and_keeps_its_layout(tmp_path: Path, before: str, after: str) -> None:
    lay(tmp_path, {"main.tf": _block(f"  layers = {before}\n"), "terraform.tfstate": state(function("orders"))})
    found = of(tmp_path, want("orders", "layers", ["a"], ["a", ARN]))
    assert found.texts["main.tf"].decode() == _block(f"  layers = {after}\n")


def test_a_log_group_without_a_resource_gets_one_and_its_import(tmp_path: Path) -> None:
    lay(tmp_path, {"main.tf": _block("  timeout = 3\n"), "terraform.tfstate": state(function("orders"))})
    wanted = want("orders", "retention_days", None, 7, group_exists=True)
    found = of(tmp_path, wanted)
    text = found.texts["main.tf"].decode()
    assert (
        '  name              = "/aws/lambda/${aws_lambda_function.f.function_name}"\n  retention_in_days = 7\n' in text
    )
    assert 'import {\n  to = aws_cloudwatch_log_group.f\n  id = "/aws/lambda/orders"\n}\n' in text
    write(found.tree, found.texts)
    assert of(tmp_path, wanted).texts == {}


def test_what_ignore_changes_covers_is_left(tmp_path: Path) -> None:
    body = "  memory_size = 3008\n  lifecycle {\n    ignore_changes = [memory_size]\n  }\n"
    found = _changed(tmp_path, {"main.tf": _block(body)}, function("orders"))
    assert found.texts == {} and "ignore_changes" in because(found)[0]


def test_a_value_that_another_hand_changed_is_left(tmp_path: Path) -> None:
    found = _changed(tmp_path, {"main.tf": _block("  memory_size = 2048\n")}, function("orders"))
    assert found.texts == {} and "2048" in because(found)[0]


def test_arithmetic_is_reported_with_its_line_and_the_value(tmp_path: Path) -> None:
    found = _changed(tmp_path, {"main.tf": _block("  memory_size = 47 * 64\n")}, function("orders"))
    (left,) = found.document.not_edited
    assert (left.file, left.line, left.wanted) == ("main.tf", 2, 1024)


# Bad input: a sentence, and the others go on.


def test_no_state_and_the_state_of_another_account_are_told(tmp_path: Path) -> None:
    lay(tmp_path, {"main.tf": _block("  memory_size = 3008\n")})
    assert "terraform state pull" in because(of(tmp_path, MEMORY))[0]
    other = state(function("orders")).replace("123456789012", "999999999999")
    lay(tmp_path, {"terraform.tfstate": other})
    assert "account 999999999999" in because(of(tmp_path, MEMORY))[0]


@pytest.mark.parametrize("text", ["", "[]", '{"version": 3}', '{"version": 4, "resources": [1]}'])
def test_a_damaged_state_is_one_sentence(tmp_path: Path, text: str) -> None:
    lay(tmp_path, {"main.tf": "", "s.json": text})
    with pytest.raises(BadInput, match="state"):
        of(tmp_path, MEMORY, state=tmp_path / "s.json")


def test_a_remote_module_is_edited_at_its_call_and_never_in_its_copy(tmp_path: Path) -> None:
    main = 'module "a" {\n  source = "acme/fn/aws"\n  name   = "orders"\n  memory = 3008\n}\n'
    lay(tmp_path, {"main.tf": main, "terraform.tfstate": state(function("orders", module="module.a"))})
    assert "main.tf:1 is not on this machine" in because(of(tmp_path, MEMORY))[0]
    manifest = json.dumps({"Modules": [{"Key": "a", "Source": "x", "Dir": ".terraform/modules/a"}]})
    copy = {name.replace("fn/", ".terraform/modules/a/"): text for name, text in MODULE.items()}
    lay(tmp_path, {**copy, ".terraform/modules/modules.json": manifest})
    assert diff(of(tmp_path, MEMORY)) == "main.tf: -  memory = 3008\nmain.tf: +  memory = 1024"
    lay(tmp_path, {"main.tf": main.replace("  memory = 3008\n", "")})
    assert diff(of(tmp_path, MEMORY)) == "main.tf: +  memory = 1024"


def test_a_generated_file_is_left(tmp_path: Path) -> None:
    text = "# Generated by a tool. DO NOT EDIT.\n" + _block("  memory_size = 3008\n")
    found = _changed(tmp_path, {"main.tf": text}, function("orders"))
    assert found.texts == {} and "generated" in because(found)[0]


def test_a_read_only_file_is_left(tmp_path: Path) -> None:
    lay(tmp_path, {"main.tf": _block("  memory_size = 3008\n"), "terraform.tfstate": state(function("orders"))})
    (tmp_path / "main.tf").chmod(0o444)
    assert "read-only" in because(of(tmp_path, MEMORY))[0]


def test_a_link_out_of_the_folder_is_not_followed_by_an_edit(tmp_path: Path) -> None:
    outside = lay(tmp_path / "outside", {"main.tf": _block("  memory_size = 3008\n")})
    inside = lay(tmp_path / "inside", {"terraform.tfstate": state(function("orders"))})
    (inside / "main.tf").symlink_to(outside / "main.tf")
    found = of(inside, MEMORY)
    assert found.texts == {} and "outside of the source's folder" in because(found)[0]


def test_hcl_that_does_not_parse_names_its_line_and_leaves_the_others(tmp_path: Path) -> None:
    files = {"main.tf": _block("  memory_size = 3008\n"), "broken.tf": _block("  memory_size =\n", "g")}
    lay(tmp_path, {**files, "terraform.tfstate": state(function("orders"), function("other", "g"))})
    found = of(tmp_path, MEMORY, want("other", "memory_mb", 3008, 1024))
    assert len(found.document.edits) == 1 and "broken.tf:2 does not parse" in because(found)[0]


def test_an_edit_that_does_not_give_what_is_wanted_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = source.splices

    def wrongly(tree: Any, site: Any, value: Any, known: Any) -> Any:
        return real(tree, site, value + 1, known)

    monkeypatch.setattr(source, "splices", wrongly)
    found = _changed(tmp_path, {"main.tf": _block("  memory_size = 3008\n")}, function("orders"))
    assert found.texts == {} and len(found.document.not_edited) == 1
    assert found.document.edits == ()


def test_a_file_that_changed_since_it_was_read_is_not_written_nor_any_other(tmp_path: Path) -> None:
    files = {"a.tf": _block("  memory_size = var.m\n"), "v.tf": 'variable "m" { default = 3008 }\n'}
    found = _changed(tmp_path, {**files, "b.tf": _block("  timeout = 3\n", "g")}, function("orders"))
    (tmp_path / "v.tf").write_text("# another hand\n")
    with pytest.raises(BadInput, match=r"v\.tf changed"):
        write(found.tree, found.texts)
    assert (tmp_path / "v.tf").read_text() == "# another hand\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tf", "b.tf", "terraform.tfstate", "v.tf"]


def test_a_secret_becomes_a_reference_and_its_data_source(tmp_path: Path) -> None:
    body = '  environment {\n    variables = {\n      LEVEL = "INFO" # loud\n      OLD   = "s3cret"\n    }\n  }\n'
    lay(tmp_path, {"main.tf": _block(body), "terraform.tfstate": state(function("orders"))})
    wanted = [
        want("orders", "environment.DATABASE_URL", None, "secretsmanager:db-url#url"),
        want("orders", "environment.API_KEY", None, "secret-arn:api-key"),
        want("orders", "environment.OLD", "(set)", "ssm:/shop/old"),
    ]
    found = of(tmp_path, *wanted)
    assert (
        diff(found)
        == """\
main.tf: +      DATABASE_URL = jsondecode(data.aws_secretsmanager_secret_version.db_url.secret_string)["url"]
main.tf: +      API_KEY = data.aws_secretsmanager_secret.api_key.arn
main.tf: +data "aws_secretsmanager_secret_version" "db_url" {
main.tf: +  secret_id = "db-url"
main.tf: +}
main.tf: +
main.tf: +data "aws_secretsmanager_secret" "api_key" {
main.tf: +  name = "api-key"
main.tf: +}
main.tf: +"""
    )
    (left,) = found.document.not_edited
    assert left.wanted == "data.aws_ssm_parameter.old.value" and "s3cret" not in str(found.document)
    write(found.tree, found.texts)
    again = of(tmp_path, *wanted)
    assert again.texts == {} and len(again.document.already) == 2


def test_what_the_plan_makes_is_told_with_the_block_to_write(tmp_path: Path) -> None:
    lay(tmp_path, {"main.tf": _block("  timeout = 3\n"), "terraform.tfstate": state(function("orders"))})
    queue = "arn:aws:sqs:us-east-1:123456789012:lambda-dlq-dev"
    alarm = {"alarm": "lambda-duration-dev", "Threshold": 20000.0, "MetricName": "Duration", "Period": 300}
    found = of(
        tmp_path,
        want("orders", "dead_letter_arn", None, queue, makes="lambda-dlq-dev"),
        want("orders", "duration_alarm", None, alarm),
    )
    assert 'resource "aws_sqs_queue" "lambda_dlq_dev" {' in found.document.to_own[0].block
    (left,) = found.document.not_edited
    assert "  threshold = 20000\n" in str(left.wanted) and left.file == "main.tf"


def test_a_call_with_instances_that_want_different_values_gets_a_value_for_each(tmp_path: Path) -> None:
    main = 'module "a" {\n  for_each = toset(["orders", "bills"])\n  source   = "./fn"\n  name     = each.key\n}\n'
    deployed = [function(n, module=f'module.a["{n}"]') for n in ("orders", "bills")]
    lay(tmp_path, {"main.tf": main, **MODULE, "terraform.tfstate": state(*deployed)})
    found = of(tmp_path, MEMORY, want("bills", "memory_mb", 3008, 512))
    assert diff(found) == "main.tf: +  memory   = { bills = 512, orders = 1024 }[each.key]"
    # The others keep the module's own default, not Lambda's.
    one = of(tmp_path, MEMORY)
    assert diff(one) == "main.tf: +  memory   = lookup({ orders = 1024 }, each.key, 3008)"


def test_elements_that_only_terraform_knows_stay_as_they_are(tmp_path: Path) -> None:
    lay(tmp_path, {"main.tf": _block("  layers = [data.x.y.arn]\n"), "terraform.tfstate": state(function("orders"))})
    found = of(tmp_path, want("orders", "layers", ["arn:old"], ["arn:old", ARN]))
    assert diff(found).split("\n")[1] == f'main.tf: +  layers = [data.x.y.arn, "{ARN}"]'


def test_values_that_do_not_parse_are_told_and_leave_the_others(tmp_path: Path) -> None:
    files = {"main.tf": _block("  memory_size = 3008\n"), "terraform.tfvars": "m = [\n"}
    found = _changed(tmp_path, files, function("orders"))
    assert len(found.document.edits) == 1 and "terraform.tfvars:1 does not parse" in found.document.notes[0]
