"""What a client's session was shown decides what it may write."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest
from click.testing import CliRunner
from mcp.server.mcpserver.exceptions import ToolError

from lambda_tailor.cli.commands import main
from lambda_tailor.documents import loads_plan
from lambda_tailor.errors import BadInput
from lambda_tailor.mcp.pages import MOST_BYTES, bounded, paged, size
from lambda_tailor.mcp.server import KEPT_PLANS, MOST_FUNCTIONS, PLAN_LASTS_S, McpSession, Started, Where, server
from lambda_tailor.model.plan import Plan
from lambda_tailor.planning import workflow
from lambda_tailor.planning.workflow import Request
from tests.unit.report.plans import a_change, a_plan, a_planned

ALL = Where(all_functions=True)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that the workflow makes, one after the other; the last one again and again."""
    made: list[Plan] = []

    def plan(_request: Request, _observer: Any) -> Plan:
        return made.pop(0) if len(made) > 1 else made[0]

    monkeypatch.setattr(workflow, "plan", plan)
    return made


def a_plan_of(functions: int, memory: int = 1024) -> Plan:
    return a_plan(*(a_planned(f"f{n}", (a_change(after=memory),)) for n in range(functions)))


def test_a_plan_that_was_shown_too_long_ago_is_refused(plans: list[Plan], clock: Clock) -> None:
    plans.append(a_plan_of(1))
    mcp_session = McpSession(Started(), clock)
    shown = mcp_session.plan(ALL)["plan_id"]
    clock.now += PLAN_LASTS_S
    mcp_session.plan(ALL)
    clock.now += PLAN_LASTS_S
    # Shown again meanwhile: it is as young as when it was shown last, and only then found to be empty.
    with pytest.raises(ToolError, match="nothing to apply"):
        mcp_session.apply(shown)
    mcp_session.plan(ALL)
    clock.now += PLAN_LASTS_S + 1
    with pytest.raises(ToolError, match="was shown 15 minutes ago, and lasts 15: call plan again"):
        mcp_session.apply(shown)
    with pytest.raises(ToolError, match="was not shown a plan"):
        mcp_session.apply(shown)


def test_a_plan_that_is_too_large_to_be_shown_is_not_applied(plans: list[Plan], clock: Clock) -> None:
    plans += [a_plan_of(MOST_FUNCTIONS), a_plan_of(MOST_FUNCTIONS + 1)]
    mcp_session = McpSession(Started(), clock)
    whole, cut = mcp_session.plan(ALL), mcp_session.plan(ALL)
    pages = range(2, whole["pages"] + 1)
    assert len(pages) >= 1
    with pytest.raises(ToolError, match=rf"{len(pages)} pages of that plan were not shown yet"):
        mcp_session.apply(whole["plan_id"])
    shown = [whole, *(mcp_session.plan_page(whole["plan_id"], page) for page in pages)]
    assert sum(len(page["functions"]) for page in shown) == MOST_FUNCTIONS
    assert max(size(page) for page in shown) <= MOST_BYTES
    with pytest.raises(ToolError, match="nothing to apply"):
        mcp_session.apply(whole["plan_id"])
    with pytest.raises(ToolError, match="too many to show: narrow the target"):
        mcp_session.apply(cut["plan_id"])


def test_only_the_last_plans_are_kept(plans: list[Plan], clock: Clock) -> None:
    plans += [a_plan_of(1, memory=512 + n) for n in range(KEPT_PLANS + 1)]
    mcp_session = McpSession(Started(), clock)
    ids = [mcp_session.plan(ALL)["plan_id"] for _ in range(KEPT_PLANS + 1)]
    with pytest.raises(ToolError, match="was not shown"):
        mcp_session.apply(ids[0])
    with pytest.raises(ToolError, match="nothing to apply"):
        mcp_session.apply(ids[1])


def test_what_is_as_it_should_be_is_only_counted(plans: list[Plan], clock: Clock) -> None:
    plans.append(a_plan(a_planned("changed", (a_change(),)), a_planned("fine", ())))
    told = McpSession(Started(), clock).plan(ALL)
    assert [function["name"] for function in told["functions"]] == ["changed"]
    assert told["functions_without_anything_to_say"] == 1
    assert "operations" not in told and "kept" not in told["functions"][0]


def test_the_summary_comes_first_and_counts_changes_by_rule_and_risk(plans: list[Plan], clock: Clock) -> None:
    plans.append(a_plan_of(3))
    told = McpSession(Started(), clock).plan(ALL)
    assert list(told)[:3] == ["plan_id", "policy", "summary"]
    assert sum(told["changes_by_rule"].values()) == sum(told["changes_by_risk"].values()) == 3


def test_a_function_that_is_larger_than_a_page_is_cut_to_what_it_changes() -> None:
    change = {"rule": "memory", "setting": "memory_mb", "before": 1, "after": 2, "reason": "r", "evidence": ["x" * 500]}
    function = {"account_id": "1", "region": "r", "name": "f", "changes": [change] * 3, "notes": []}
    (page,) = paged([function], most_bytes=1000)
    assert page[0]["cut"] and "evidence" not in page[0]["changes"][0]
    assert size(page) <= 1000


def test_what_a_client_receives_is_one_text_of_at_most_20_kB(plans: list[Plan], clock: Clock) -> None:
    plans.append(a_plan_of(MOST_FUNCTIONS))
    made = server(McpSession(Started(), clock), allow_writes=True)

    def received(tool: str, **arguments: Any) -> Any:
        answer: Any = asyncio.run(made.call_tool(tool, arguments))
        (content,) = answer.content
        assert answer.structured_content is None
        assert len(content.text.encode()) <= MOST_BYTES == 20_000
        return json.loads(content.text)

    first = received("plan", target={"all_functions": True})
    rest = [received("plan_page", plan_id=first["plan_id"], page=n) for n in range(2, first["pages"] + 1)]
    assert rest and sum(len(page["functions"]) for page in (first, *rest)) == MOST_FUNCTIONS
    assert not any("not_shown" in page for page in (first, *rest))


def test_an_answer_that_is_too_long_tells_what_failed_first_and_how_much_it_leaves_out() -> None:
    outcomes = [{"outcome": outcome, "detail": "x" * 100} for outcome in ["unchanged"] * 200 + ["failed"] * 5]
    run = {"run_id": "run-1", "outcomes": outcomes, "summary": {"failed": 5}}
    shown = bounded(run)
    assert MOST_BYTES - 500 < size(shown) <= MOST_BYTES
    assert [each["outcome"] for each in shown["outcomes"][:6]] == ["failed"] * 5 + ["unchanged"]
    assert shown["not_shown"] == {"outcomes": 205 - len(shown["outcomes"])}
    assert len(outcomes) == 205 and bounded({"runs": []}) == {"runs": []}


def test_lists_within_lists_are_shortened_too() -> None:
    explanation = {"changes": [{"evidence": ["y" * 90] * 300}, {"evidence": ["short"]}]}
    shown = bounded(explanation)
    assert size(shown) <= MOST_BYTES and shown["changes"][1] == {"evidence": ["short"]}
    assert shown["not_shown"]["evidence"] == 300 - len(shown["changes"][0]["evidence"]) > 0


def test_a_plan_and_a_run_are_resources_and_there_are_prompts(plans: list[Plan], clock: Clock) -> None:
    plans.append(a_plan_of(1))
    mcp_session = McpSession(Started(), clock)
    plan_id = mcp_session.plan(ALL)["plan_id"]
    assert loads_plan(mcp_session.plan_document(plan_id), "p").plan_id == plan_id
    with pytest.raises(BadInput, match="no plan nothing"):
        mcp_session.plan_document("nothing")
    made = server(mcp_session, allow_writes=False)
    assert {prompt.name for prompt in asyncio.run(made.list_prompts())} == {
        "save_money", "why_not_judged", "undo_last_run"
    }  # fmt: skip


def test_a_target_says_what_the_command_line_says(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    asked: list[Request] = []

    def plan(request: Request, _observer: Any) -> Plan:
        asked.append(request)
        return a_plan_of(1)

    monkeypatch.setattr(workflow, "plan", plan)
    mcp_session = McpSession(Started(preset="reference", regions=("us-east-1", "eu-west-1")), clock)
    mcp_session.plan(Where(tags={"team": "core"}, name_pattern="pay-*", rules=("memory",), lookback_days=30, deep=True))
    mcp_session.plan(Where(functions=("f",), regions=("eu-west-1",)))
    first, second = asked
    assert (first.target.pattern, first.target.tags) == ("pay-*", {"team": "core"})
    assert (first.policy.name, first.policy.enabled) == ("reference", ("memory",))
    assert (first.evidence.lookback_days, first.evidence.deep) == (30, True)
    assert first.selection.regions == ("us-east-1", "eu-west-1")
    assert (second.target.names, second.selection.regions) == (("f",), ("eu-west-1",))
    with pytest.raises(ToolError, match="ap-south-1 is not among them"):
        mcp_session.plan(Where(all_functions=True, regions=("ap-south-1",)))


def test_without_its_packages_one_sentence_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "lambda_tailor.mcp.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    result = CliRunner().invoke(main, ["mcp"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The MCP server needs more packages (mcp")
    assert result.stderr.endswith("pip install 'lambda-tailor[mcp]'.  [LT-101]\n")
    assert len(result.stderr.splitlines()) == 1 and not result.stdout
