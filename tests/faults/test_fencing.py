"""A run that slept while another took over writes nothing more; one that was killed holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from lambda_tailor.aws.gateway import writes
from lambda_tailor.journal.database import open_engine
from lambda_tailor.journal.tables import LEASES
from tests.integration.conftest import Aws, postgres
from tests.integration.test_journal_databases import there, url
from tests.own_tree import environment

__all__ = ["postgres", "there", "url"]

LOOK = "lambda:GetFunction"


def begun(aws: Aws, *command: str) -> subprocess.Popen[str]:
    """The command line on its own, with the quotas of the embedded AWS out of the way."""
    return subprocess.Popen(
        [sys.executable, "-m", "lambda_tailor", *command, "--quota-share", "1000", "-q"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def until_held(aws: Aws, process: subprocess.Popen[str], call: str) -> None:
    until = time.monotonic() + 30
    while aws.control.held() != [call] and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert aws.control.held() == [call], process.communicate()


def leases_expire(url: str) -> None:
    """A minute later, as the database's clock would have it."""
    with open_engine(url).begin() as connection:
        assert connection.execute(LEASES.update().values(expires_at=1.0)).rowcount == 1


@pytest.fixture
def asleep(there: Aws) -> Iterator[subprocess.Popen[str]]:
    """An apply that sleeps while it looks at the function that it will write next."""
    there.control.reset()
    there.json("plan", "-e", "dev")
    planned = there.control.calls()[LOOK]
    there.control.fail(operation=LOOK, nth=planned + 1, kind="hang", account=there.account)
    process = begun(there, "apply", "-e", "dev", "--auto-approve")
    until_held(there, process, LOOK)
    os.kill(process.pid, signal.SIGSTOP)
    yield process
    process.kill()
    process.communicate()


def written(aws: Aws) -> list[str]:
    return [name for _, _, name, _ in aws.control.log() if writes(name.partition(":")[2])]


def test_a_run_that_slept_while_another_put_it_back_writes_nothing_more(
    there: Aws, url: str, asleep: subprocess.Popen[str]
) -> None:
    leases_expire(url)
    there.control.clear_faults()
    run = there.json("runs")["runs"][0]["run_id"]
    assert there.json("rollback", run, "--auto-approve")["status"] == "succeeded"
    state, before = there.snapshot(), len(written(there))
    os.kill(asleep.pid, signal.SIGCONT)
    _, err = asleep.communicate(timeout=60)
    assert asleep.returncode == 1
    assert "took over lambda-function-dev" in err
    assert written(there)[before:] == []
    assert there.snapshot() == state


def test_a_run_that_slept_and_was_resumed_elsewhere_does_not_say_how_it_ended(
    there: Aws, url: str, asleep: subprocess.Popen[str]
) -> None:
    leases_expire(url)
    there.control.clear_faults()
    run = there.json("runs")["runs"][0]["run_id"]
    resumed = there.json("resume", run, "--auto-approve")
    assert resumed["status"] == "succeeded"
    before = len(written(there))
    os.kill(asleep.pid, signal.SIGCONT)
    asleep.communicate(timeout=60)
    assert asleep.returncode == 1
    assert written(there)[before:] == []
    assert there.json("runs", run) == {**resumed, "api_calls": there.json("runs", run)["api_calls"]}


def test_a_run_that_slept_and_was_not_missed_goes_on(there: Aws, url: str, asleep: subprocess.Popen[str]) -> None:
    leases_expire(url)
    there.control.clear_faults()
    os.kill(asleep.pid, signal.SIGCONT)
    _, err = asleep.communicate(timeout=60)
    assert asleep.returncode == 0, err
    assert there.json("runs")["runs"][0]["status"] == "succeeded"


def test_the_lease_of_a_killed_run_is_free_at_once(there: Aws, url: str) -> None:
    there.control.fail(operation="lambda:UpdateFunctionConfiguration", kind="hang", account=there.account)
    process = begun(there, "apply", "-e", "dev", "--auto-approve")
    until_held(there, process, "lambda:UpdateFunctionConfiguration")
    process.kill()
    process.communicate()
    there.control.clear_faults()
    with open_engine(url).connect() as connection:
        assert len(connection.execute(sa.select(LEASES)).all()) == 1
    began = time.monotonic()
    run = there.json("runs")["runs"][0]["run_id"]
    assert there.json("resume", run, "--auto-approve")["status"] == "succeeded"
    assert time.monotonic() - began < 30
