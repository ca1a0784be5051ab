"""The rows of a run's steps: intended, then sent under a lease, then confirmed. In the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from lambda_tailor.clock import now
from lambda_tailor.documents import adapter
from lambda_tailor.journal import leases, tallies
from lambda_tailor.journal.signatures import STEP
from lambda_tailor.journal.signed_rows import signature, verified
from lambda_tailor.journal.tables import STEPS
from lambda_tailor.journal.team_key import TeamKey
from lambda_tailor.model.record import Sending, StepRecord
from lambda_tailor.model.run import Ended, StepState

_THIS = sa.and_(STEPS.c.run_id == sa.bindparam("run"), STEPS.c.operation_id == sa.bindparam("operation"))


def _update(*columns: str) -> sa.Update:
    return STEPS.update().where(_THIS).values({name: sa.bindparam(name) for name in columns})


# Made once: a run of a fleet uses them tens of thousands of times.
_STEP = sa.select(STEPS).where(_THIS)
_SENT = _update("call", "result", "was", "wrote", "state", "sent_at", "seen", "token", "left", "signature")
# A process that slept while another took its run over has nothing more to say about it.
_NOT_TAKEN_OVER = sa.or_(STEPS.c.token.is_(None), STEPS.c.token <= sa.bindparam("mine"))
_FIRST_SENT = _SENT.where(STEPS.c.state == StepState.INTENDED, STEPS.c.call == "", STEPS.c.made.is_(None))
_SETTLED = _update("result", "detail", "settled_at", "left", "token").where(_NOT_TAKEN_OVER)
_STATE = _update("state", "made", "signature").where(_NOT_TAKEN_OVER, STEPS.c.call != "")
_CONFIRMED = _update("result", "detail", "settled_at", "left", "token", "state", "made", "signature").where(
    _NOT_TAKEN_OVER, STEPS.c.call != ""
)
_UNSENT = _update("state", "call", "was", "wrote", "signature").where(_NOT_TAKEN_OVER)
_EMPTY = {"call": "", "was": "{}", "wrote": "{}", "detail": "", "state": StepState.INTENDED}


def intend(connection: sa.Connection, run_id: str, operation_ids: Sequence[str]) -> None:
    """Write down what will be tried; what is known of it already stays."""
    known = set(connection.execute(sa.select(STEPS.c.operation_id).where(STEPS.c.run_id == run_id)).scalars())
    rows = [
        {**_EMPTY, "run_id": run_id, "operation_id": id, "intended_at": now()}
        for id in operation_ids
        if id not in known
    ]
    if rows:
        connection.execute(STEPS.insert(), rows)


# A row as it was written when its write was sent.
Sent = Mapping[str, Any]


def send(
    connection: sa.Connection, run_id: str, operation_id: str, sending: Sending, key: TeamKey | None
) -> Sent | None:
    """Write down what is sent now and what was there; the row with its fencing token, or None where the lease is gone.

    Said again for the same operation, the first account of what was there stands, unless nothing was sent then.
    """
    token = leases.token(connection, sending.holder, sending.function)
    if token is None:
        return None
    this = {"run": run_id, "operation": operation_id}
    told: dict[str, Any] = {
        "call": sending.call, "result": None, "was": json.dumps(dict(sending.was)),
        "wrote": json.dumps(dict(sending.wrote)), "token": token, "state": StepState.SENT, "sent_at": now(),
        "seen": None if sending.seen is None else json.dumps(sending.seen), "left": None,
    }  # fmt: skip
    row = _signed(key, {**told, "run_id": run_id, "operation_id": operation_id, "made": None})
    if connection.execute(_FIRST_SENT, {**this, **told, "signature": row["signature"]}).rowcount:
        tallies.add(connection, run_id, 1, key)
        return row
    return _send_again(connection, this, told, key)


def _send_again(connection: sa.Connection, this: Mapping[str, str], told: dict[str, Any], key: TeamKey | None) -> Sent:
    """Where something is known of the step beyond that it was intended."""
    known = connection.execute(_STEP, this).mappings().first()
    names = {"run_id": this["run"], "operation_id": this["operation"]}
    if known is None:
        connection.execute(STEPS.insert(), {**_EMPTY, **names, "intended_at": now()})
    elif known["call"] and known["state"] != StepState.INTENDED:
        told["was"] = json.dumps({**json.loads(told["was"]), **json.loads(known["was"])})
        told["wrote"] = json.dumps({**json.loads(known["wrote"]), **json.loads(told["wrote"])})
        told["seen"] = known["seen"] or told["seen"]
    row = _signed(key, {**told, **names, "made": known["made"] if known is not None else None})
    connection.execute(_SENT, {**this, **told, "signature": row["signature"]})
    if known is None or not known["call"]:
        tallies.add(connection, this["run"], 1, key)
    return row


def _signed(key: TeamKey | None, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "signature": signature(key, "step", STEP, row)}


def unsend(
    connection: sa.Connection, run_id: str, operation_id: str, fields: Sequence[str], token: int, key: TeamKey | None
) -> None:
    """Write down that some fields were not sent after all, unless another process has sent them since."""
    this = {"run": run_id, "operation": operation_id}
    known = connection.execute(_STEP, this).mappings().one()
    was, wrote = (
        {name: value for name, value in json.loads(known[column]).items() if name not in fields}
        for column in ("was", "wrote")
    )
    state, call = (known["state"], known["call"]) if wrote else (StepState.INTENDED, "")
    told = {"was": json.dumps(was), "wrote": json.dumps(wrote), "state": state, "call": call}
    undone = {**this, **told, "mine": token, "signature": _signed_again(key, known, told)}
    if connection.execute(_UNSENT, undone).rowcount and known["call"] and not call:
        tallies.add(connection, run_id, -1, key)


def _signed_again(key: TeamKey | None, known: sa.RowMapping, told: Mapping[str, Any]) -> str | None:
    """The signature of a row that changes; one that somebody else changed meanwhile is not vouched for."""
    row = {**known, **told}
    return signature(key, "step", STEP, row) if row["call"] and verified(key, "step", STEP, known) else None


def settle(
    connection: sa.Connection,
    run_id: str,
    operation_id: str,
    ended: Ended,
    token: int,
    key: TeamKey | None,
    sent: Sent | None = None,
) -> None:
    """Write down how an operation ended, whether it was sent or never came to that.

    ``sent`` is its row as this process has just written it: what another has made of that since is not vouched for.
    """
    this = {"run": run_id, "operation": operation_id}
    left = json.dumps(ended.left) if ended.left else None
    told = {"result": ended.result, "detail": ended.detail, "settled_at": now(), "left": left, "token": token}
    told_made = {"state": ended.state, "made": None if ended.made is None else json.dumps(ended.made)}
    if sent is not None and ended.state is not None:
        signed = _signed(key, {**sent, **told_made})["signature"]
        connection.execute(_CONFIRMED, {**this, **told, **told_made, "mine": token, "signature": signed})
        return
    if connection.execute(_SETTLED, {**this, **told, "mine": token}).rowcount == 0:
        if connection.execute(_STEP, this).first() is None:
            row = {**_EMPTY, "run_id": run_id, "operation_id": operation_id, "intended_at": now(), **told}
            connection.execute(STEPS.insert(), row)
        return
    if ended.state is not None:
        known = connection.execute(_STEP, this).mappings().one()
        signed = _signed_again(key, known, told_made)
        connection.execute(_STATE, {**this, **told_made, "mine": token, "signature": signed})


def of_run(connection: sa.Connection, run_id: str) -> dict[str, StepRecord]:
    """The steps of a run by operation."""
    rows = connection.execute(sa.select(STEPS).where(STEPS.c.run_id == run_id)).mappings()
    return {row["operation_id"]: _record(row) for row in rows}


def _record(row: Any) -> StepRecord:
    record: StepRecord = adapter(StepRecord).validate_python(
        {
            **{name: row[name] for name in ("operation_id", "call", "detail", "sent_at")},
            **{name: json.loads(row[name]) for name in ("was", "wrote")},
            **{name: json.loads(row[name]) if row[name] else None for name in ("seen", "made")},
            "left": json.loads(row["left"]) if row["left"] else {},
            "result": row["result"] or None,
            "state": row["state"] or None,
        }
    )
    return record
