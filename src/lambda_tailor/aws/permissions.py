"""Which IAM actions reading takes; each reader declares its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lambda_tailor.aws import accounts, inventory
from lambda_tailor.aws.accounts import ScopeSelection
from lambda_tailor.aws.evidence import EvidenceOptions, actions_for
from lambda_tailor.aws.lookups import all_kinds
from lambda_tailor.aws.lookups.kind import MANY
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.function import Lookup


def read_actions(
    lookups: Iterable[Lookup], evidence: EvidenceOptions, *, listed: bool, all_regions: bool = False
) -> frozenset[Action]:
    """The actions that making a plan takes, which looks up these needs and reads this evidence.

    ``listed`` tells that functions are chosen from a listing, so that there may be many.
    """
    by_kind: dict[str, set[str]] = {}
    for lookup in lookups:
        by_kind.setdefault(lookup.kind, set()).add(lookup.name)
    actions = {*(inventory.LISTED_ACTIONS if listed else inventory.NAMED_ACTIONS), *actions_for(evidence)}
    if all_regions:
        actions |= {*accounts.ALL_REGIONS_ACTIONS}
    for kind, names in by_kind.items():
        reader = all_kinds()[kind]
        actions |= {*reader.actions, *(reader.listing if listed or len(names) >= MANY else ())}
    return frozenset(actions)


def arn_names(lookups: Iterable[Lookup]) -> Mapping[str, set[str]]:
    """The names that stand for each field of the ARN templates of these lookups' actions."""
    names: dict[str, set[str]] = {}
    for lookup in lookups:
        for part, found in all_kinds()[lookup.kind].names_in_arns(lookup.name).items():
            names.setdefault(part, set()).update(found)
    return names


def reaching_actions(selection: ScopeSelection) -> frozenset[Action]:
    """The actions that the credentials need to come to other accounts; what is done there, their roles are for."""
    listing = accounts.ORGANIZATION_ACTIONS if selection.organization_role else ()
    return frozenset({*accounts.ASSUME_ACTIONS, *listing})
