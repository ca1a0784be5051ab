"""Guarded rollouts of a run: begun, looked after, ended, and put back; safe to be cut off anywhere.

What is about to be done is in the journal before it is done, so that ``go_on`` finds every rollout where
it stands. What a rollout does to aliases and versions it undoes itself; the configuration goes back by
the run's own rollback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from lambda_tailor.applying.runner import Runner
from lambda_tailor.aws.accounts import Scope
from lambda_tailor.aws.claims import Claims
from lambda_tailor.aws.scopes import OpenScope, check_account, open_scope
from lambda_tailor.errors import AccessDenied, AwsRefused, CredentialsError, EndpointUnreachable
from lambda_tailor.journal.outcomes import run_of, status_of
from lambda_tailor.journal.rollouts import RolloutRow
from lambda_tailor.model.record import RunRecord
from lambda_tailor.model.rollout import Look, Rollout, RolloutStatus, Watcher
from lambda_tailor.model.run import Result, Run, Status
from lambda_tailor.rollout import notify, reading
from lambda_tailor.rollout.keeping import Clock, Unwatched, dumped, first_shown, is_open, loaded, priced
from lambda_tailor.rollout.looking import look
from lambda_tailor.rollout.moves import AnotherHand, Mover
from lambda_tailor.rollout.preparing import Prepared
from lambda_tailor.rollout.state import AliasState, State, look_every_s
from lambda_tailor.rollout.tracks import VERSIONED

UNREADABLE = (AccessDenied, AwsRefused, CredentialsError, EndpointUnreachable)
_DONE = frozenset({Result.APPLIED, Result.UNCHANGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedRuns:
    """Carries rollouts on. ``runner`` does all that is no version and no alias."""

    runner: Runner
    clock: Clock = field(default_factory=Clock)
    watcher: Watcher = field(default_factory=Unwatched)
    # Looks at functions that could not be taken in this process, by ARN: why.
    troubles: dict[str, str] = field(default_factory=dict)
    _scopes: dict[tuple[str, str], OpenScope] = field(default_factory=dict)

    def start(self, prepared: Prepared, *, saved: bool) -> Run:
        """Apply the plan, and roll out what is guarded in it.

        Raises what Runner.apply raises.
        """
        rows = [RolloutRow(first_shown(way.state, way.takes), dumped(way.state)) for way in prepared.guarded.values()]
        apply = self.runner.apply_saved if saved else self.runner.apply
        return self.go_on(apply(prepared.plan, rows).run_id)

    def go_on(self, run_id: str) -> Run:
        """Finish what the run began to apply, and take the next look, or all that are left.

        A rollout whose metrics cannot be read stays where it is; see ``troubles``.
        """
        journal = self.runner.journal
        record = journal.run(run_id)
        if status_of(record) is Status.INTERRUPTED:
            self.runner.resume(run_id)
            record = journal.run(run_id)
        epoch = journal.take_up(run_id)
        try:
            while True:
                states = self._open(run_id)
                for state in states:
                    self._carefully(record, state)
                left = self._open(run_id)
                if not left or self.runner.stop.is_set() or all(state.options.one_look for state in left):
                    break
                self._wait(min(look_every_s(state.options.minutes) for state in left))
        finally:
            self._end(run_id, epoch)
        return run_of(journal.run(run_id))

    def roll_back(self, run_id: str) -> tuple[str, ...]:
        """Put aliases back and remove the versions of a run; why something was left, for each that was."""
        left: list[str] = []
        record = self.runner.journal.run(run_id)
        for row in self.runner.journal.rollouts(run_id).values():
            state = loaded(row.state)
            if state.new_version is None and state.phase != "publishing":
                self._shut(run_id, row, RolloutStatus.ROLLED_BACK, "put back")
                continue
            left += [f"{state.name}: {because}" for because in self._undo(record, state)]
            self._shut(run_id, row, RolloutStatus.ROLLED_BACK, "put back")
        return tuple(left)

    def _shut(self, run_id: str, row: RolloutRow, status: RolloutStatus, because: str) -> None:
        now_there = self.runner.journal.rollouts(run_id)[row.shown.arn]
        state = loaded(now_there.state)
        shown = replace(now_there.shown, status=status, because=because)
        self._save(run_id, state.moved("over"), shown, now_there.state)

    def _open(self, run_id: str) -> list[State]:
        rows = self.runner.journal.rollouts(run_id).values()
        return [loaded(row.state) for row in rows if is_open(row) and row.shown.arn not in self.troubles]

    def _carefully(self, record: RunRecord, state: State) -> None:
        """As far as one look goes; what cannot be read leaves the rollout where it is."""
        try:
            _Way(self, record, state.arn).go()
        except UNREADABLE as error:
            self.troubles[state.arn] = str(error)
            self.watcher.stopped(
                f"The rollout of {state.name} stays where it is: {error} "
                f"Go on with: lambda-tailor resume {record.run_id}"
            )

    def _wait(self, seconds: float) -> None:
        until = self.clock.now() + seconds
        while (left := until - self.clock.now()) > 0 and not self.runner.stop.is_set():
            self.clock.sleep(min(left, 1.0))

    def _end(self, run_id: str, epoch: int) -> None:
        """Write down where the run stands, unless another process has taken it up since."""
        journal = self.runner.journal
        rows = journal.rollouts(run_id).values()
        if any(map(is_open, rows)):
            return
        record = journal.run(run_id)
        gone = [row for row in rows if row.shown.status is not RolloutStatus.PROMOTED]
        status = status_of(record)
        if gone and status is Status.SUCCEEDED:
            status = Status.ROLLED_BACK if len(gone) == len(rows) else Status.FAILED
        journal.finish(run_id, status, epoch)
        journal.sum_up(run_id, run_of(journal.run(run_id)).summary)

    def _undo(self, record: RunRecord, state: State) -> list[str]:
        """Alias and version as they were; why something stays."""
        mover = self.mover(record.run_id, state)
        if state.phase == "publishing" and state.new_version is None:
            state = mover.found(state)
        left: list[str] = []
        try:
            mover.back(state)
        except AnotherHand as error:
            left.append(f"{error}: it is left as it is")
        return [*left, *filter(None, (mover.remove(state),))]

    def mover(self, run_id: str, state: State) -> Mover:
        """What writes for that rollout."""

        def save(changed: State) -> None:
            row = self.runner.journal.rollouts(run_id)[changed.arn]
            self._save(run_id, changed, row.shown, row.state)

        scope = self.scope(state)
        claims = Claims(scope)
        return Mover(scope.gateway, run_id, save, self.clock.sleep, lambda version: claims.on(version, {}))

    def scope(self, state: State) -> OpenScope:
        """The account and region of a rollout, opened once."""
        where = (state.account_id, state.region)
        if where not in self._scopes:
            opened = open_scope(self.runner.connection, Scope(state.region, state.role_arn, state.account_id))
            check_account(opened, state.account_id)
            self._scopes[where] = opened
        return self._scopes[where]

    def _save(self, run_id: str, state: State, shown: Rollout, before: str | None) -> None:
        self.runner.journal.save_rollout(run_id, RolloutRow(shown, dumped(state)), before)


@dataclass(slots=True)
class _Way:
    """One rollout in one process, as far as it goes now."""

    guarded: GuardedRuns
    record: RunRecord
    arn: str

    def go(self) -> None:
        """From where it stands to after the next look."""
        state, _ = self._now()
        if state.phase == "waiting":
            failed = self._not_applied()
            if failed is not None:
                self._over(RolloutStatus.INCONCLUSIVE, f"its configuration was not changed: {failed}")
                return
        try:
            self._forward(state)
        except AnotherHand as error:
            self._left_alone(str(error))

    def _now(self) -> tuple[State, Rollout]:
        row = self.guarded.runner.journal.rollouts(self.record.run_id)[self.arn]
        return loaded(row.state), row.shown

    def _keep(self, state: State, **shown: object) -> State:
        row = self.guarded.runner.journal.rollouts(self.record.run_id)[self.arn]
        values = {"to_version": state.new_version, "share": state.share, **shown}
        seen = replace(row.shown, **values)  # type: ignore[arg-type]  # fields by their names
        self.guarded._save(self.record.run_id, state, seen, row.state)
        return state

    def _forward(self, state: State) -> None:
        if state.phase == "waiting":
            state = self._keep(state.moved("publishing" if state.alias else "looking", **self._start(state)))
        if state.phase == "publishing":
            state = self._mover(state).publish(state)
            state = self._keep(state.moved("moving", **self._start(state)))
        if state.phase == "moving":
            state = self._moved(state)
        if state.phase == "promoting":
            self._promote(state)
        elif state.phase == "going-back":
            self._go_back(state)
        else:
            self._look(state)

    def _start(self, state: State) -> Mapping[str, object]:
        """What is as it is when the rollout begins."""
        gateway, now = self.guarded.scope(state).gateway, self.guarded.clock.now()
        found: dict[str, object] = {"begun": now, "step_begun": now, "looked": now}
        found["old_alarms"] = reading.alarms_on(gateway, state.name)
        found["known_kinds"] = reading.known_kinds(gateway, state, now)
        if state.track == "alias" and state.new_version is not None:
            found["baseline"] = reading.counted(gateway, replace(state, begun=now), now)
        return found

    def _mover(self, state: State) -> Mover:
        return self.guarded.mover(self.record.run_id, state)

    def _moved(self, state: State) -> State:
        """The alias at the step's share."""
        old, new = str(state.old_version), str(state.new_version)
        share = state.options.steps[state.step]
        meant = AliasState(new) if share >= 100 or state.track == "watch" else AliasState(old, new, share / 100)
        state = self._mover(state).move(state, meant)
        return self._keep(state.moved("looking", step_begun=self.guarded.clock.now()))

    def _look(self, state: State) -> None:
        if state.alias is not None and self._mover(state).look(state)[1] != state.sure:
            raise AnotherHand(f"another hand changed the alias {state.alias}")
        looked = look(self.guarded.scope(state).gateway, state, self.guarded.clock.now())
        decision, because = looked.decided.decision, looked.decided.because
        state = looked.state
        match decision:
            case "next-step":
                state = state.moved("moving", step=state.step + 1)
            case "promote":
                state = state.moved("promoting")
            case "rollback" | "inconclusive":
                state = state.moved("going-back")
        looks = (*self._now()[1].looks, looked.look)
        self._keep(state, looks=looks, because=because)
        if decision == "next-step":
            self._moved(state)
        elif decision == "promote":
            self._promote(state)
        elif decision in ("rollback", "inconclusive"):
            self._go_back(state)
        self._tell(quiet=decision == "stay")

    def _promote(self, state: State) -> None:
        if state.alias is not None:
            mover = self._mover(state)
            if mover.look(state)[1] == state.sure:
                state = self._keep(mover.with_provisioned(state))
            state = mover.move(state, AliasState(str(state.new_version)))
            mover.keep_provisioned(state)
        self._keep(replace(state, step=state.partial_steps))
        self._over(RolloutStatus.PROMOTED, self._now()[1].because)

    def _go_back(self, state: State) -> None:
        """The traffic first, then the version, then the configuration."""
        left = self.guarded._undo(self.record, state)
        put_back = self.guarded.runner.rollback(self.record.run_id, frozenset({state.arn}))
        if put_back.status is not Status.SUCCEEDED:
            left += [f"{o.setting}: {o.detail}" for o in put_back.outcomes if o.outcome is Result.FAILED]
        shown = self._now()[1]
        last = shown.looks[-1].decision if shown.looks else "rollback"
        status = RolloutStatus.INCONCLUSIVE if last == "inconclusive" else RolloutStatus.ROLLED_BACK
        self._over(status, "; ".join([shown.because, *left]))

    def _left_alone(self, because: str) -> None:
        shown = self._now()[1]
        now = datetime.fromtimestamp(self.guarded.clock.now(), UTC).isoformat(timespec="seconds")
        state = self._now()[0]
        sides = state.sides()
        said = f"{because}: alias, versions and configuration are left as they are"
        look = Look(at=now, share=state.share, old=sides[0], new=sides[1], decision="left-alone", because=said)
        self._keep(state, looks=(*shown.looks, look))
        self._over(RolloutStatus.INCONCLUSIVE, said)
        self._tell(quiet=False)

    def _over(self, status: RolloutStatus, because: str) -> None:
        state, _ = self._now()
        old = priced(state, state.seen[0].total(state.old_memory_mb))
        new = priced(state, state.seen[1].total(state.new_memory_mb))
        share = 100 if status is RolloutStatus.PROMOTED else 0
        self._keep(state.moved("over"), status=status, because=because, old=old, new=new, share=share)

    def _tell(self, *, quiet: bool) -> None:
        state, shown = self._now()
        self.guarded.watcher.looked(shown)
        if quiet or not state.options.notify:
            return
        gateway = self.guarded.scope(state).gateway
        for complaint in notify.tell(gateway, state.options.notify, self.record.run_id, shown):
            self.guarded.watcher.complained(complaint)

    def _not_applied(self) -> str | None:
        """Why what a version carries is not as planned, or None."""
        record = self.guarded.runner.journal.run(self.record.run_id)
        for operation in record.plan.operations:
            if operation.function == self.arn and operation.key.kind in VERSIONED:
                step = record.steps.get(operation.id)
                if step is None or step.result not in _DONE:
                    return step.detail if step is not None and step.detail else "it was not reached"
        return None
