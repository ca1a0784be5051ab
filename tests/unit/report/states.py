"""The states that the pages are built for, as plans and runs with invented data. Each has a golden page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lambda_tailor.model.evidence import AT_SIZE, Quote
from lambda_tailor.model.plan import Change, Kept, MonthlyUsd, Plan, PlannedFunction, Problem, Series
from lambda_tailor.model.verdict import Risk
from tests.unit.report.plans import a_change, a_plan, money

SHOP, DATA = "111122223333", "444455556666"
LOGS, METRICS = "REPORT records", "CloudWatch"
NONE = money("0")


def series(name: Any, around: float, wave: float = 0.3, days: int = 14) -> Series:
    """A wavy fortnight, the same each time."""
    values = tuple(round(around * (1 + wave * math.sin(1.7 * n) * math.cos(0.6 * n)), 1) for n in range(days))
    return Series(name=name, first_day="2026-11-10", values=values)


def sizes(*measured: tuple[int, float, int]) -> tuple[Quote, ...]:
    """Billed ms at memory sizes, over so many runs."""
    return tuple(Quote(f"{AT_SIZE}{mb}", ms, "ms", LOGS, 14.0, runs) for mb, ms, runs in measured)


def memory(
    before: int, after: int, used: float, usd: MonthlyUsd, *measured: tuple[int, float, int], **more: Any
) -> Change:
    """A change of memory with its evidence."""
    quotes = (
        Quote("memory_used", used, "MB", LOGS, 14.0, 402_118),
        Quote("invocations", 17_600_000, "count", METRICS, 14.0, 336),
    )
    given = {"reason": f"at most {used:,.0f} MB were in use", "evidence": (*quotes, *sizes(*measured))}
    return a_change(before=before, after=after, monthly_usd=usd, **{**given, **more})


def arm(usd: MonthlyUsd) -> Change:
    """A change of architecture."""
    return a_change(
        rule="architecture",
        setting="architecture",
        before="x86_64",
        after="arm64",
        evidence=(),
        reason="nothing in its code is made for x86",
        monthly_usd=usd,
        risk=Risk.LOW,
    )


def logs(usd: MonthlyUsd) -> Change:
    """Logs that expire."""
    return a_change(
        rule="log-retention",
        setting="retention_days",
        before=None,
        after=30,
        evidence=(),
        reason="older logs are deleted",
        monthly_usd=usd,
        risk=Risk.MEDIUM,
    )


def tracing(usd: MonthlyUsd) -> Change:
    """Traces, which cost."""
    return a_change(
        rule="tracing",
        setting="tracing",
        before="PassThrough",
        after="Active",
        evidence=(),
        reason="shows where the time goes",
        monthly_usd=usd,
    )


def alarm(usd: MonthlyUsd) -> Change:
    """An alarm on the error rate."""
    after = {"alarm": "errors", "threshold": 1.0}
    return a_change(
        rule="alarms",
        setting="error_rate_alarm",
        before=None,
        after=after,
        evidence=(),
        reason="there is no such alarm",
        risk=Risk.NONE,
        monthly_usd=usd,
    )


def storage(before: int, after: int, used: int, usd: MonthlyUsd) -> Change:
    """Less of /tmp."""
    return a_change(
        rule="ephemeral-storage",
        setting="ephemeral_mb",
        before=before,
        after=after,
        evidence=(),
        reason=f"at most {used:,} MB of /tmp were in use",
        monthly_usd=usd,
    )


def timeout(before: int, after: int, **more: Any) -> Change:
    """Another timeout."""
    given = {"reason": "the longest run took 4.1 s", "monthly_usd": NONE, "evidence": (), **more}
    return a_change(rule="timeout", setting="timeout_s", before=before, after=after, **given)


def queue(name: str) -> Change:
    """A dead-letter queue that the role may not send to."""
    return a_change(
        rule="dead-letter-queue",
        setting="dead_letter_arn",
        before=None,
        evidence=(),
        reason="",
        after=f"arn:aws:sqs:eu-west-1:{SHOP}:lambda-dlq-{name}",
        risk=Risk.HIGH,
        monthly_usd=NONE,
        reason_code="role-may-not-send",
        blocked="the role may not send to it",
    )


def a_function(
    name: str, account: str, region: str, *changes: Change, cost: str | None = None, **more: Any
) -> PlannedFunction:
    """A function of one of the two accounts."""
    return PlannedFunction(
        account_id=account,
        region=region,
        name=name,
        arn=f"arn:aws:lambda:{region}:{account}:function:{name}",
        revision_id="rev-1",
        owner=None,
        changes=changes,
        monthly_cost_usd=None if cost is None else money(cost),
        **more,
    )


IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
LONG = "AuthStack-TokenAuthorizerFunction-1JX9K2ZQ4M7TB"


def a_fleet(*functions: PlannedFunction) -> Plan:
    """A plan with what its figures rest on."""
    plan = a_plan(*functions)
    told = {
        "prices": ["eu-west-1: as of 2025-10-28 (compute), 2026-11-23 (logs, traces)"],
        "evidence": {"metrics": 118, "scanned_bytes": 82_000_000, "usd": "0.41", "not_read": []},
    }
    return replace(
        plan, assumptions={**plan.assumptions, **told}, policy="right-size", created_at="2026-11-24T10:12:00Z"
    )


def showcase() -> Plan:
    """Fourteen functions of two accounts with one of everything."""
    busy = (series("invocations", 1_257_000), series("memory_used", 980, 0.05))
    steady = (series("invocations", 34_860), series("memory_used", 1500, 0.04))
    photos = (series("invocations", 300_000), series("memory_used", 610, 0.06))
    return a_fleet(
        a_function(
            "orders-api",
            SHOP,
            IRELAND,
            memory(3008, 1536, 1012, money("121", "189"), (1536, 780, 5210), (3008, 700, 402_118)),
            arm(money("51", "60")),
            logs(money("9.1")),
            tracing(money("-12", "-5")),
            alarm(money("-0.3")),
            cost="486",
            series=busy,
            notes=("callers of live keep the configuration of version 41: apply with --guard",),
        ),
        a_function(
            "clickstream-etl",
            DATA,
            VIRGINIA,
            memory(3008, 2048, 1544, money("38", "96"), (1536, 9100, 840), (2048, 7200, 1212), (3008, 5200, 16_604)),
            arm(money("31", "37")),
            logs(money("13")),
            storage(10_240, 2048, 1120, money("9.8")),
            timeout(
                900,
                120,
                blocked="a run of 214 s was seen in the last 14 days",
                risk=Risk.HIGH,
                reason="",
                reason_code="longer-run-seen",
            ),
            cost="311",
            series=steady,
        ),
        a_function(
            "ml-scorer",
            DATA,
            IRELAND,
            a_change(
                rule="provisioned-concurrency",
                setting="provisioned_concurrency.live",
                before=40,
                after=12,
                reason="at most 11 of 40 were in use",
                monthly_usd=money("118"),
                evidence=(),
            ),
            logs(money("4.4")),
            alarm(money("-0.3")),
            cost="402",
        ),
        a_function(
            "thumbnailer",
            SHOP,
            IRELAND,
            memory(2048, 1024, 641, money("29", "61"), (2048, 480, 94_006)),
            arm(money("15", "18")),
            logs(money("3.1")),
            alarm(money("-0.3")),
            cost="178",
            series=photos,
        ),
        a_function(
            "legacy-import",
            SHOP,
            VIRGINIA,
            memory(
                1792,
                1024,
                500,
                money("32", "42"),
                assumed=True,
                evidence=(),
                reason="the policy's target",
                risk=Risk.MEDIUM,
            ),
            logs(money("2")),
            cost="58",
        ),
        a_function(
            "invoice-pdf",
            DATA,
            IRELAND,
            memory(
                3008,
                1536,
                900,
                money("22", "35"),
                risk=Risk.HIGH,
                assumed=True,
                reason_code="short-window",
                reason="only 3 days of load were seen, and no end of a month",
            ),
            logs(money("1.4")),
            alarm(money("-0.3")),
            cost="88",
        ),
        a_function(
            "events-ingest",
            DATA,
            IRELAND,
            arm(money("23", "25")),
            logs(money("8")),
            tracing(money("-6", "-1")),
            queue("events-ingest"),
            cost="142",
        ),
        a_function(
            LONG,
            SHOP,
            IRELAND,
            memory(1024, 512, 210, money("11", "22"), (1024, 90, 51_300)),
            tracing(money("-2", "-1")),
            cost="37",
        ),
        a_function(
            "search-indexer",
            SHOP,
            VIRGINIA,
            storage(10_240, 512, 120, money("14")),
            logs(money("3")),
            alarm(money("-0.3")),
            cost="36",
        ),
        a_function(
            "nightly-report",
            DATA,
            IRELAND,
            memory(3008, 1769, 1100, money("6", "14"), (3008, 61_000, 14)),
            timeout(900, 300, risk=Risk.MEDIUM, reason="no run was measured"),
            logs(money("1.2")),
            cost="64",
        ),
        a_function(
            "checkout-webhook",
            SHOP,
            IRELAND,
            memory(1024, 768, 400, money("9", "18"), (1024, 210, 88_021)),
            tracing(money("-4")),
            queue("checkout-webhook"),
            cost="41",
        ),
        a_function(
            "cart-sync",
            SHOP,
            IRELAND,
            memory(512, 384, 190, money("4.2", "7"), (512, 130, 40_112)),
            logs(money("1.3")),
            queue("cart-sync"),
            cost="22",
        ),
        a_function(
            "email-sender",
            SHOP,
            IRELAND,
            timeout(60, 15),
            a_change(
                rule="reserved-concurrency",
                setting="reserved_concurrency",
                before=None,
                after=20,
                evidence=(),
                reason="caps a runaway at 20 executions; at most 6 ran at once",
                risk=Risk.MEDIUM,
                monthly_usd=NONE,
            ),
            alarm(money("-0.3")),
            cost="9",
        ),
        a_function(
            "payment-capture",
            SHOP,
            IRELAND,
            timeout(300, 30),
            alarm(money("-0.3")),
            memory(
                1024,
                512,
                1024,
                money("18", "25"),
                reason="",
                risk=Risk.HIGH,
                reason_code="memory-in-use",
                blocked="1,024 MB were in use in the last 14 days (REPORT records)",
            ),
            cost="96",
        ),
    )


def a_few() -> Plan:
    """Some of them."""
    return a_fleet(*showcase().functions[:8:2])


def nothing_to_change() -> Plan:
    """Functions that all fit; one has something blocked."""
    stopped = timeout(900, 120, blocked="a run of 214 s was seen in the last 14 days", risk=Risk.HIGH, reason="")
    return a_plan(a_function("fits", SHOP, IRELAND), a_function("fits-too", SHOP, IRELAND, stopped))


def one_function() -> Plan:
    """A plan of a single function."""
    return a_plan(showcase().functions[0])


def no_prices() -> Plan:
    """A region without prices beside one with."""
    nowhere = a_function("far-away", SHOP, "cn-north-1", memory(1024, 512, 200, NONE), logs(NONE))
    return a_plan(*showcase().functions[:2], nowhere)


def all_assumed() -> Plan:
    """No load was measured anywhere."""
    functions = [
        replace(f, changes=tuple(replace(c, assumed=True) for c in f.changes), series=())
        for f in showcase().functions[3:6]
    ]
    return a_plan(*functions)


def net_negative() -> Plan:
    """What it adds is more than what it saves."""
    return a_plan(
        a_function("careful", SHOP, IRELAND, tracing(money("-12", "-6")), logs(money("2")), alarm(money("-0.3"))),
        a_function("more-careful", SHOP, IRELAND, alarm(money("-0.3")), timeout(300, 30)),
    )


def across_zero() -> Plan:
    """Nobody can tell whether it saves."""
    return a_plan(a_function("unsure", SHOP, IRELAND, memory(1024, 896, 700, money("-8", "27"), (1024, 400, 9000))))


def six_figures() -> Plan:
    """Money that breaks the line."""
    return a_plan(
        a_function(
            "the-big-one",
            SHOP,
            IRELAND,
            memory(10_240, 3008, 2012, money("412345", "987654"), (10_240, 4100, 90_000_000)),
            cost="1234567",
        ),
        a_function("the-other", DATA, IRELAND, tracing(money("-123456", "-98765"))),
    )


def long_names() -> Plan:
    """Names of 64 characters without a hyphen."""
    return a_plan(
        *(
            a_function(
                letter * 64,
                SHOP,
                IRELAND,
                memory(1024, 512, 200, money("11", "22"), (1024, 90, 500)),
                queue(letter * 64),
                alarm(money("-0.3")),
            )
            for letter in "WMx"
        )
    )


def unread_account() -> Plan:
    """An account that could not be read."""
    plan = a_few()
    problem = Problem(
        account_id="777788889999",
        region=IRELAND,
        subject="account 777788889999",
        because="its role could not be assumed (AccessDenied): check the trust policy",
    )
    return replace(plan, problems=(problem,))


PLANS: Mapping[str, Callable[[], Plan]] = {
    "showcase": showcase,
    "nothing-to-change": nothing_to_change,
    "one-function": one_function,
    "no-prices": no_prices,
    "all-assumed": all_assumed,
    "net-negative": net_negative,
    "across-zero": across_zero,
    "six-figures": six_figures,
    "long-names": long_names,
    "unread-account": unread_account,
}


def a_hundred() -> Plan:
    """A hundred functions: the fourteen, many like each other, and some whose load is not known."""
    alike = [
        replace(
            a_function(
                f"worker-{n:02d}",
                SHOP,
                IRELAND,
                memory(1024, 512, 200 + n, money(f"{n % 9}.10", f"{n % 9 + 3}.20"), (1024, 90, 500 + n)),
                logs(money("0.4")),
                alarm(money("-0.3")),
            )
        )
        for n in range(75)
    ]
    unknown = Kept("memory", "memory_mb", 512, "its memory use is not known: there were no calls in 14 days")
    silent = [replace(a_function(f"silent-{n:02d}", SHOP, IRELAND, logs(NONE)), kept=(unknown,)) for n in range(11)]
    return a_fleet(*showcase().functions, *alike, *silent)
