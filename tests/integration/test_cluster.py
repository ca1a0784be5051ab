"""A Dask cluster does the work: a real scheduler, two real workers, one of them killed in the middle of an apply."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa

from lambda_tailor import paths
from lambda_tailor.applying.scope_run import ScopeRun, carry_out_remotely
from lambda_tailor.aws.accounts import Scope
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.demo.emulator import _free_port
from lambda_tailor.errors import AccessDenied, AwsRefused, JournalError
from tests.integration.conftest import Aws

pytest.importorskip("distributed", reason="the extra fleet is not installed")

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")
NAMES = ("a", "b", "c")
ASKED = ("--all", "--preset", "reference", "--rules", "memory,timeout,tracing,reserved-concurrency",
         *(argument for region in REGIONS for argument in ("--region", region)))  # fmt: skip
UP_WITHIN_S = 30
TRACING = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A scheduler and its workers."""

    url: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def shared(aws: Aws, postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An account with three functions in each of four regions, and a journal that all reach."""
    server = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    name = f"c{os.getpid()}_{time.monotonic_ns()}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    journal = server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", journal)
    yield aws
    with admin.connect() as connection:
        connection.execute(sa.text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.fixture
def spread(shared: Aws, deploy: Callable[..., Any]) -> Aws:
    code = shared_package()
    role = deploy("seed")["Role"]
    boto3.client("lambda").delete_function(FunctionName="seed")
    # Without it AWS refuses the active tracing that is asked for.
    boto3.client("iam").attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=TRACING)
    for region in REGIONS:
        functions = boto3.client("lambda", region_name=region)
        for name in NAMES:
            functions.create_function(
                FunctionName=name, Runtime="python3.12", Handler="index.handler", Role=role, Code={"ZipFile": code},
                MemorySize=3008, Timeout=300, Environment={"Variables": {"TOKEN": "canary, which may not travel"}},
            )  # fmt: skip
            functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return shared


def shared_package() -> bytes:
    import io
    import zipfile

    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as packed:
        packed.writestr("index.py", "def handler(event, context): pass")
    return package.getvalue()


@pytest.fixture
def cluster(spread: Aws, tmp_path: Path) -> Iterator[Cluster]:
    url = f"tcp://127.0.0.1:{_free_port()}"
    common = ["--no-dashboard", "--host", "127.0.0.1"]
    processes = [start(tmp_path, "scheduler", *common, "--port", url.rpartition(":")[2])]
    try:
        workers = [
            start(tmp_path, "worker", url, *common, "--no-nanny", "--nthreads", "2", "--name", f"w{n}",
                  "--local-directory", str(tmp_path / f"w{n}"))
            for n in range(2)
        ]  # fmt: skip
        processes += workers
        ready(url, 2)
        yield Cluster(url, workers)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start(folder: Path, what: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A process of the cluster, with the environment of the test: a worker has credentials of its own."""
    with (folder / f"{what}.log").open("ab") as log:
        command = [sys.executable, "-m", "dask", what, *arguments]
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


def ready(url: str, workers: int) -> None:
    from distributed import Client

    until = time.monotonic() + UP_WITHIN_S
    while True:
        try:
            with Client(url, timeout=2, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=UP_WITHIN_S)
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def memory() -> set[int]:
    return {
        boto3.client("lambda", region_name=region).get_function_configuration(FunctionName=name)["MemorySize"]
        for region in REGIONS
        for name in NAMES
    }


def asked_of_the_journal(question: str) -> int:
    # Asked over and over, so that no connection may stay open: the server takes a hundred.
    url = os.environ["LAMBDA_TAILOR_JOURNAL"].replace("://", "+psycopg://")
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return int(connection.execute(sa.text(question)).scalar_one())


def connections_end() -> bool:
    """Whether nobody but the one that asks is connected to the journal's database; a server needs a moment for it."""
    until = time.monotonic() + 5
    question = "select count(*) from pg_stat_activity where datname = current_database()"
    while (others := asked_of_the_journal(question) > 1) and time.monotonic() < until:
        time.sleep(0.05)
    return not others


def intended() -> int:
    try:
        return asked_of_the_journal("select count(*) from steps where call <> ''")
    except sa.exc.ProgrammingError:
        return 0


def test_workers_plan_what_threads_plan(spread: Aws, cluster: Cluster) -> None:
    here = spread.json("plan", *ASKED)
    there = spread.json("plan", *ASKED, "--scheduler", cluster.url)
    assert there["plan_id"] == here["plan_id"] and there["functions"] == here["functions"]
    assert there["api_calls"] == here["api_calls"]


def test_a_worker_that_dies_in_the_middle_of_an_apply_has_its_task_done_by_another(
    spread: Aws, cluster: Cluster
) -> None:
    killed: list[int] = []

    def kill_when_it_has_begun() -> None:
        until = time.monotonic() + 60
        # Both workers have written by then, and wait for what AWS makes of it.
        while intended() < 10 and time.monotonic() < until:
            time.sleep(0.02)
        cluster.workers[0].send_signal(signal.SIGKILL)
        killed.append(intended())

    spread.control.reset()
    killer = threading.Thread(target=kill_when_it_has_begun)
    killer.start()
    run = spread.json("apply", *ASKED, "--auto-approve", "--scheduler", cluster.url)
    killer.join()
    assert cluster.workers[0].wait(10) == -signal.SIGKILL
    # It had begun, and was far from done: 12 functions with a configuration and a reservation each.
    assert 10 <= killed[0] < 24
    assert run["status"] == "succeeded" and run["summary"]["applied"] == 48
    # Exactly once: what AWS was asked for counts, not what the journal says of it.
    assert set(spread.control.writes().values()) == {12}, spread.control.writes()
    assert memory() == {1024}
    assert spread.json("plan", *ASKED)["summary"]["changes"] == 0
    undone = spread.json("rollback", "latest", "--auto-approve", "--scheduler", cluster.url)
    assert undone["summary"]["rolled_back"] == 48
    assert memory() == {3008}


def test_ctrl_c_reaches_the_workers_and_the_run_can_be_finished(spread: Aws, cluster: Cluster) -> None:
    # So slow that it cannot be over before the workers look whether they shall stop.
    asked = [*ASKED, "--auto-approve", "--scheduler", cluster.url, "--quota-share", "0.03"]
    program = subprocess.Popen(
        [sys.executable, "-m", "lambda_tailor", "apply", *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until = time.monotonic() + 60
    while intended() < 2 and time.monotonic() < until:
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=120)
    assert program.returncode == 1
    (run,) = spread.json("runs")["runs"]
    assert run["status"] == "interrupted" and f"lambda-tailor resume {run['run_id']}".encode() in out
    done = intended()
    assert 2 <= done < 24
    resumed = spread.json("resume", "latest", "--auto-approve", "--scheduler", cluster.url)
    assert resumed["status"] == "succeeded" and intended() == 24 and memory() == {1024}


def work(run_id: str, mark: str = "") -> ScopeRun:
    scope = Scope("us-east-1", None, "123456789012")
    return ScopeRun(run_id=run_id, scope=scope, connection=Connection(), who="somebody", vault_mark=mark)


def test_a_worker_with_another_key_or_journal_writes_nothing(shared: Aws) -> None:
    with pytest.raises(JournalError, match="another key") as refused:
        carry_out_remotely(work("run-1", mark="not this one"))
    # Whoever still looks at the error keeps no connection of the worker's open.
    assert refused.traceback and connections_end()
    with pytest.raises(JournalError, match="does not know the run"):
        carry_out_remotely(work("run-1"))
    assert paths.key_file().exists()


def test_errors_travel() -> None:
    import pickle

    for error in (AccessDenied("no", action="a:B"), AwsRefused("no", code="X", lost=True)):
        back = pickle.loads(pickle.dumps(error))
        assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))
