"""Looking back at a run: what CloudWatch measured before it and after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from lambda_tailor.aws.accounts import UNREACHABLE, Scope
from lambda_tailor.aws.evidence_metrics import ALWAYS, read_metrics
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Target, take
from lambda_tailor.aws.scopes import OpenScope, check_account, open_scope
from lambda_tailor.errors import BadInput, CredentialsError, EndpointUnreachable, StalePlan
from lambda_tailor.journal.outcomes import run_of
from lambda_tailor.model.evidence import NOT_READ, Measurement
from lambda_tailor.model.function import Function
from lambda_tailor.model.realized import Realized, RealizedFunction, Window
from lambda_tailor.model.record import RunRecord
from lambda_tailor.model.run import Outcome, Result
from lambda_tailor.review.comparison import Profiles, compare, profiles_of
from lambda_tailor.review.from_rollout import compared_side_by_side, realized_by

_READ = ("invocations", "errors", "duration_avg", "duration_p50", "duration_p95")
# CloudWatch keeps five-minute values for 63 days; a window is a whole number of them.
_GRAIN = timedelta(minutes=5)
_LEAST = timedelta(minutes=30)


def realized(
    record: RunRecord, connection: Connection, *, lookback_days: float, worse_percent: float, at: datetime | None = None
) -> Realized:
    """Compare the window after a run with one of the same length before it; ``at`` is now.

    A region or function that cannot be read becomes a problem. Raises BadInput where the run is not
    over, changed nothing, or is too young to be looked at.
    """
    if record.finished_at is None:
        raise BadInput(f"{record.run_id} is not over: finish it with 'lambda-tailor resume {record.run_id}'.")
    proven = _proven(record, worse_percent)
    started, finished = _time(record.started_at), _time(record.finished_at)
    if proven and len(proven) == len({outcome.function for outcome in _applied(record)}):
        # Both versions were measured at the same time: nobody has to wait.
        return Realized(
            run_id=record.run_id,
            window_hours=round((finished - started) / timedelta(hours=1), 4),
            worse_percent=worse_percent,
            functions=proven,
        )
    window = _window(record.run_id, finished, at or datetime.now(UTC), lookback_days)
    by_site: dict[tuple[str, str], dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    beside = {(f.account_id, f.region, f.function) for f in proven}
    for outcome in _applied(record):
        if (outcome.account_id, outcome.region, outcome.function) not in beside:
            by_site[outcome.account_id, outcome.region][outcome.function].append(outcome)
    if not by_site:
        raise BadInput(f"{record.run_id} changed nothing: there is nothing to compare.")
    functions: list[RealizedFunction] = []
    problems: list[str] = []
    for (account, region), changed in by_site.items():
        try:
            opened = open_scope(connection, Scope(region, record.plan.roles.get(account), account))
            check_account(opened, account)
            found = take(opened.gateway, opened.account_id, Target(names=tuple(changed))).functions
        except (*UNREACHABLE, StalePlan) as error:
            if len(by_site) == 1 and isinstance(error, CredentialsError | EndpointUnreachable):
                raise
            problems.append(f"{account}, {region}: {error}")
            continue
        problems += [f"{name} is no longer there" for name in changed if name not in {f.name for f in found}]
        spans = ((started - window, started), (finished, finished + window))
        functions += _compared(opened, found, changed, spans, window, worse_percent)
    return Realized(
        run_id=record.run_id,
        window_hours=window / timedelta(hours=1),
        worse_percent=worse_percent,
        functions=(*proven, *functions),
        problems=tuple(problems),
    )


def _applied(record: RunRecord) -> list[Outcome]:
    return [outcome for outcome in run_of(record).outcomes if outcome.outcome is Result.APPLIED]


def _proven(record: RunRecord, worse_percent: float) -> tuple[RealizedFunction, ...]:
    """What guarded rollouts of the run have measured."""
    found: list[RealizedFunction] = []
    architectures = {function.arn: function.architecture for function in record.plan.functions}
    for rollout in filter(compared_side_by_side, record.rollouts):
        where = (rollout.account_id, rollout.region, rollout.function)
        applied = [o for o in _applied(record) if (o.account_id, o.region, o.function) == where]
        found.append(realized_by(rollout, applied, architectures.get(rollout.arn, "x86_64"), worse_percent))
    return tuple(found)


Span = tuple[datetime, datetime]


def _compared(
    opened: OpenScope,
    found: Sequence[Function],
    changed: Mapping[str, list[Outcome]],
    spans: tuple[Span, Span],
    window: timedelta,
    worse_percent: float,
) -> list[RealizedFunction]:
    asked = [(function, name, ALWAYS[name]) for function in found for name in _READ]
    before, after = (read_metrics(opened.gateway, asked, end, window / timedelta(days=1)) for _, end in spans)
    compared: list[RealizedFunction] = []
    for function in found:
        profiles: Profiles = profiles_of(function, changed[function.name])
        compared.append(
            compare(
                function,
                profiles,
                _seen(spans[0], profiles.before.memory_mb, before[function.arn]),
                _seen(spans[1], profiles.after.memory_mb, after[function.arn]),
                hours=window / timedelta(hours=1),
                worse_percent=worse_percent,
            )
        )
    return compared


def _seen(span: Span, memory_mb: int, readings: Mapping[str, Measurement]) -> Window:
    return Window(
        start=span[0].isoformat(),
        end=span[1].isoformat(),
        memory_mb=memory_mb,
        **{name: readings.get(name, NOT_READ) for name in _READ},
    )


def _window(run_id: str, finished: datetime, now: datetime, lookback_days: float) -> timedelta:
    window = min(timedelta(days=lookback_days), now - finished) // _GRAIN * _GRAIN
    if window < _LEAST:
        minutes = _LEAST // timedelta(minutes=1)
        raise BadInput(f"{run_id} ended less than {minutes} minutes ago: ask again when there is something to measure.")
    return window


def _time(text: str) -> datetime:
    """A journal's time, to the minute, which CloudWatch works with."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(second=0, microsecond=0)
