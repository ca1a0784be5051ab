"""The program in a process of its own within milliseconds: forked, so that it can be killed and stopped for real.

A child imports nothing and knows every model of AWS already; what it opens it opens itself.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, NoReturn

import boto3
import botocore.session

from lambda_tailor import clock
from lambda_tailor.applying import apply_operation, looks
from lambda_tailor.aws import accounts, claims, observer, scopes
from lambda_tailor.aws.gateway import Connection, Gateway, writes
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.errors import TailorError
from lambda_tailor.journal.group_commit import GroupCommit
from lambda_tailor.settings.setting import Call

ENDS_WITHIN_S = 60.0
SERVICES = (
    "lambda", "logs", "cloudwatch", "sqs", "iam", "secretsmanager", "sts", "tagging", "application-autoscaling",
    "compute-optimizer", "xray", "s3", "kms", "dynamodb", "kinesis", "events",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strike:
    """What befalls the process itself at its ``nth`` call: of those that write, or of all since its run began."""

    kind: Literal["kill", "stop"]
    nth: int
    only_writes: bool
    when: Literal["before", "after"] = "before"


@dataclass(frozen=True, slots=True)
class Told:
    """What a process says when it ends: what its work gave back, or the error that a user would have read."""

    answer: Any = None
    refused: str = ""
    traceback: str = ""


@dataclass(slots=True)
class Child:
    """A forked process; ``told`` is None while it goes on, and where it was killed."""

    pid: int
    pipe: int
    heard: bytes = b""
    told: Told | None = None
    over: bool = False

    def wait(self) -> Literal["over", "stopped"]:
        """Until it ends or stops itself. It is killed where it does neither in time, and that is an error."""
        until = time.monotonic() + ENDS_WITHIN_S
        while time.monotonic() < until:
            if select.select([self.pipe], [], [], 0.002)[0]:
                self.heard += os.read(self.pipe, 1 << 16)
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFSTOPPED(status):
                return "stopped"
            if pid:
                self._ended()
                return "over"
        self.kill()
        raise AssertionError(f"a process did not end within {ENDS_WITHIN_S:.0f} s")

    def go_on(self) -> None:
        """Wake it."""
        os.kill(self.pid, signal.SIGCONT)

    def wake(self) -> None:
        """Wake it, and wait until it ends; a stop may be told of twice where several threads were stopped."""
        for _ in range(5):
            self.go_on()
            if self.wait() == "over":
                return
        raise AssertionError("a process does not wake")

    def kill(self) -> None:
        """End it for good, wherever it is."""
        if not self.over:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._ended()

    def _ended(self) -> None:
        while chunk := os.read(self.pipe, 1 << 16):
            self.heard += chunk
        os.close(self.pipe)
        self.over = True
        if self.heard:
            self.told = Told(**json.loads(self.heard))


@dataclass(slots=True)
class Striking:
    """Counts the calls of this process, and strikes once. ``began`` is set when its run begins."""

    strike: Strike | None
    began: threading.Event = field(default_factory=threading.Event)
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    committing: threading.Lock = field(default_factory=threading.Lock)

    def send(self, real: Callable[[Gateway, Call], Any], gateway: Gateway, call: Call) -> Any:
        """Send it, or be struck."""
        struck = self._struck(call)
        if struck and self.strike is not None and self.strike.when == "before":
            self._befall()
        answer = real(gateway, call)
        if struck:
            self._befall()
        return answer

    def _struck(self, call: Call) -> bool:
        strike = self.strike
        if strike is None or not self.began.is_set():
            return False
        # A process that is stopped between the last check and its write cannot be helped: it stops at reads.
        if strike.kind == "stop" and writes(call.action):
            return False
        if strike.only_writes and not writes(call.action):
            return False
        with self.lock:
            self.seen += 1
            return self.seen == strike.nth

    def _befall(self) -> None:
        assert self.strike is not None
        # To this very thread: a signal to the process may let it go on for a moment, and send its request.
        this = threading.get_ident()
        if self.strike.kind == "kill":
            signal.pthread_kill(this, signal.SIGKILL)
        # Not in the middle of a transaction, which would keep everybody from the file for as long as it sleeps.
        with self.committing:
            signal.pthread_kill(this, signal.SIGSTOP)

    def commit(self, real: Callable[[GroupCommit, Any], None], group: GroupCommit, batch: Any) -> None:
        """Commit, unless the process is about to be stopped."""
        with self.committing:
            real(group, batch)


@dataclass(frozen=True, slots=True)
class Access:
    """A session and a client for each service, made once: making them takes longer than a run.

    The parent never sends with them, so that every child opens connections of its own.
    """

    session: boto3.Session
    clients: Mapping[str, Any]

    @classmethod
    def to(cls, emulator: Emulator, connection: Connection) -> Access:
        """Access to the embedded AWS; to which account is said later."""
        session = session_of(emulator)
        gateway = Gateway(session, "us-east-1", replace(connection, endpoint_url=emulator.endpoint_url))
        return cls(session, {service: gateway._client(service) for service in SERVICES})

    def enter(self, account: str) -> None:
        """From now on, that account."""
        # The embedded AWS takes the account for the id of the key.
        self.session.get_credentials().access_key = account


def session_of(emulator: Emulator) -> boto3.Session:
    """A session whose credentials may be changed."""
    given = emulator.environment()
    core = botocore.session.Session()
    core.set_credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    return boto3.Session(botocore_session=core, region_name=given["AWS_REGION"])


def fork(
    work: Callable[[Striking], Any],
    access: Access,
    strike: Strike | None = None,
    *,
    ahead: timedelta = timedelta(),
) -> Child:
    """Begin ``work`` in a process of its own, whose clock goes ``ahead``; it may be struck.

    The account is the one that ``access`` has entered, and the environment names.
    """
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(out)
        striking = Striking(strike)
        _carry_out(partial(work, striking), partial(_prepare, striking, ahead, access), into)
    os.close(into)
    return Child(pid, out)


def _carry_out(work: Callable[[], Any], prepare: Callable[[], None], into: int) -> NoReturn:
    try:
        prepare()
        told: Mapping[str, Any] = {"answer": work()}
    except TailorError as error:
        told = {"refused": f"{type(error).__name__}: {error}"}
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run here, whatever happens
        told = {"traceback": traceback.format_exc()}
    try:
        os.write(into, json.dumps(told).encode())
        sys.stderr.flush()
    finally:
        os._exit(0)


def _prepare(striking: Striking, ahead: timedelta, access: Access) -> None:
    """Strikes at the calls, no waiting for an AWS that is done at once, clients once a process, another clock."""
    real_send, real_commit = Gateway._send, GroupCommit._commit
    changed: tuple[tuple[Any, str, Any], ...] = (
        (Gateway, "_send", lambda gateway, call: striking.send(real_send, gateway, call)),
        (GroupCommit, "_commit", lambda group, batch: striking.commit(real_commit, group, batch)),
        (Gateway, "_client", lambda _gateway, service: access.clients[service]),
        (scopes, "open_session", lambda _connection: access.session),
        (accounts, "open_session", lambda _connection: access.session),
        (apply_operation, "UPDATE_TAKES_S", 0.0),
        (apply_operation, "_SHOWN_AFTER_S", (0.05, 0.1)),
        (looks, "_AFTER_S", 0.0),
        (claims, "_POLL_S", 0),
    )
    for where, name, value in changed:
        setattr(where, name, value)
    defaults: Any = observer.read_settled.__kwdefaults__
    defaults["sleep"] = lambda _s: time.sleep(0.03)
    if ahead:

        class Wrong(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + ahead

        setattr(clock, "datetime", Wrong)  # noqa: B010 - of this process only
