"""Plans that the team's key vouches for: signed where they are made, verified before they are believed."""

from __future__ import annotations

import json
from dataclasses import replace

from lambda_tailor.documents import digests
from lambda_tailor.errors import PlanFileError
from lambda_tailor.journal.team_key import TeamKey, signer_of
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.plan import Plan, Signature

_PLAN = "plan"


def sign_plan(plan: Plan, vault: Vault) -> Plan:
    """The plan with its signature.

    Raises KeyRefused.
    """
    key = vault.key()
    return replace(plan, signature=Signature(key.sign(_PLAN, *_said(plan, digests(plan).said)), key.wrapped))


def _said(plan: Plan, digest: str) -> tuple[str, ...]:
    return digest, plan.plan_id, plan.created_at, json.dumps(dict(sorted(plan.api_calls.items())))


def _vouched(plan: Plan, mac: str, key: TeamKey) -> bool:
    """Whether the key signed what the plan says; earlier versions signed its text, this one its data."""
    found = digests(plan)
    return any(key.verifies(mac, _PLAN, *_said(plan, digest)) for digest in (found.said, found.of_before))


def require_signed(plan: Plan, vault: Vault, *, trust: bool = False) -> None:
    """Refuse a plan that the team's key does not vouch for; ``trust`` takes one without or with another's signature.

    Whoever trusts shows every operation of the plan first. Raises PlanFileError, and KeyRefused.
    """
    if plan.signature is None:
        if not trust:
            raise PlanFileError(f"The plan is not signed: make it again, {_OR}.")
        return
    mac = plan.signature.mac
    key = vault.known_key(plan.signature.wrapped)
    if key is not None and key.fingerprint == signer_of(mac):
        if not _vouched(plan, mac, key):
            raise PlanFileError("The plan was altered after it was signed: make it again.")
        return
    if not trust:
        mine = f"the key here ({vault.place}) is {key.fingerprint}" if key else f"there is no key at {vault.place}"
        raise PlanFileError(
            f"The plan is signed with the key {signer_of(mac)[:16] or '?'}, and {mine}: name the same key in "
            f"LAMBDA_TAILOR_KEY_FILE, LAMBDA_TAILOR_KEY or --kms-key, {_OR}."
        )


def signed_again(plan: Plan, part: Plan, vault: Vault) -> Plan:
    """What is left of a plan, for which the key vouches where it vouches for the whole.

    Raises KeyRefused.
    """
    if plan.signature is None or part == plan:
        return part
    try:
        require_signed(plan, vault)
    except PlanFileError:
        return part
    return sign_plan(part, vault)


_OR = "or give --trust-plan, which shows every operation"
