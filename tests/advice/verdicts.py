"""Whether a function of the fleet got the verdict that its case has."""

from __future__ import annotations

from lambda_tailor.model.plan import Change, PlannedFunction
from tests.advice.fleet import Case


def check(case: Case, function: PlannedFunction) -> None:
    """Each rule of the verdict says what an expert says, and the notes have the words."""
    for name, wanted in case.verdict.items():
        found = said(function, name)
        if isinstance(wanted, str) and " " in wanted:
            kind, _, words = wanted.partition(" ")
            assert isinstance(found, str) and found.startswith(f"{kind} "), found
            assert words in found, found
        elif isinstance(wanted, dict) and isinstance(found, dict):
            assert {name: found[name] for name in wanted} == wanted, found
        else:
            assert found == wanted, (name, found)
    for words in case.notes:
        assert any(words in note for note in function.notes), function.notes


def said(function: PlannedFunction, name: str) -> object:
    """What is proposed for a rule or setting, or in one text what is said instead."""
    changes = [c for c in function.changes if name in (c.rule, c.setting)]
    if changes:
        return _said(changes[0])
    (kept,) = [k for k in function.kept if name in (k.rule, k.setting)][:1]
    return f"kept {kept.because}"


def _said(change: Change) -> object:
    if change.blocked is not None:
        return f"blocked {change.blocked}"
    return f"finding {change.reason}" if change.kind == "finding" else change.after
