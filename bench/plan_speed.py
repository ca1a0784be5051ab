"""How long planning takes without waiting for AWS, and how much memory: python -m bench.plan_speed."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time

from lambda_tailor.model.evidence import AtMemory, Evidence, Measured, Trigger
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Resource
from lambda_tailor.planning.asking import lookups_of
from lambda_tailor.planning.planner import make_plan
from lambda_tailor.planning.scope import ScopeData
from lambda_tailor.planning.worth import worth
from lambda_tailor.policy.file import load_preset
from lambda_tailor.rules.rule import ConcurrencyPool

ACCOUNT, REGION = "123456789012", "us-east-1"
SIZES = (128, 256, 512, 1024, 2048, 3008)


def a_function(n: int) -> Function:
    """One of a fleet, as an inventory would list it."""
    name = f"service-{n % 40}-function-{n:05}"
    return Function(
        account_id=ACCOUNT,
        region=REGION,
        name=name,
        arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        revision_id=f"revision-{n}",
        suffix=name,
        runtime=random.choice(("python3.12", "python3.8", "nodejs20.x", "java21")),
        memory_mb=random.choice(SIZES),
        timeout_s=random.choice((3, 30, 300, 900)),
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/service-{n % 40}",
        log_group=f"/aws/lambda/{name}",
    )


def what_it_did(function: Function) -> Evidence:
    """Fourteen days of one function, random but possible."""
    runs = random.randint(0, 500_000)
    took = random.uniform(5, 900 * function.timeout_s)

    def measured(value: float, unit: str = "ms") -> Measured:
        return Measured(value, unit, "bench", 14.0, runs)

    size = AtMemory(function.memory_mb, runs, took, took, function.memory_mb / 3)
    return Evidence(
        invocations=measured(runs, "count"),
        errors=measured(runs * random.uniform(0, 0.02), "count"),
        throttles=measured(0, "count"),
        duration_avg=measured(took),
        duration_p99=measured(took),
        duration_max=measured(took * 1.1),
        concurrency_max=measured(random.randint(1, 40), "count"),
        memory_used=measured(random.uniform(40, function.memory_mb), "MB"),
        billed_avg=measured(took),
        async_events=measured(random.choice((0, runs)), "count"),
        at_memory=(size,),
        triggers=(Trigger("queue", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", visibility_timeout_s=30),),
    )


def resource(lookup: Lookup) -> Resource:
    """What would have been found of a resource around a function."""
    match lookup.kind:
        case "log-group":
            return Found({"exists": True, "stored_bytes": 1, "retention_days": None, "class": "STANDARD"})
        case "may-send":
            return Found({"allowed": True})
        case "recursion":
            return Found({"recursive_loop": "Terminate"})
        case _:
            return Missing()


def plan(count: int) -> None:
    """Plan for so many functions and print the seconds and the peak of memory."""
    import resource
    from dataclasses import replace

    random.seed(count)
    policy = load_preset("right-size")
    bare = [a_function(n) for n in range(count)]
    resources = {lookup: resource(lookup) for lookup in lookups_of(policy, bare)}
    functions = [replace(function, resources=resources) for function in bare]
    reading = ScopeData(
        account_id=ACCOUNT,
        region=REGION,
        functions=functions,
        evidence={function.arn: what_it_did(function) for function in functions},
        pool=ConcurrencyPool(1000, 0),
    )
    began = time.perf_counter()
    lookups_of(policy, functions)
    made = make_plan(
        policy, [reading], worth=lambda each: worth(policy.assumptions, each), created_at="2026-01-01T00:00:00+00:00"
    )
    took = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:>6} functions: {took:.2f} s, {peak_mb:.0f} MB, {made.summary.changes} changes", flush=True)


def main() -> None:
    """Each size in a process of its own, so that the peaks are its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, nargs="+", default=[500, 10_000])
    parser.add_argument("--here", action="store_true", help="in this process")
    asked = parser.parse_args()
    for count in asked.functions:
        if asked.here:
            plan(count)
        else:
            subprocess.run([sys.executable, "-m", "bench.plan_speed", "--here", "--functions", str(count)], check=True)


if __name__ == "__main__":
    main()
