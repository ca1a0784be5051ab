"""For every kind of setting: what another hand does to it survives apply and rollback, and the outcome tells it.

The other hand strikes before the run, between its look and its write, between the write and the look after it, before
the rollback, and between the rollback's look and its write. Between look and write the look is made to grow old, as
where a lane waits: what is done within a second of it cannot be seen, and docs/guarantees.md says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lambda_tailor.applying.looks import Look, Looks
from lambda_tailor.applying.opening import open_runner
from lambda_tailor.clock import elapsed, now
from lambda_tailor.journal.journal import Journal
from lambda_tailor.model.record import RunRecord
from lambda_tailor.model.run import Result, StepState
from lambda_tailor.settings import all_settings
from tests.faults.every_setting import ROWS, Hand, Row, deploy, plan, side_by_side
from tests.faults.tailor import CONNECTION
from tests.integration.conftest import Aws

_TOLD = ("another hand", "is kept", "in doubt", "no longer", "cannot be put back", "alias")


def test_every_kind_has_a_row() -> None:
    assert sorted(row.kind for row in ROWS) == sorted(all_settings())


class Strikes:
    """What another hand did to each kind: what there was before it, and what there was after it."""

    def __init__(self, hands: Mapping[str, Hand]) -> None:
        self._hands = hands
        self.before: dict[str, Any] = {}
        self.left: dict[str, Any] = {}
        self._threads = threading.local()

    def strike(self, row: Row, act: Callable[[Hand], object]) -> None:
        hand = self._hands[row.kind]
        self.before[row.kind] = row.seen(hand)
        act(hand)
        self.left[row.kind] = row.seen(hand)

    def in_between(self, monkeypatch: pytest.MonkeyPatch, prefix: str, choose: Callable[[Row], Any]) -> None:
        """Strike each kind once, when its look is had and its write is about to be sent; the look is old then."""
        rows = {f"{prefix}{row.kind}": row for row in ROWS}
        sent, age = Journal.sent, Looks.age

        def sending(journal: Journal, run_id: str, operation_id: str, sending: Any) -> None:
            sent(journal, run_id, operation_id, sending)
            row = rows.pop(operation_id, None)
            if row is not None and (act := choose(row)) is not None:
                self.strike(row, act)
                self._threads.struck_at = elapsed()

        def aged(looks: Looks, look: Look) -> float:
            return age(looks, look) + (10 if look.at <= getattr(self._threads, "struck_at", look.at - 1) else 0)

        monkeypatch.setattr(Journal, "sent", sending)
        monkeypatch.setattr(Looks, "age", aged)


@pytest.fixture
def hands(aws: Aws) -> Mapping[str, Hand]:
    return deploy(aws)


def applied(hands: Mapping[str, Hand]) -> RunRecord:
    with open_runner(CONNECTION) as runner:
        run = runner.apply(plan(hands, now()))
        return runner.journal.run(run.run_id)


def put_back(run_id: str) -> RunRecord:
    with open_runner(CONNECTION) as runner:
        run = runner.rollback(run_id)
        return runner.journal.run(run.run_id)


def none_wrong(
    hands: Mapping[str, Hand], strikes: Strikes, record: RunRecord, prefix: str, *, silent: bool = False
) -> None:
    """All that another hand left has survived, and is told."""
    found: dict[str, Any] = {}
    struck = [row for row in ROWS if row.kind in strikes.left]
    for row, there in zip(struck, side_by_side(lambda row: row.seen(hands[row.kind]), struck), strict=True):
        step = record.steps.get(f"{prefix}{row.kind}")
        result, detail = (step.result, step.detail) if step else (None, "nothing was written")
        told = (
            silent
            or (row.same_back if prefix else row.same)
            or (result in (Result.FAILED, Result.BLOCKED) and any(t in detail for t in _TOLD))
        )
        if strikes.before[row.kind] == strikes.left[row.kind]:
            found[row.kind] = ("did not strike", there)
        elif there != strikes.left[row.kind] or not told:
            found[row.kind] = (strikes.before[row.kind], strikes.left[row.kind], there, result, detail)
    assert not found, "\n".join(f"{kind}: {what}" for kind, what in found.items())


def test_between_plan_and_run(hands: Mapping[str, Hand]) -> None:
    planned = plan(hands, now())
    strikes = Strikes(hands)
    side_by_side(lambda row: strikes.strike(row, row.theirs), ROWS)
    assert len(strikes.left) == len(all_settings())
    with open_runner(CONNECTION) as runner:
        run = runner.apply(planned)
        record = runner.journal.run(run.run_id)
    none_wrong(hands, strikes, record, "")
    none_wrong(hands, strikes, put_back(record.run_id), "undo-", silent=True)


def test_between_look_and_write(hands: Mapping[str, Hand], monkeypatch: pytest.MonkeyPatch) -> None:
    strikes = Strikes(hands)
    with monkeypatch.context() as patched:
        strikes.in_between(patched, "", lambda row: row.theirs)
        record = applied(hands)
    assert strikes.left.keys() == all_settings().keys()
    none_wrong(hands, strikes, record, "")
    none_wrong(hands, strikes, put_back(record.run_id), "undo-", silent=True)


def test_between_run_and_rollback(hands: Mapping[str, Hand]) -> None:
    record = applied(hands)
    assert {step.detail for step in record.steps.values() if step.result is not Result.APPLIED} == set()
    strikes = Strikes(hands)
    side_by_side(lambda row: strikes.strike(row, row.claim or row.theirs), [r for r in ROWS if not r.never_back])
    assert len(strikes.left) == len(all_settings()) - 1
    none_wrong(hands, strikes, put_back(record.run_id), "undo-")


def test_between_the_rollbacks_look_and_write(hands: Mapping[str, Hand], monkeypatch: pytest.MonkeyPatch) -> None:
    record = applied(hands)
    strikes = Strikes(hands)
    with monkeypatch.context() as patched:
        strikes.in_between(patched, "undo-", lambda row: row.claim or row.theirs)
        undone = put_back(record.run_id)
    assert strikes.left.keys() == {row.kind for row in ROWS if not row.never_back}
    none_wrong(hands, strikes, undone, "undo-")


@pytest.fixture
def never_confirmed(hands: Mapping[str, Hand], monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """A run that was killed when AWS had done all that it was sent, and before any of it was written down as done."""
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "settle", lambda *_given: None)
        record = applied(hands)
    assert {step.state for step in record.steps.values()} == {StepState.SENT}
    return record


def test_what_was_done_and_never_confirmed_goes_back(
    hands: Mapping[str, Hand], before: Mapping[str, Any], never_confirmed: RunRecord
) -> None:
    put_back(never_confirmed.run_id)
    after = seen(hands)
    kept = {"function-version", "bucket-versioning"}
    assert {kind: after[kind] for kind in after if kind not in kept and after[kind] != before[kind]} == {}
    assert after["bucket-versioning"] == "Suspended"


def test_what_was_never_confirmed_and_another_hand_was_at_is_left(
    hands: Mapping[str, Hand], never_confirmed: RunRecord
) -> None:
    strikes = Strikes(hands)
    side_by_side(lambda row: strikes.strike(row, row.claim or row.theirs), [r for r in ROWS if not r.never_back])
    none_wrong(hands, strikes, put_back(never_confirmed.run_id), "undo-")


def seen(hands: Mapping[str, Hand]) -> dict[str, Any]:
    return dict(side_by_side(lambda row: (row.kind, row.seen(hands[row.kind])), ROWS))


@pytest.fixture
def before(hands: Mapping[str, Hand]) -> Mapping[str, Any]:
    return seen(hands)
