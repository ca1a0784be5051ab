"""The commands that set up: the rule catalogue, policies, schemas, IAM policies, prices."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lambda_tailor import documents
from lambda_tailor.cli.arguments import Arguments
from lambda_tailor.errors import BadInput, PolicyError
from lambda_tailor.model.diagnosis import Diagnosis
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.realized import Realized
from lambda_tailor.model.run import Run, Runs, Verification
from lambda_tailor.model.tuning import Tunings
from lambda_tailor.policy import file as policy_file
from lambda_tailor.policy import template as policy_template
from lambda_tailor.policy.document import policy_schema
from lambda_tailor.report.terminal import Terminal
from lambda_tailor.rules import all_rules

# What ``--json`` prints, by the name that its schema is asked for with.
DOCUMENTS: Mapping[str, type[Any]] = {
    "plan": Plan, "run": Run, "runs": Runs, "verify": Verification, "realized": Realized, "explain": Explanation,
    "doctor": Diagnosis, "tune": Tunings,
}  # fmt: skip


def refresh_prices(asked: Arguments) -> None:
    """Write the Price List's prices into the user's price file.

    Raises BadInput where no region is known or the file cannot be written, and what AWS refuses.
    """
    from lambda_tailor.aws.price_list import PRICE_LIST_REGION, price_client, refresh
    from lambda_tailor.money.prices import refreshed_path

    client, own_region = price_client(asked.options().connection())
    regions = tuple(asked.get("regions", ())) or ((own_region,) if own_region else ())
    if not regions:
        raise BadInput(f"No region is known: give --region, such as {PRICE_LIST_REGION}.")
    summary = refresh(client, regions, refreshed_path())
    Terminal().prices(summary.path, summary.prices, summary.missing)


def iam_policy(asked: Arguments, *, writes: bool) -> Mapping[str, Any]:
    """The least-privilege IAM policy document, with what signing with a KMS key takes where one is named."""
    _check_places(asked.get("account", "*"), asked.get("regions", ()))
    made = _iam_policy(asked, writes=writes)
    key = asked.get("kms_key")
    if key is None:
        return made
    from lambda_tailor.aws.team_key import ACTIONS
    from lambda_tailor.planning.least_privilege import Coverage, with_key

    regions = tuple(dict.fromkeys(asked.get("regions", ()))) or ("*",)
    return with_key(made, ACTIONS, key, Coverage(account=asked.get("account", "*"), regions=regions))


def _check_places(account: str, regions: Sequence[str]) -> None:
    """A policy of ARNs that name nothing would grant nothing, and nobody would see why.

    Raises BadInput.
    """
    if account != "*" and not re.fullmatch(r"\d{12}", account, re.ASCII):
        raise BadInput(f"--account takes an account's 12 digits, not {account!r}.")
    for region in regions:
        if region != "*" and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d{1,2}", region, re.ASCII):
            raise BadInput(f"--region takes a region such as eu-west-1, not {region!r}.")


def _iam_policy(asked: Arguments, *, writes: bool) -> Mapping[str, Any]:
    """The policy for the functions; the whole account's where no target is given.

    With roles it is what assuming them takes: what they do there is printed without them.
    """
    from lambda_tailor.aws.permissions import arn_names, reaching_actions, read_actions
    from lambda_tailor.planning.least_privilege import Coverage, Reading, Wanted, document, entrance
    from lambda_tailor.rollout import permissions as rollout
    from lambda_tailor.tuning import permissions as tuning

    options = asked.options()
    selection = options.scopes()
    if selection.elsewhere:
        roles = selection.roles() or (f"arn:*:iam::*:role/{selection.organization_role}",)
        return entrance(reaching_actions(selection), roles)
    if not options.chooses and options.environment_suffix is None:
        options = replace(options, all_functions=True)
    target, evidence = options.target(), options.evidence()

    def reads(wanted: Wanted) -> Reading:
        wanted_evidence = replace(evidence, readings=frozenset(wanted.readings))
        actions = read_actions(
            wanted.lookups, wanted_evidence, listed=not target.named, all_regions=selection.all_regions
        )
        return Reading(actions, arn_names(wanted.lookups))

    names = target.named or (target.pattern or "*",)
    regions = tuple(dict.fromkeys(options.regions or ("*",)))
    coverage = Coverage(suffix=target.suffix, names=names, account=asked.get("account", "*"), regions=regions)
    more = [m for name, m in (("guard", rollout), ("tune", tuning)) if writes and asked.get(name)]
    extra = ([a for m in more for a in m.READ_ACTIONS], [a for m in more for a in m.WRITE_ACTIONS]) if more else None
    return document(options.chosen_policy(), coverage, reads, writes=writes, guard=extra)


def show_rules(asked: Arguments, rule_id: str | None) -> None:
    """The catalogue, or one rule.

    Raises BadInput where there is none of that id.
    """
    if rule_id is not None and rule_id not in all_rules():
        raise BadInput(f"There is no rule {rule_id!r}: see 'lambda-tailor rules'.")
    chosen = [rule for rule in all_rules().values() if rule_id in (None, rule.id)]
    if asked.as_json:
        print(json.dumps([_rule_document(rule) for rule in chosen], indent=2))
    else:
        Terminal().rules(chosen, whole=rule_id is not None)


def show_schema(document: str) -> None:
    """A document's JSON Schema."""
    wanted = policy_schema() if document == "policy" else documents.schema(DOCUMENTS[document])
    print(json.dumps(wanted, indent=2))


def init_policy(preset: str, out: str | None, *, force: bool) -> None:
    """Write a preset out as a commented policy file, with the schema for editors beside it; or print it.

    Raises BadInput where that would overwrite something else, PolicyError where there is no such
    preset, and PlanFileError where nothing can be written there.
    """
    text = policy_template.policy_text(policy_file.load_preset(preset))
    if out is None:
        print(text, end="")
        return
    written = {
        Path(out): text,
        Path(out).with_name(policy_template.SCHEMA_FILE): policy_template.schema_text(policy_schema()),
    }
    for path, content in written.items():
        if not force and path.exists() and path.read_bytes() != content.encode():
            raise BadInput(f"{path} is there already: give --force to overwrite it, or another --out.")
    for path, content in written.items():
        documents.write_file(str(path), (content.encode(),), "The policy")
        print(f"Written: {path}", file=sys.stderr)


def check_policy(file: str) -> int:
    """Say that a policy file is well formed and which of its exceptions are over, or all that is wrong; the code.

    Raises PolicyError where it cannot be read at all.
    """
    if complaints := policy_file.complaints_about(Path(file)):
        print("\n".join(complaints), file=sys.stderr)
        return PolicyError.exit_code
    policy = policy_file.load_policy(Path(file))
    print(f"{file} is well formed: {', '.join(policy.enabled) or 'no rules'}.")
    for match, origin in policy.ended:
        print(f"{origin}: the exception for {match} ended on {match.until} and holds no more ({match.because}).")
    return 0


def _rule_document(rule: Any) -> dict[str, Any]:
    options = rule.options.model_json_schema().get("properties", {})
    return {"id": rule.id, "title": rule.title, "why": rule.why, "source": rule.source, "options": options}
