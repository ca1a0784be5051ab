"""The MCP server, spoken to by the SDK's own client over stdio, against the embedded AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, TextContent, Tool

from lambda_tailor.demo.snapshot import differences
from tests.integration.conftest import Aws

SECRET = "hunter2-" + "s3cr3t" * 3
DEV = {"target": {"environment_suffix": "dev"}}


@dataclass(slots=True)
class Talk:
    """One client session, and everything that the server said in it."""

    session: ClientSession
    said: list[str] = field(default_factory=list)

    async def tools(self) -> dict[str, Tool]:
        found = await self.session.list_tools()
        return {tool.name: tool for tool in found.tools}

    async def call(self, tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self._answer(tool, arguments)
        assert not answer.is_error, self.said[-1]
        return json.loads(self.said[-1])  # type: ignore[no-any-return]

    async def refused(self, tool: str, arguments: dict[str, Any]) -> str:
        answer = await self._answer(tool, arguments)
        assert answer.is_error, self.said[-1]
        return self.said[-1]

    async def _answer(self, tool: str, arguments: dict[str, Any] | None) -> CallToolResult:
        answer = await self.session.call_tool(tool, arguments or {})
        assert isinstance(answer, CallToolResult)
        self.said.append("".join(part.text for part in answer.content if isinstance(part, TextContent)))
        # Whatever is answered fits into a model's context, and comes once.
        assert len(self.said[-1].encode()) <= 20_000 and answer.structured_content is None
        return answer


def talk(tmp_path: Path, story: Callable[[Talk], Awaitable[None]], *flags: str) -> str:
    """Start the server, tell it the story; all that it said, its stderr included."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "lambda_tailor", "mcp", *flags], env=dict(os.environ)
    )
    said: list[str] = []

    async def run() -> None:
        with (tmp_path / "stderr").open("w") as log:
            async with stdio_client(server, errlog=log) as (read, write), ClientSession(read, write) as session:
                await session.initialize()
                await story(Talk(session, said))

    anyio.run(run)
    return "\n".join([*said, (tmp_path / "stderr").read_text()])


@pytest.fixture
def guarded(stack: Aws) -> Aws:
    """The stack with a secret in the environment of its function, and one behind its variables."""
    functions = stack.client("lambda")
    known = functions.get_function_configuration(FunctionName="lambda-function-dev")["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName="lambda-function-dev", Environment={"Variables": {**known, "TOKEN": SECRET}}
    )
    functions.get_waiter("function_updated_v2").wait(FunctionName="lambda-function-dev")
    stack.client("secretsmanager").put_secret_value(SecretId="api-key-dev", SecretString=SECRET)
    stack.control.reset()
    return stack


def test_it_only_reads_unless_it_was_started_to_write(guarded: Aws, tmp_path: Path) -> None:
    async def story(client: Talk) -> None:
        tools = await client.tools()
        assert set(tools) == {"plan", "plan_page", "explain", "verify", "runs"}
        for tool in tools.values():
            assert tool.annotations is not None and tool.description
            assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (True, False)
        plan = await client.call("plan", DEV)
        assert plan["summary"]["changes"] == 10
        assert "Unknown tool" in await client.refused("apply", {"plan_id": plan["plan_id"]})
        assert "Unknown tool" in await client.refused("rollback", {"run_id": "latest"})

    said = talk(tmp_path, story)
    assert not guarded.control.writes()
    assert SECRET not in said


def test_the_reading_tools_say_what_the_command_line_says(guarded: Aws, tmp_path: Path) -> None:
    plan = guarded.json("plan", "-e", "dev")
    explained = guarded.json("explain", "lambda-function-dev", "-e", "dev")
    verified = guarded.json("verify", "-e", "dev", exit_code=2)

    async def story(client: Talk) -> None:
        told = await client.call("plan", DEV)
        assert told["plan_id"] == plan["plan_id"]
        assert told["functions"][0]["changes"] == plan["functions"][0]["changes"]
        assert told["functions_without_anything_to_say"] == 0
        function = {"function": "lambda-function-dev"}
        (shown,) = (await client.call("explain", {**function, **DEV}))["functions"]
        (whole,) = explained["functions"]
        on = [rule for rule in whole["rules"] if rule["status"] != "off"]
        assert sorted(shown["off"]) == sorted(rule["rule"] for rule in whole["rules"] if rule not in on) != []
        for rule, full in zip(shown["rules"], on, strict=True):
            assert (rule["rule"], rule["status"]) == (full["rule"], full["status"])
            assert [verdict["because"] for verdict in rule.get("verdicts", ())] == [
                verdict["because"] for verdict in full["verdicts"]
            ]
            assert all(option["origin"] != "default" for option in rule["policy"])
        alone = await client.call("explain", function)
        assert alone["policy"] == "right-size"
        told = await client.call("verify", DEV)
        assert (told["matches"], told["summary"]) == (False, verified["summary"])
        assert told["settings"] == [setting for setting in verified["settings"] if not setting["matches"]]
        assert (await client.call("runs"))["runs"] == []
        only = await client.call("plan", {"target": {"environment_suffix": "dev", "rules": ["memory", "timeout"]}})
        assert {change["rule"] for change in only["functions"][0]["changes"]} == {"memory", "timeout"}

    assert SECRET not in talk(tmp_path, story)


def test_what_was_shown_is_applied_and_rolled_back(guarded: Aws, tmp_path: Path) -> None:
    before = guarded.snapshot()

    async def story(client: Talk) -> None:
        tools = await client.tools()
        assert set(tools) == {"plan", "plan_page", "explain", "verify", "runs", "apply", "rollback"}
        for name in ("apply", "rollback"):
            hints = tools[name].annotations
            assert hints is not None and (hints.read_only_hint, hints.destructive_hint) == (False, True)
        assert "was not shown a plan plan-0" in await client.refused("apply", {"plan_id": "plan-0"})
        assert not guarded.control.writes()

        plan = await client.call("plan", DEV)
        run = await client.call("apply", {"plan_id": plan["plan_id"]})
        assert (run["status"], run["summary"]["applied"]) == ("succeeded", 10)
        assert (await client.call("verify", DEV))["matches"]
        assert "or has applied it" in await client.refused("apply", {"plan_id": plan["plan_id"]})
        again = await client.call("plan", DEV)
        assert "nothing to apply" in await client.refused("apply", {"plan_id": again["plan_id"]})

        assert "was not shown a run latest" in await client.refused("rollback", {"run_id": "latest"})
        undone = await client.call("rollback", {"run_id": run["run_id"]})
        assert (undone["of_run"], undone["status"]) == (run["run_id"], "succeeded")
        listed = await client.call("runs", {"last": 1})
        assert [each["run_id"] for each in listed["runs"]] == [undone["run_id"]]
        assert (await client.call("runs", {"run_id": run["run_id"]}))["status"] == "rolled-back"

    said = talk(tmp_path, story, "--allow-writes")
    assert not differences(before, guarded.snapshot())
    assert SECRET not in said


def test_a_run_of_another_session_is_rolled_back_after_it_was_shown(stack: Aws, tmp_path: Path) -> None:
    run_id = stack.json("apply", "-e", "dev", "--auto-approve")["run_id"]

    async def story(client: Talk) -> None:
        assert "was not shown" in await client.refused("rollback", {"run_id": run_id})
        await client.call("runs")
        assert (await client.call("rollback", {"run_id": run_id}))["summary"]["rolled_back"] == 10

    talk(tmp_path, story, "--allow-writes")


def test_a_plan_is_refused_when_something_changed_since(stack: Aws, tmp_path: Path) -> None:
    functions = stack.client("lambda")

    async def story(client: Talk) -> None:
        plan = await client.call("plan", DEV)
        functions.update_function_configuration(FunctionName="lambda-function-dev", Description="changed")
        functions.get_waiter("function_updated_v2").wait(FunctionName="lambda-function-dev")
        stack.control.reset()
        refusal = await client.refused("apply", {"plan_id": plan["plan_id"]})
        assert "was changed after the plan was made: make the plan again" in refusal
        assert not stack.control.writes()

    talk(tmp_path, story, "--allow-writes")


def test_the_policy_and_the_regions_are_those_of_the_start(stack: Aws, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("rules: {memory: {target_mb: 2048}}\ncaps: {max_percent: 50}\n")

    async def story(client: Talk) -> None:
        plan = await client.call("plan", {"target": {"all_functions": True}})
        (change,) = plan["functions"][0]["changes"]
        assert (change["rule"], change["after"]) == ("memory", 2048)
        assert "max_percent is 50" in await client.refused("apply", {"plan_id": plan["plan_id"]})
        elsewhere = {"target": {"all_functions": True, "regions": ["eu-west-1"]}}
        assert "started for us-east-1, and eu-west-1 is not" in await client.refused("plan", elsewhere)
        assert "policy" in await client.refused("plan", {"target": {"all_functions": True, "policy": "/etc/passwd"}})
        assert "Which functions?" in await client.refused("plan", {"target": {}})

    talk(tmp_path, story, "--allow-writes", "--policy", str(file), "--region", "us-east-1")
    assert not stack.control.writes()


def test_stdout_carries_the_protocol_and_nothing_else(stack: Aws) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "plan", "arguments": DEV}},
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "lambda_tailor", "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        lines = []
        for message in messages:
            server.stdin.write(json.dumps(message) + "\n")
            server.stdin.flush()
            if "id" in message:
                lines.append(json.loads(server.stdout.readline()))
        rest, _ = server.communicate()
    assert [line["id"] for line in lines] == [1, 2]
    assert json.loads(lines[1]["result"]["content"][0]["text"])["summary"]["changes"] == 10
    assert rest == "" and server.returncode == 0
