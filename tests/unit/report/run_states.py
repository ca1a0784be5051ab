"""Runs and histories in the states that the pages are built for, with invented data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lambda_tailor.journal.outcomes import summarize
from lambda_tailor.model.evidence import Measured
from lambda_tailor.model.history import History, PastRun
from lambda_tailor.model.plan import Plan, PlannedFunction
from lambda_tailor.model.realized import Realized, RealizedFunction, Window
from lambda_tailor.model.rollout import Look, LookSide, Rollout, RolloutStatus, SideTotal
from lambda_tailor.model.run import Outcome, Result, Run, Status
from lambda_tailor.report import html
from lambda_tailor.report.figures import net_of
from tests.unit.report.plans import money
from tests.unit.report.states import LONG, METRICS, NONE, PLANS, a_few, one_function, showcase
from tests.unit.report.tune_states import TUNES


def a_run(plan: Plan, ends: Mapping[tuple[str, str], tuple[Result, str]] | None = None, **given: Any) -> Run:
    """A run of a plan: all applied but what ``ends`` says by (function, rule)."""
    outcomes = []
    for function in plan.functions:
        for change in (c for c in function.changes if c.kind == "change"):
            usual = (Result.BLOCKED, change.blocked) if change.blocked else (Result.APPLIED, "")
            result, detail = (ends or {}).get((function.name, change.rule), usual)
            outcomes.append(
                Outcome(
                    function=function.name,
                    region=function.region,
                    account_id=function.account_id,
                    rule=change.rule,
                    setting=change.setting,
                    before=change.before,
                    after=change.after,
                    outcome=result,
                    detail=detail,
                )
            )
    defaults: dict[str, Any] = {
        "run_id": "run-20261124T123110-52a420",
        "plan_id": plan.plan_id,
        "status": Status.SUCCEEDED,
        "started_at": "2026-11-24T12:31:10+00:00",
        "finished_at": "2026-11-24T12:31:58+00:00",
        "user": "arn:aws:sts::111122223333:assumed-role/platform-ci/maria",
        "outcomes": tuple(outcomes),
        "summary": summarize(outcomes),
    }
    return Run(**{**defaults, **given})


REFUSED = {
    ("search-indexer", "ephemeral-storage"): (Result.FAILED, "the role may not change the function (AccessDenied)"),
    ("thumbnailer", "memory"): (Result.ROLLED_BACK, "slower by more than 25 %: p95 842 to 1,104 ms in 2 hours"),
    ("thumbnailer", "architecture"): (Result.ROLLED_BACK, "slower by more than 25 %: p95 842 to 1,104 ms in 2 hours"),
}


def finished() -> tuple[Plan, Run, Realized | None]:
    """A finished run with a failure and two that went back, a week later."""
    plan = showcase()
    saved = {
        "orders-api": 171,
        "ml-scorer": 123,
        "clickstream-etl": 118,
        "events-ingest": 27,
        LONG: 16,
        "cart-sync": 6.8,
        "checkout-webhook": 3.1,
    }
    functions = tuple(judged(f, saved.get(f.name)) for f in plan.functions[:12])
    realized = Realized(run_id="run-20261124T123110-52a420", window_hours=168, worse_percent=10, functions=functions)
    return plan, a_run(plan, REFUSED, status=Status.FAILED), realized


def judged(function: PlannedFunction, saved: float | None) -> RealizedFunction:
    """A function a week after; nobody can tell where ``saved`` is None."""
    window = {
        name: Measured(1000, "ms", METRICS, 7.0, 5000)
        for name in ("invocations", "errors", "duration_avg", "duration_p50", "duration_p95")
    }
    before = Window(start="2026-11-17T12:31:00+00:00", end="2026-11-24T12:31:00+00:00", memory_mb=1, **window)
    after = Window(start="2026-11-24T12:32:00+00:00", end="2026-12-01T12:32:00+00:00", memory_mb=1, **window)
    promised = net_of(function)
    return RealizedFunction(
        account_id=function.account_id,
        region=function.region,
        function=function.name,
        before=before,
        after=after,
        per_million_usd=None,
        saved_usd=None if saved is None else Decimal(str(saved)),
        promised_usd=None if saved is None else promised,
        held=None if saved is None else Decimal(str(saved)) >= promised.low,
        because="only 3 invocations after the run, 20 are needed" if saved is None else "",
    )


def interrupted() -> tuple[Plan, Run, Realized | None]:
    """A run that was stopped half way."""
    plan = a_few()
    late = (Result.FAILED, "not reached: the run was interrupted")
    ends = {(f.name, c.rule): late for f in plan.functions[2:] for c in f.changes if c.blocked is None}
    return plan, a_run(plan, ends, status=Status.INTERRUPTED, finished_at=None), None


def put_back() -> tuple[Plan, Run, Realized | None]:
    """A run that somebody rolled back."""
    plan = a_few()
    return plan, a_run(plan, status=Status.ROLLED_BACK), None


def not_judged() -> tuple[Plan, Run, Realized | None]:
    """A run that is too young to be judged."""
    plan = a_few()
    return plan, a_run(plan), None


def guarded() -> tuple[Plan, Run, Realized | None]:
    """A run under guard: one function was promoted, one went back, one is still on its way."""
    plan = showcase()
    ends = {
        ("thumbnailer", rule): (Result.ROLLED_BACK, "slower by more than 25 %") for rule in ("memory", "architecture")
    }
    ways = (
        ("orders-api", RolloutStatus.PROMOTED, "better or equal", [(5, 486, 471), (25, 480, 477), (100, 478, 480)]),
        ("thumbnailer", RolloutStatus.ROLLED_BACK, "slower by 31 %, 25 % allowed", [(5, 842, 1010), (25, 838, 1104)]),
        ("ml-scorer", RolloutStatus.RUNNING, "", [(5, 95, None)]),
    )
    by_name = {function.name: function for function in plan.functions}
    rollouts = tuple(rollout(by_name[name], status, because, looks) for name, status, because, looks in ways)
    return plan, a_run(plan, ends, status=Status.INTERRUPTED, finished_at=None, rollouts=rollouts), None


def rollout(
    function: PlannedFunction, status: RolloutStatus, because: str, looks: Sequence[tuple[int, float, float | None]]
) -> Rollout:
    """A rollout with a look every twenty minutes: the new version's share, and the p99 of old and new."""

    def side(share: int, number: int, p99: float | None) -> LookSide:
        calls, took = share * 21 * number, (p99 or 0) * 0.57
        return LookSide(invocations=calls, errors=number, p50_ms=took * 0.45, p95_ms=took, lately_p99_ms=p99)

    shown = tuple(
        Look(
            at=f"2026-11-24T{12 + (31 + 20 * n) // 60}:{(31 + 20 * n) % 60:02}:10+00:00",
            share=share,
            old=side(100 - share, n, old),
            new=side(share, n, new),
            decision="next-step"
            if n < len(looks)
            else {"promoted": "promote", "rolled-back": "rollback"}.get(status.value, "stay"),  # type: ignore[arg-type]
            because=because or "so far not worse; next step at about 900 calls",
            slowdown=(0.02, -0.03, 0.08),
        )
        for n, (share, old, new) in enumerate(looks, 1)
    )
    bands = tuple((100 * 1.12**n, round(800 / (1 + abs(n - 9)))) for n in range(20))
    over = status is not RolloutStatus.RUNNING
    return Rollout(
        function=function.name, region=function.region, account_id=function.account_id, arn=function.arn,
        track="alias", alias="live", from_version="41", to_version="42", status=status, steps=(5, 25, 50, 100),
        share=looks[-1][0], started_at="2026-11-24T12:31:10+00:00", because=because, looks=shown,
        old=SideTotal(memory_mb=2048, runs=2114, billed_ms=212.0, usd_per_thousand=0.007, histogram=bands)
        if over else None,
        new=SideTotal(memory_mb=1024, runs=688, billed_ms=231.0, usd_per_thousand=0.004,
                      histogram=tuple((ms * 1.2, runs) for ms, runs in bands)) if over else None,
    )  # fmt: skip


def a_rollback() -> tuple[Plan, Run, Realized | None]:
    """The run that put another one back."""
    plan = one_function()
    ends = {(f.name, c.rule): (Result.ROLLED_BACK, "") for f in plan.functions for c in f.changes}
    return plan, a_run(plan, ends, of_run="run-20261124T123110-52a420", run_id="run-20261125T080000-0a0b0c"), None


RUNS: Mapping[str, Callable[[], tuple[Plan, Run, Realized | None]]] = {
    "run-finished": finished,
    "run-interrupted": interrupted,
    "run-put-back": put_back,
    "run-not-judged": not_judged,
    "run-rollback": a_rollback,
    "run-guarded": guarded,
}


def past(day: str, **given: Any) -> PastRun:
    """One run of a history."""
    defaults: dict[str, Any] = {
        "run_id": f"run-{day.replace('-', '')}T123110-52a420",
        "started_at": f"{day}T12:31:10+00:00",
        "user": "arn:aws:sts::111122223333:assumed-role/platform-ci/maria",
        "status": Status.SUCCEEDED,
        "of_run": None,
        "functions": 12,
        "changes": 38,
        "failed": 0,
        "promised_usd": money("210", "340"),
    }
    return PastRun(**{**defaults, **given})


def some_history() -> History:
    """Eight months of runs: measured, failed, put back."""
    return History(
        at="2026-11-24T12:00:00+00:00",
        runs=(
            past("2026-03-12", judged_usd=money("190", "300"), realized_usd=Decimal(214)),
            past(
                "2026-05-04", promised_usd=money("96", "141"), judged_usd=money("90", "120"), realized_usd=Decimal(71)
            ),
            past(
                "2026-06-20",
                promised_usd=money("40", "66"),
                until="2026-06-22T09:00:00+00:00",
                status=Status.ROLLED_BACK,
            ),
            past("2026-06-22", of_run="run-20260620T123110-52a420", promised_usd=NONE),
            past(
                "2026-09-01",
                promised_usd=money("118"),
                judged_usd=money("118"),
                realized_usd=Decimal(123),
                functions=1,
                changes=1,
            ),
            past("2026-11-17", promised_usd=money("554", "798"), status=Status.FAILED, failed=1),
        ),
    )


def no_history() -> History:
    """No run yet."""
    return History(at="2026-11-24T12:00:00+00:00", runs=())


HISTORIES: Mapping[str, Callable[[], History]] = {"history": some_history, "history-empty": no_history}


def pages() -> Mapping[str, str]:
    """Every state's page by its name."""
    return {
        **{name: html.render(make()) for name, make in PLANS.items()},
        **{name: html.render(*make()) for name, make in RUNS.items()},
        **{name: html.render_history(make()) for name, make in HISTORIES.items()},
        **{name: html.render_tunes(make()) for name, make in TUNES.items()},
    }
