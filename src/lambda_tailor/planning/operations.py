"""Transitions arranged into operations: one AWS write for each resource, in an order that works. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from lambda_tailor.model.function import Function
from lambda_tailor.model.plan import ChangeRef, Operation
from lambda_tailor.model.verdict import Key, Transition

HAS_REVISION = "function-configuration"


@dataclass(frozen=True, slots=True)
class Step:
    """One change's transitions; ``number`` is how the caller knows the change."""

    number: int
    function: Function
    ref: ChangeRef
    transitions: tuple[Transition, ...]


_NOTHING: Mapping[str, tuple[str, ...]] = {}


@dataclass(slots=True)
class _Draft:
    function: Function
    before: dict[str, JsonValue] = field(default_factory=dict)
    after: dict[str, JsonValue] = field(default_factory=dict)
    requires: dict[str, set[Key]] = field(default_factory=dict)
    follows: set[Key] = field(default_factory=set)
    changes: dict[str, list[ChangeRef]] = field(default_factory=dict)

    def waits_for(self) -> set[Key]:
        return self.follows.union(*self.requires.values())


def arrange(steps: Iterable[Step], prefix: str = "op-") -> tuple[Sequence[Operation], Mapping[int, str]]:
    """Operations for the steps of one account and region, and the steps that contradict earlier ones.

    A resource shared by several functions is written once. ``prefix`` begins the operations' ids.
    """
    drafts: dict[Key, _Draft] = {}
    conflicts: dict[int, str] = {}
    for step in steps:
        because = next((why for t in step.transitions if (why := _contradiction(drafts, t))), None)
        if because is not None:
            conflicts[step.number] = because
            continue
        for transition in step.transitions:
            draft = drafts.setdefault(transition.key, _Draft(step.function))
            draft.before[transition.field] = transition.before
            draft.after[transition.field] = transition.after
            if transition.requires:
                draft.requires.setdefault(transition.field, set()).update(transition.requires)
            draft.follows.update(transition.follows)
            draft.changes.setdefault(transition.field, []).append(step.ref)
    ids = {key: f"{prefix}{n:05d}" for n, key in enumerate(_ordered(drafts), start=1)}
    # A fleet has tens of thousands of them: each draft goes as its operation comes.
    operations = [_operation(ids, key, drafts.pop(key)) for key in ids]
    return operations, conflicts


def _contradiction(drafts: Mapping[Key, _Draft], transition: Transition) -> str | None:
    draft = drafts.get(transition.key)
    if draft is None or transition.field not in draft.after:
        return None
    planned = draft.after[transition.field]
    if planned == transition.after:
        return None
    first = draft.changes[transition.field][0]
    whose = f"{first.function.rpartition(':')[2]} ({first.rule})"
    return f"{transition.key.resource} is shared, and {whose} sets its {transition.field} to {planned}"


def _ordered(drafts: Mapping[Key, _Draft]) -> Sequence[Key]:
    """Every key after those it requires, otherwise in the order given."""
    done: dict[Key, None] = {}

    def visit(key: Key) -> None:
        if key in done or key not in drafts:
            return
        for required in sorted(drafts[key].waits_for(), key=lambda k: (k.kind, k.resource)):
            visit(required)
        done[key] = None

    for key in drafts:
        visit(key)
    return list(done)


def _operation(ids: Mapping[Key, str], key: Key, draft: _Draft) -> Operation:
    return Operation(
        id=ids[key],
        account_id=draft.function.account_id,
        region=draft.function.region,
        function=draft.function.arn,
        key=key,
        before=draft.before,
        after=draft.after,
        requires={f: named for f, keys in draft.requires.items() if (named := _named(ids, keys))} or _NOTHING,
        follows=_named(ids, draft.follows),
        changes={f: tuple(refs) for f, refs in draft.changes.items()},
        revision_id=draft.function.revision_id if key.kind == HAS_REVISION else None,
    )


def _named(ids: Mapping[Key, str], keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(sorted(ids[key] for key in keys if key in ids))
