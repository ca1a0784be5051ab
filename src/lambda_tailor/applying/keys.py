"""The team's key against a journal: proven before the first write, and what can be done where it is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambda_tailor.documents import plan_hash
from lambda_tailor.errors import JournalError, KeyRefused
from lambda_tailor.journal.journal import Journal
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.journal.vault import Vault
from lambda_tailor.model.plan import Change, ChangeRef, Operation, Plan
from lambda_tailor.model.record import RunRecord
from lambda_tailor.model.secret import FINGERPRINT, SEALED, token
from lambda_tailor.planning.summing import roles_needed


def known_key(journal: Journal, vault: Vault) -> TeamKey | None:
    """The key here, where it is one that the journal is written with; nothing is made."""
    return vault.one_of(journal.written_with())


def verify_with(journal: Journal, vault: Vault) -> None:
    """What is read of the journal is verified with the key here, where it is one that the journal is written with."""
    key = known_key(journal, vault)
    if key is not None:
        journal.sign_with(key)


def opening_key(journal: Journal, vault: Vault) -> TeamKey | None:
    """The key that may open what the journal has sealed: a journal of an older version does not say which."""
    return known_key(journal, vault) or (None if journal.written_with() else vault.known_key())


def prove_key(journal: Journal, vault: Vault, *, trust: bool) -> None:
    """Before anything is written: the key here is the journal's, or the journal has none yet.

    ``trust`` goes on with the key that is here. Raises KeyRefused.
    """
    key = known_key(journal, vault)
    if key is not None:
        journal.sign_with(key)
        return
    written = journal.written_with()
    if written and not trust:
        raise KeyRefused(_lost(journal, vault, written[0].fingerprint))
    key = vault.key()
    sealed = None if written else journal.any_sealed()
    if sealed is not None and key.unseal(sealed) is None and not trust:
        raise KeyRefused(_lost(journal, vault, "an older version's"))
    journal.adopt(key)


def _lost(journal: Journal, vault: Vault, fingerprint: str) -> str:
    here = vault.known_key("")
    mine = (
        f"the key here ({vault.place}) is {here.fingerprint}" if here is not None else f"there is none at {vault.place}"
    )
    return (
        f"The journal {journal.place} is written with the key {fingerprint}, and {mine}: put the right one back, or "
        "name it in LAMBDA_TAILOR_KEY_FILE, LAMBDA_TAILOR_KEY or --kms-key; without it nothing can be verified, and "
        "--trust-journal goes on all the same, with every call shown."
    )


def require_verified(record: RunRecord, *, trust: bool) -> None:
    """Refuse a run of which somebody may have changed the journal's account; ``trust`` takes it all the same.

    Raises JournalError.
    """
    if trust or not record.unverified:
        return
    count = len(record.unverified)
    raise JournalError(
        f"What the journal says of run {record.run_id} cannot be verified ({count} of its rows): an older version or "
        "another key wrote it, or somebody changed it. Look at it and give --trust-journal, which shows every call "
        "that would be made."
    )


def require_known(journal: Journal, asked: str, record: RunRecord, *, trust: bool) -> None:
    """Refuse a run that somebody may have changed, or that may not be the one that was ``asked`` for.

    Raises JournalError.
    """
    require_verified(record, trust=trust)
    if asked == "latest":
        require_latest(journal, record, trust=trust)


def require_latest(journal: Journal, record: RunRecord, *, trust: bool) -> None:
    """Refuse to take a run for the latest where a later one may be gone from the journal.

    Raises JournalError.
    """
    doubts = () if trust else journal.later(record.run_id)
    if doubts:
        raise JournalError(
            f"Which run is the latest cannot be known: {doubts[0]}. Name the run that is meant, such as "
            f"{record.run_id}; see 'lambda-tailor runs'."
        )


def without_unopenable(plan: Plan, key: TeamKey | None) -> Plan:
    """A plan that puts back, without the values that cannot be opened or recognised; their changes are blocked."""
    lost = {o.id: fields for o in plan.operations if (fields := _lost_fields(o, key))}
    if not lost:
        return plan
    refs: dict[ChangeRef, str] = {}
    operations: list[Operation] = []
    for operation in plan.operations:
        gone = lost.get(operation.id, frozenset())
        for field in gone:
            refs |= dict.fromkeys(operation.changes.get(field, ()), "its value is sealed with a key that is not here")
        left = operation.only(frozenset(operation.after) - gone) if gone else operation
        if left.after:
            changes = {field: known for field, known in left.changes.items() if field in left.after}
            operations.append(replace(left, changes=changes))
    ids = {operation.id for operation in operations}
    functions = tuple(
        replace(function, changes=tuple(_blocked(function.arn, change, refs) for change in function.changes))
        for function in plan.functions
    )
    roles = roles_needed(plan.roles, operations)
    kept = replace(plan, operations=tuple(_waiting(o, ids) for o in operations), functions=functions, roles=roles)
    return replace(kept, plan_id=plan_hash(kept))


def _lost_fields(operation: Operation, key: TeamKey | None) -> frozenset[str]:
    lost: set[str] = set()
    for field, after in operation.after.items():
        sealed = token(after, SEALED)
        if sealed is not None and (key is None or key.unseal(sealed) is None):
            lost.add(field)
        if token(operation.before.get(field), FINGERPRINT) is not None and key is None:
            lost.add(field)
    return frozenset(lost)


def _blocked(arn: str, change: Change, refs: Mapping[ChangeRef, str]) -> Change:
    because = refs.get(ChangeRef(arn, change.rule, change.setting))
    return change if because is None else replace(change, blocked=because)


def _waiting(operation: Operation, ids: set[str]) -> Operation:
    requires = {
        field: kept
        for field, named in operation.requires.items()
        if field in operation.after and (kept := tuple(id for id in named if id in ids))
    }
    return replace(operation, requires=requires, follows=tuple(id for id in operation.follows if id in ids))
