"""Functions that operators meet, each with the verdict that an expert gives and the reason in one sentence.

The table of docs/advice.md is made of it: ``python -m tests.advice.page``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_tailor.aws.evidence_metrics import none_found
from lambda_tailor.model.evidence import Absent, AtMemory, Evidence, Recommendation, Trigger, Tuned
from lambda_tailor.model.function import LATEST, Found, Function, Lookup, Missing, Resource, Traffic
from tests.builders import ACCOUNT, REGION, a_function, measured

MILLION = 1_000_000.0
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda-role-dev"
MAY_TRACE: dict[Lookup, Resource] = {
    Lookup("role-may", f"{ROLE} xray:{action} *"): Found({"allowed": True})
    for action in ("PutTraceSegments", "PutTelemetryRecords")
}
NEVER = Absent(none_found("Invocations", 14))
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"


@dataclass(frozen=True, slots=True)
class Case:
    """A function, what is known of it, and what is said about it.

    ``verdict`` has a rule with what an expert says: the value proposed, or ``kept``, ``blocked`` or
    ``finding`` with words of the reason. ``notes`` are words of the notes on the function.
    """

    name: str
    what: str
    verdict: Mapping[str, Any]
    because: str
    function: Function
    seen: Evidence = field(default_factory=Evidence)
    policy: str = "right-size"
    notes: tuple[str, ...] = ()


def seen(invocations: float = MILLION, *, used: float | None = 96, samples: int = 1000, **given: Any) -> Evidence:
    """What two weeks showed: invocations, mean and longest run in ms, MB in use."""
    took = given.pop("took", 1200.0)
    readings: dict[str, Any] = {
        "invocations": measured(invocations, "count"),
        "duration_avg": measured(took, "ms", int(invocations)),
        "duration_p99": measured(2 * took, "ms", int(invocations)),
        "duration_max": measured(given.pop("longest", 2 * took), "ms", int(invocations)),
        "errors": measured(0, "count"),
    }
    if used is not None:
        readings["memory_used"] = measured(used, "MB", samples)
    return Evidence(**{**readings, **given})


def made(name: str, memory_mb: int = 1024, timeout_s: int = 30, **given: Any) -> Function:
    """A function whose resources around it are as they are after a plain deployment."""
    plain: dict[Lookup, Resource] = {
        Lookup("log-group", f"/aws/lambda/{name}"): Found(
            {"exists": True, "stored_bytes": 0, "retention_days": 30, "class": "STANDARD"}
        ),
        Lookup("duration-alarms", name): Missing(),
        Lookup("alarm", f"lambda-error-rate-{name}"): Missing(),
        Lookup("alarm", f"lambda-duration-{name}"): Missing(),
        Lookup("alarm-topic", ""): Found({"topic": TOPIC, "alarms": 4, "of": 5}),
        Lookup("provisioned", name): Missing(),
        Lookup("versions", name): Missing(),
        Lookup("recursion", name): Found({"recursive_loop": "Terminate"}),
        **MAY_TRACE,
    }
    return a_function(
        name, memory_mb=memory_mb, timeout_s=timeout_s, resources={**plain, **given.pop("resources", {})}, **given
    )


def at(memory_mb: int, took: float, runs: int = 500) -> AtMemory:
    """A mean duration at a size."""
    return AtMemory(memory_mb, runs, took, took, 96)


QUEUE = Trigger("queue", "orders", visibility_timeout_s=60)
GATEWAY = Trigger("request-response", "apigateway", limit_s=29.0)

FLEET = (
    Case(
        "image-resizer", "3008 MB, uses 96 MB, runs of 1.2 s",
        {"memory": 1769}, "A single thread feels nothing above one vCPU, and what lies below is not known yet.",
        made("image-resizer", 3008), seen(),
    ),
    Case(
        "nightly-report", "1024 MB, the longest of its few runs took 118 s, timeout 300 s",
        {"memory": "kept saves too little"}, "A quarter of a dollar a month is not worth a change of its size.",
        made("nightly-report", 1024, 300), seen(60, longest=118_000, took=60_000, used=220),
    ),
    Case(
        "video-index", "the same with many runs, timeout 200 s",
        {"memory": 704}, "Bound by CPU, the longest run has to stay under the timeout: the step ends where it does.",
        made("video-index", 1024, 200), seen(500_000, longest=118_000, took=60_000, used=220),
    ),
    Case(
        "pdf-export", "256 MB, runs end at the timeout of 60 s",
        {"memory": "kept runs end at its timeout", "timeout": 120},
        "Less CPU would end more of its runs; more time is what it needs.",
        made("pdf-export", 256, 60), seen(longest=60_000, took=20_000, used=100),
    ),
    Case(
        "webhook-echo", "1024 MB, a thousand runs of 5 ms",
        {"memory": "kept saves too little"}, "Under a cent a month pays for nobody's look at it.",
        made("webhook-echo", 1024), seen(1000, took=5.0),
    ),
    Case(
        "hot-path", "costs $0.18 a month to compute, three million runs",
        {"tracing": "kept adds too much"}, "Traces of $16 a month on compute of cents are out of proportion.",
        made("hot-path", 128), seen(1_500_000, took=1.0), "operate",
    ),
    Case(
        "old-import", "nobody has invoked it in two weeks",
        {"tracing": "kept nobody invokes it", "alarms": "kept there is no baseline"},
        "Nothing that costs is added for nobody.",
        made("old-import"), Evidence(invocations=NEVER), "operate",
    ),
    Case(
        "checkout", "healthy, and no alarm on Lambda here tells anybody",
        {"alarms": "finding would tell nobody"}, "An alarm without a topic is a cost and no alarm.",
        made("checkout", resources={Lookup("alarm-topic", ""): Missing()}), seen(), "operate",
    ),
    Case(
        "payments", "healthy, and other alarms tell a topic",
        {"error_rate_alarm": {"alarm": "lambda-error-rate-payments", "threshold": 1.0}},
        "Told to the topic that the others use, from ten invocations a period on, in two of three periods.",
        made("payments"), seen(), "operate",
    ),
    Case(
        "sync-contacts", "half of its runs fail",
        {"error_rate_alarm": "finding 50 % of its invocations fail"},
        "Half failing is something to repair, not a baseline to alarm above.",
        made("sync-contacts"), seen(errors=measured(MILLION / 2, "count")), "operate",
    ),
    Case(
        "catalogue", "all callers go through the alias live, which runs version 3 at 3008 MB",
        {"memory": 1769}, "Changing $LATEST moves no caller: nothing is counted before a rollout moves them.",
        made("catalogue", 3008, traffic=(Traffic("live", 1.0, "3", {"memory_mb": 3008}),)), seen(),
        notes=("live (100 %) at 3008 MB", "--guard", "none of its saving is counted"),
    ),
    Case(
        "search", "a quarter of the calls reach $LATEST, the rest the alias live",
        {"memory": 1769}, "The saving of the reached quarter is counted; the rest waits for a rollout.",
        made("search", 3008, traffic=(Traffic(LATEST, 0.25), Traffic("live", 0.75, "3"))), seen(2 * MILLION),
        notes=("live (75 %)",),
    ),
    Case(
        "rarely-logged", "40 REPORT records sampled of 28,000 invocations",
        {"memory": "kept only 40 REPORT records"}, "Forty samples are no basis, and they are not forty invocations.",
        made("rarely-logged", 3008), seen(28_000, samples=40),
    ),
    Case(
        "matrix-worker", "10240 MB for threads, uses 2400 MB",
        {"memory": 3136}, "It may use all its vCPUs: it keeps what it uses, and may save nothing.",
        made("matrix-worker", 10_240, 300), seen(used=2400, took=20_000),
    ),
    Case(
        "api-proxy", "100 ms at 2048 MB and at 1024 MB",
        {"memory": 512}, "Two sizes say that it waits; one more halving is as far as that is known.",
        made("api-proxy", 1024), seen(at_memory=(at(2048, 100), at(1024, 100))),
    ),
    Case(
        "hash-files", "twice as slow at half the size",
        {"memory": "kept no size is cheaper"}, "It computes: less memory costs the same and takes longer.",
        made("hash-files", 1024), seen(at_memory=(at(1024, 1000), at(512, 2000))),
    ),
    Case(
        "just-resized", "went from 3008 to 1769 MB today",
        {"memory": "kept no next step before this one is measured"}, "Another step now would rest on the old size.",
        made("just-resized", 1769), seen(at_memory=(at(3008, 1000),)),
    ),
    Case(
        "thumbnail-cache", "480 of 512 MB in use",
        {"memory": 640}, "It is about to run out of memory, whatever that costs.",
        made("thumbnail-cache", 512), seen(used=480),
    ),
    Case(
        "login", "behind API Gateway, longest run 20 s",
        {"memory": 832}, "The gateway gives up after 29 s: the step ends where the slowest run still fits.",
        made("login", 1024), seen(longest=20_000, triggers=(GATEWAY,)),
    ),
    Case(
        "order-intake", "from a queue that shows messages again after 60 s, longest run 55 s",
        {"memory": "kept bound by CPU"}, "A slower run would have its message worked on twice.",
        made("order-intake", 1024, 60), seen(longest=55_000, triggers=(QUEUE,)),
    ),
    Case(
        "clickstream", "throttled behind a Kinesis stream",
        {"memory": "kept throttles behind a stream"}, "The stream waits for it already.",
        made("clickstream", 1024),
        seen(throttles=measured(30, "count"), triggers=(Trigger("stream", "clicks"),)),
    ),
    Case(
        "slow-alarm", "has a duration alarm at 3 s, longest run 2.8 s",
        {"memory": "kept the alarm slow is set at 3 s"}, "The change itself would make the alarm ring.",
        made(
            "slow-alarm", 1024,
            resources={Lookup("duration-alarms", "slow-alarm"): Found({"thresholds_ms": {"slow": 3000.0}})},
        ),
        seen(longest=2_800),
    ),
    Case(
        "ledger-feed", "consumes a stream, and was 20 hours behind it",
        {"memory": "kept behind its stream"}, "Less CPU could cost it records that the stream keeps for a day only.",
        made("ledger-feed", 1024, 60, resources={Lookup("iterator-age", "ledger-feed"): Found({"most_ms": 72e6})}),
        seen(used=300, took=800.0, triggers=(Trigger("stream", "ledger"),)),
    ),
    Case(
        "flash-sale", "bursts to 800 at once and is throttled then",
        {"memory": "kept slower runs need more concurrency"}, "Slower runs are more of them at once.",
        made("flash-sale", 1024), seen(5 * MILLION, used=200, took=400.0, throttles=measured(4000, "count")),
    ),
    Case(
        "pool-client", "40 executions are reserved, 30 ran at once",
        {"memory": 896}, "The step ends where the slowest runs still fit into its reservation.",
        made("pool-client", 1024, reserved_concurrency=40),
        seen(used=200, concurrency_max=measured(30, "count")),
    ),
    Case(
        "canary-api", "an alias sends 90 % to version 3 and 10 % to version 4",
        {"memory": 1769}, "Nobody calls $LATEST: both versions keep what they have until a rollout moves them.",
        made("canary-api", 3008, traffic=(Traffic("live", 1.0, "3", {"memory_mb": 3008}),)),
        seen(), notes=("live (100 %) at 3008 MB",),
    ),
    Case(
        "sdk-default", "left at the default timeout of 3 s, its longest run took 2.9 s",
        {"timeout": 6, "memory": "kept 128 MB would fit"}, "The next slow answer would be cut off.",
        made("sdk-default", 128, 3), seen(used=70, took=900.0, longest=2_900),
    ),
    Case(
        "ml-image", "a 10 GB image, 8900 of 10240 MB in use",
        {"memory": "kept 10240 MB would fit", "timeout": "kept nothing to lower"},
        "It needs what it has, and its longest run of 40 s fits into 60 s.",
        made("ml-image", 10_240, 60, package_type="Image", runtime=None),
        seen(200_000, used=8900, took=9_000.0, longest=40_000),
    ),
    Case(
        "chat-stream", "streams its answers through a function URL, 25 s a run, 2048 MB",
        {"memory": 1769, "timeout": 510}, "Waiting costs by the memory; a timeout of 15 minutes only pays for hanging.",
        made("chat-stream", 2048, 900), seen(300_000, used=180, took=25_000.0, longest=170_000),
    ),
    Case(
        "monthly-invoice", "runs once a month for ten minutes",
        {"memory": "kept only 1 REPORT record", "timeout": "kept only 1 invocation"},
        "One run says nothing of the next, and its size costs cents.",
        made("monthly-invoice", 3008, 900), seen(1, used=400, samples=1, took=600_000.0, longest=600_000),
    ),
    Case(
        "month-end-batch", "its longest run takes 14 of the 15 minutes that Lambda gives",
        {"memory": "kept with threads, and its timeout is 900 s", "timeout": "kept Lambda gives no more than 900 s"},
        "It may use its threads, and has no minute to lose.",
        made("month-end-batch", 4096, 900), seen(2000, used=1200, took=600_000.0, longest=840_000),
    ),
    Case(
        "health-check", "ten million runs of 2 ms at 128 MB",
        {"memory": "kept 128 MB would fit", "timeout": "kept 3 s is the least given"}, "There is nothing to save.",
        made("health-check", 128, 3), seen(5 * MILLION, used=40, took=2.0, longest=90),
    ),
    Case(
        "vpc-java", "in a VPC, Java 21, starts cold now and then",
        {"memory": 960, "timeout": 3}, "A start has CPU of its own and is outside of the timeout: its runs decide.",
        made("vpc-java", 1536, in_vpc=True, runtime="java21"), seen(used=700, took=250.0, init_avg=measured(120)),
    ),
    Case(
        "arm-worker", "on arm64 already, 2048 MB",
        {"memory": 1769}, "One vCPU is 1769 MB there too.",
        made("arm-worker", 2048, architecture="arm64"), seen(used=150, took=3_000.0),
    ),
    Case(
        "order-saga", "a durable function",
        {"timeout": "kept replays look like short runs"}, "How long its steps take says nothing of its timeout.",
        made("order-saga", 1769, 300, durable=True), seen(used=1500), notes=("durable function",),
    ),
    Case(
        "steady-etl", "on managed instances",
        {"memory": "kept managed instances"}, "Its bill is that of the instances: a size of its own saves nothing.",
        made("steady-etl", 3008, managed_instances=True), seen(), notes=("billed by instance",),
    ),
    Case(
        "java-quote", "uses SnapStart",
        {"memory": 1769}, "The step is as for any other; a new version takes its snapshot again.",
        made("java-quote", 3008, snap_start=True), seen(), notes=("SnapStart",),
    ),
    Case(
        "tenant-api", "isolates tenants",
        {"memory": 1769}, "The step is as for any other; what cannot be used with isolation is said.",
        made("tenant-api", 3008, tenant_isolation=True), seen(), notes=("isolates tenants",),
    ),
    Case(
        "edge-auth", "a Lambda@Edge replica",
        {"memory": "blocked master function in us-east-1"}, "A replica cannot be changed, its master can.",
        made("edge-auth", 3008, master_arn="arn:aws:lambda:us-east-1:1:function:edge-auth:4"), seen(),
    ),
    Case(
        "warm-pool", "20 executions provisioned, 6 ever in use",
        {"provisioned_concurrency.live": 8}, "What was in use and a third more is enough.",
        made("warm-pool", 1024, resources={Lookup("provisioned", "warm-pool"): Found({"provisioned": {"live": 20}})}),
        seen(provisioned_max=measured(6, "count"), used=700),
    ),
    Case(
        "unzip", "10240 MB of /tmp, uses 300 MB of it",
        {"ephemeral_mb": 512}, "The first 512 MB are free, and it never needed more.",
        made("unzip", 1024, ephemeral_mb=10_240), seen(3 * MILLION, tmp_used=measured(300 * 2**20, "bytes"), used=700),
    ),
    Case(
        "tuned-parser", "tuned for cheapest last week: 640 MB",
        {"memory": 640}, "What was measured on itself wins over every rule of thumb.",
        made("tuned-parser", 1024),
        seen(tuned=Tuned(640, 1024, "cheapest", settled=True, slowdown=(0.95, 1.1), source="tuned 2026-11-18")),
    ),
    Case(
        "no-logs", "its logs may not be read; Compute Optimizer says 896 MB",
        {"memory": 1769}, "Advice of others goes one step at a time too.",
        made("no-logs", 3008),
        seen(
            used=None, memory_used=Absent("the logs may not be read"),
            recommendation=Recommendation(896, "Overprovisioned"),
        ),
    ),
    Case(
        "tiny-hook", "128 MB, uses 60 MB",
        {"memory": "kept 128 MB would fit"}, "There is nothing smaller.",
        made("tiny-hook", 128), seen(used=60),
    ),
    Case(
        "ordered-down", "the policy says 320 MB; longest run 118 s, timeout 200 s",
        {"memory": 320}, "Stated is proposed as stated, with the objection beside it and at high risk.",
        made("ordered-down", 1024, 200), seen(longest=118_000, used=220), "rules: {memory: {target_mb: 320}}",
    ),
    Case(
        "ordered-traces", "the policy says tracing; nobody invokes it",
        {"tracing": "Active"}, "Stated is proposed as stated, priced by the stated assumption.",
        made("ordered-traces"), Evidence(invocations=NEVER), "rules: {tracing: {mode: Active}}",
    ),
)  # fmt: skip
