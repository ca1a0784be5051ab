"""Canaries in every secret and variable: everything is run, and every byte written anywhere is searched for them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.conftest import Aws
from tests.own_tree import environment

FUNCTION = "lambda-function-dev"
CANARIES = {
    "of-the-database": 'canary-1 "quoted" \\ postgres://u:p@h/d?x=1&y=ü',
    "of-the-api-key": "canary-2-of-the-api-key",
    "of-a-json-key": "canary-3-of-a-json-key",
    "of-a-parameter": "canary-4-of-a-parameter",
    "of-the-user": "canary-5-of-the-user-overwritten",
    "of-another": "canary-6-of-the-user-kept",
}
POLICY = """
rules:
  memory: {target_mb: 512}
  environment:
    overwrite: true
    mode: value
    variables:
      DATABASE_URL: 'secretsmanager:database-url-{suffix}'
      API_KEY: 'secretsmanager:api-key-{suffix}'
      JSON_KEY: 'secretsmanager:app#url'
      PARAMETER: 'ssm:/app/token'
"""
# As someone might run it who looks for a fault: everything logged, and unexpected errors with their traceback.
LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, filename=sys.argv.pop(1))
from lambda_tailor.cli.commands import main
main()
"""


@pytest.fixture
def secretive(stack: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The stack with a canary in every place, and every folder that a program may write to in one."""
    secrets = stack.client("secretsmanager")
    secrets.put_secret_value(SecretId="database-url-dev", SecretString=CANARIES["of-the-database"])
    secrets.put_secret_value(SecretId="api-key-dev", SecretString=CANARIES["of-the-api-key"])
    secrets.create_secret(Name="app", SecretString=json.dumps({"url": CANARIES["of-a-json-key"]}))
    stack.client("ssm").put_parameter(Name="/app/token", Value=CANARIES["of-a-parameter"], Type="SecureString")
    functions = stack.client("lambda")
    variables = {"API_KEY": CANARIES["of-the-user"], "OTHER": CANARIES["of-another"]}
    functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})
    functions.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION)
    (tmp_path / "policy.yaml").write_text(POLICY)
    for name in ("HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    return stack


def loudly(tmp_path: Path, *arguments: str) -> int:
    """Run the command line as a process of its own with everything logged; output is kept beside the rest."""
    number = len(list(tmp_path.glob("*.out")))
    with (tmp_path / f"{number}.out").open("wb") as out:
        command = [sys.executable, "-X", "dev", "-W", "ignore", "-c", LOUD, str(tmp_path / f"{number}.log"), *arguments]
        return subprocess.run(
            command, env=environment(), stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
        ).returncode


def found(tmp_path: Path) -> list[str]:
    """Which canaries are in which files, in any of the usual spellings."""
    hits: list[str] = []
    for file in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        content = file.read_bytes()
        for name, value in CANARIES.items():
            spelled: Mapping[str, bytes] = {
                "plain": value.encode(),
                "JSON": json.dumps(value)[1:-1].encode(),
                "base64": base64.b64encode(value.encode()).rstrip(b"="),
                "URL": quote(value).encode(),
                "HTML": value.replace("&", "&amp;").replace('"', "&quot;").encode(),
                "repr": repr(value)[1:-1].encode(),
                "UTF-16": value.encode("utf-16-le"),
            }
            hits += [f"{name} as {how} in {file.name}" for how, needle in spelled.items() if needle in content]
    return hits


def test_no_canary_is_in_any_byte_that_was_written(secretive: Aws, tmp_path: Path) -> None:
    mine = ("-e", "dev", "--policy", str(tmp_path / "policy.yaml"))
    plan, page = str(tmp_path / "plan.json"), str(tmp_path / "report.html")
    for form in ("text", "json", "markdown", "sarif", "csv"):
        assert loudly(tmp_path, "plan", *mine, "-v", "--format", form) == 0
    assert loudly(tmp_path, "plan", *mine, "--out", plan) == 0
    assert loudly(tmp_path, "apply", plan, "--auto-approve", "-v") == 0
    for form in ("text", "json", "junit"):
        assert loudly(tmp_path, "verify", *mine, "-v", "--format", form) == 0
    assert loudly(tmp_path, "report", "latest", "--out", page) == 0
    assert loudly(tmp_path, "runs", "latest", "-v") == 0
    assert loudly(tmp_path, "rollback", "latest", "--auto-approve", "-v") == 0
    assert loudly(tmp_path, "apply", plan, "--auto-approve") == 1  # stale
    assert found(tmp_path) == []
    # The search would find them, and AWS has them again.
    variables = secretive.client("lambda").get_function(FunctionName=FUNCTION)["Configuration"]["Environment"]
    assert variables["Variables"] == {"API_KEY": CANARIES["of-the-user"], "OTHER": CANARIES["of-another"]}
    (tmp_path / "planted").write_text(json.dumps(variables))
    assert {hit.partition(" as ")[0] for hit in found(tmp_path)} == {"of-the-user", "of-another"}


@pytest.mark.parametrize("kind", ["echo", "500", "reset", "access-denied", "expired-token"])
@pytest.mark.parametrize("operation", ["lambda:UpdateFunctionConfiguration", "secretsmanager:GetSecretValue"])
def test_no_canary_is_written_where_aws_fails(secretive: Aws, tmp_path: Path, kind: str, operation: str) -> None:
    mine = ("-e", "dev", "--policy", str(tmp_path / "policy.yaml"))
    secretive.control.fail(operation=operation, kind=kind, times=100, account=secretive.account)
    assert loudly(tmp_path, "apply", *mine, "--auto-approve", "-v") in (0, 1)
    secretive.control.clear_faults()
    assert loudly(tmp_path, "runs", "latest", "-v") in (0, 1)
    assert found(tmp_path) == []
    assert b"Traceback" not in b"".join(path.read_bytes() for path in tmp_path.glob("*.out"))
