"""The run that a rollback puts back, with its kin and with what came after it: what is whose, by the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from lambda_tailor.journal.journal import Journal
from lambda_tailor.model.plan import Operation
from lambda_tailor.model.record import RunRecord, StepRecord
from lambda_tailor.model.run import RunOverview, Status, StepState
from lambda_tailor.settings import role_policy

UNDO = "undo-"
# A resource that was made so long around the moment in which its making was sent may be the one. Seconds.
_BEFORE_S, _AFTER_S = 2, 60
_Place = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Lineage:
    """``steps`` of the run that is put back, by operation; ``family`` are that run, what it undid and what undid it.

    ``made`` has by what each of them knew a resource again that it made; ``later`` the runs that rely on a resource
    since, by account, region, kind and name, and ``named`` by a value that they wrote.
    """

    steps: Mapping[str, StepRecord]
    family: frozenset[str] = frozenset()
    made: Mapping[str, tuple[Mapping[str, JsonValue], ...]] = field(default_factory=dict)
    later: Mapping[_Place, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)

    def step(self, operation: Operation) -> StepRecord | None:
        """The step that an operation puts back."""
        return self.steps.get(operation.id.removeprefix(UNDO))

    def unconfirmed(self, operation: Operation) -> bool:
        """Whether the run sent the write that an operation puts back, and nobody knows how that ended."""
        step = self.step(operation)
        return step is not None and step.state is StepState.SENT and step.made is None

    def relied_on(self, operation: Operation, arn: str | None) -> str | None:
        """The later run that relies on the operation's resource, which has that ARN."""
        return self.later.get(_place(operation)) or (self.named.get(arn) if arn else None)

    def made_it(self, operation: Operation, identity: Mapping[str, JsonValue] | None) -> bool:
        """Whether the resource is as one of the family made it, as far as that was written down."""
        known = self.made.get(_base(operation.id), ())
        if known:
            return identity in known
        step = self.step(operation)
        if step is not None and step.state is StepState.SENT and step.seen is not None:
            # It was there before: what is written on it leaves by what it is known.
            return identity == step.seen
        created = (identity or {}).get("creationTime")
        if step is None or step.state is not StepState.SENT or step.sent_at is None or not isinstance(created, int):
            return True
        sent = datetime.fromisoformat(step.sent_at)
        after = datetime.fromtimestamp(created / 1000, sent.tzinfo) - sent
        return timedelta(seconds=-_BEFORE_S) <= after <= timedelta(seconds=_AFTER_S)


def of(journal: Journal, run_id: str) -> Lineage:
    """The lineage of a run that is put back. Raises what the journal raises."""
    runs = journal.runs()
    of_run = parents(runs)
    root = _root(run_id, of_run)
    family = frozenset(each for each in of_run if _root(each, of_run) == root)
    place = [run.run_id for run in runs].index(run_id)
    later = [
        run.run_id
        for run in runs[place + 1 :]
        if run.run_id not in family and run.of_run is None and run.status is not Status.ROLLED_BACK
    ]
    made: dict[str, list[Mapping[str, JsonValue]]] = {}
    for each in family:
        record = journal.run(each)
        if record.unverified and each != run_id:
            # Whoever writes a run into the journal must not tell us what is ours.
            continue
        for id, step in record.steps.items():
            if step.made is not None:
                made.setdefault(_base(id), []).append(step.made)
    relied: dict[_Place, str] = {}
    named: dict[str, str] = {}
    for each in later:
        record = journal.run(each)
        for operation in (each for each in record.plan.operations if _came_to(each, record)):
            relied[_place(operation)] = each
            named |= {value: each for value in operation.after.values() if isinstance(value, str)}
    steps = journal.run(run_id).steps
    return Lineage(steps, family, {id: tuple(known) for id, known in made.items()}, relied, named)


def _came_to(operation: Operation, record: RunRecord) -> bool:
    """Whether the run relies on what the operation is about; one that died before it came to it does not."""
    step = record.steps.get(operation.id)
    only_meant = step is None or (step.result is None and step.state is StepState.INTENDED)
    return record.status is not Status.INTERRUPTED or not only_meant


def parents(runs: Sequence[RunOverview]) -> Mapping[str, str | None]:
    """Which run each of them puts back, if any."""
    return {run.run_id: run.of_run for run in runs}


def upwards(run_id: str, of_run: Mapping[str, str | None]) -> Iterator[str]:
    """The run, the one that it puts back, the one that this puts back, and so on; where they go round, each once."""
    seen: set[str] = set()
    following: str | None = run_id
    while following is not None and following not in seen:
        seen.add(following)
        yield following
        following = of_run.get(following)


def _root(run_id: str, of_run: Mapping[str, str | None]) -> str:
    *_, root = upwards(run_id, of_run)
    return root


def _base(operation_id: str) -> str:
    while operation_id.startswith(UNDO):
        operation_id = operation_id.removeprefix(UNDO)
    return operation_id


def _place(operation: Operation) -> _Place:
    # A role is the same in every region.
    region = "" if operation.key.kind == role_policy.KIND else operation.region
    return operation.account_id, region, operation.key.kind, operation.key.resource
