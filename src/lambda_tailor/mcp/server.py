"""The Model Context Protocol over stdio: plan, explain, verify and runs for an MCP client, and writes where allowed.

What the client may choose is the target. Credentials, endpoint, policy and journal are those that the
server was started with, and no change can be forced. https://modelcontextprotocol.io/specification
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

from lambda_tailor import __version__, api, documents
from lambda_tailor.errors import BadInput, StalePlan, TailorError
from lambda_tailor.mcp.pages import Document, bounded, document, explained, functions, paged, size, summary, text
from lambda_tailor.model.plan import Plan
from lambda_tailor.planning.options import PlanOptions

# A plan is applied by somebody who still has it before their eyes.
PLAN_LASTS_S = 15 * 60
# More than a reader, or a model's context, takes in: such a plan is not applied from here.
MOST_FUNCTIONS = 100
KEPT_PLANS = 16

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True)
_INSTRUCTIONS = (
    "lambda-tailor fits deployed AWS Lambda functions to the load they carry. Call plan and show its changes, notes, "
    "problems and money to the user; explain tells why. "
)
_READ_ONLY = "This server only reads."
_WRITING = (
    "Call apply with the plan_id only after the user has agreed to that plan; rollback puts a run's changes back."
)

Tool = Callable[..., Document]
P = ParamSpec("P")
T = TypeVar("T")


class Where(BaseModel):
    """Which functions are meant: by environment_suffix, functions, name_pattern, tags or all_functions."""

    model_config = ConfigDict(extra="forbid")

    environment_suffix: str | None = Field(default=None, description="The stack whose names end in this suffix.")
    functions: tuple[str, ...] = Field(default=(), description="Functions by name.")
    name_pattern: str | None = Field(default=None, description="Functions whose name matches, with * and ?.")
    tags: Mapping[str, str] = Field(default_factory=dict, description="Functions with all of these tags.")
    all_functions: bool = Field(default=False, description="Every function.")
    regions: tuple[str, ...] = Field(default=(), description="AWS regions; the configured one where none is given.")
    rules: tuple[str, ...] = Field(default=(), description="Only these rules, by id, such as memory.")
    lookback_days: int = Field(default=14, ge=1, le=60, description="How many days back evidence goes.")
    deep: bool = Field(default=False, description="Read also what takes AWS calls for each function.")


def _sent(tool: Tool) -> Callable[..., CallToolResult]:
    """The tool with its answer as text that a model's context takes in, and once: not as structured content too."""

    @functools.wraps(tool)
    def sent(*args: Any, **kwargs: Any) -> CallToolResult:
        return CallToolResult(content=[TextContent(type="text", text=text(bounded(tool(*args, **kwargs))))])

    return sent


def _told(tool: Callable[P, T]) -> Callable[P, T]:
    """An error that a user can meet reaches the client as its sentence; any other as no more than a failure."""

    @functools.wraps(tool)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return tool(*args, **kwargs)
        except TailorError as error:
            raise ToolError(str(error)) from error

    return told


@dataclass(frozen=True, slots=True)
class _Shown:
    plan: Plan
    at: float
    whole: bool
    pages: Sequence[Sequence[Document]]
    seen: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What the server was started with, which no client can change.

    ``connecting`` are the keywords of the library that say how AWS is reached.
    """

    regions: tuple[str, ...] = ()
    policy: str | None = None
    preset: str | None = None
    journal: str | None = None
    connecting: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class McpSession:
    """One client's session: what it was shown decides what it may write.

    ``clock`` gives seconds. Tools run on threads of their own: one of them writes at a time.
    """

    started: Started
    clock: Callable[[], float] = time.monotonic
    _plans: dict[str, _Shown] = field(default_factory=dict)
    _runs: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def _choosing(self, where: Where) -> dict[str, Any]:
        """The keywords of ``api.plan``: the client's target, and all else as the server was started."""
        allowed = self.started.regions
        for region in where.regions:
            if allowed and region not in allowed:
                raise BadInput(f"This server was started for {', '.join(allowed)}, and {region} is not among them.")
        asked = where.model_dump()
        return {
            **self.started.connecting,
            **asked,
            "regions": where.regions or allowed,
            "policy": self.started.policy,
            "preset": self.started.preset,
        }

    @property
    def _keeping(self) -> dict[str, Any]:
        return {**self.started.connecting, "journal": self.started.journal}

    @_told
    def plan(self, target: Annotated[Where, Field(description="Which functions, and what to look at.")]) -> Document:
        """Read what is deployed and what it did, and propose changes with reasons, risks and monthly US dollars.

        Changes nothing. The answer has the summary and the first page of functions, those with the most money first;
        functions for which there is nothing to say are only counted. plan_id names the plan; plan_page gives the rest.
        """
        plan = api.plan(**self._choosing(target))
        changed = sum(bool(function.changes) for function in plan.functions)
        told = summary(plan)
        shown = _Shown(plan, self.clock(), changed <= MOST_FUNCTIONS, paged(functions(plan), size(told)))
        with self._lock:
            self._plans.pop(plan.plan_id, None)
            self._plans[plan.plan_id] = shown
            for oldest in list(self._plans)[:-KEPT_PLANS]:
                del self._plans[oldest]
        return {**told, **self._page(shown, 1)}

    @_told
    def plan_page(
        self,
        plan_id: Annotated[str, Field(description="The plan_id of a plan of this session.")],
        page: Annotated[int, Field(ge=1, description="The page, from 1.")],
    ) -> Document:
        """A further page of a plan's functions."""
        with self._lock:
            shown = self._plans.get(plan_id)
            if shown is None:
                raise BadInput(f"This session has no plan {plan_id}: call plan first.")
            return {"plan_id": plan_id, **self._page(shown, page)}

    def _page(self, shown: _Shown, page: int) -> Document:
        if page > len(shown.pages):
            raise BadInput(f"That plan has {len(shown.pages)} pages.")
        shown.seen.add(page)
        told = sum(len(each) for each in shown.pages)
        return {
            "functions": shown.pages[page - 1],
            "page": page,
            "pages": len(shown.pages),
            "functions_without_anything_to_say": len(shown.plan.functions) - told,
        }

    def plan_document(self, plan_id: str) -> str:
        """A plan of this session, whole, as JSON."""
        shown = self._plans.get(plan_id)
        if shown is None:
            raise BadInput(f"This session has no plan {plan_id}: call plan first.")
        return documents.dumps(shown.plan)

    def run_document(self, run_id: str) -> str:
        """A run of the journal with its outcomes, as JSON."""
        return documents.dumps(api.run(run_id, journal=self.started.journal))

    @_told
    def explain(
        self,
        function: Annotated[str, Field(description="The function's name.")],
        target: Annotated[Where | None, Field(description="Among which functions it is planned, if not alone.")] = None,
    ) -> Document:
        """Why the plan for one function is what it is: policy, evidence, verdict, and what would change it."""
        return explained(api.explain(function, **self._choosing(target or Where())))

    @_told
    def verify(self, target: Annotated[Where, Field(description="Which functions, and what to look at.")]) -> Document:
        """Whether what is deployed matches the policy; of the settings, those that do not."""
        found = document(api.verify(**self._choosing(target)))
        return {**found, "settings": [setting for setting in found["settings"] if not setting["matches"]]}

    @_told
    def runs(
        self,
        run_id: Annotated[
            str | None, Field(description="One run with its outcomes; the last ones if not given.")
        ] = None,
        last: Annotated[int, Field(ge=1, le=100, description="How many of the last runs.")] = 20,
    ) -> Document:
        """What was done, when and by whom, from the journal."""
        journal = self.started.journal
        if run_id is not None:
            found = document(api.run(run_id, journal=journal))
            self._saw(found["run_id"])
            return found
        listed = document(api.runs(journal=journal))
        listed["runs"] = listed["runs"][-last:]
        self._saw(*(run["run_id"] for run in listed["runs"]))
        return listed

    def _saw(self, *run_ids: str) -> None:
        with self._lock:
            self._runs.update(run_ids)

    @_told
    def apply(self, plan_id: Annotated[str, Field(description="The plan_id of a plan that was shown.")]) -> Document:
        """Make the changes of a plan that this session was shown; refused where anything changed since.

        Ask the user first. Every change is journalled before it is made, checked after, and can be rolled back.
        """
        with self._lock:
            plan = self._take(plan_id)
            run = api.apply(plan, **self._keeping)
        self._saw(run.run_id)
        return document(run)

    def _take(self, plan_id: str) -> Plan:
        """The plan, which can be applied once.

        Raises BadInput where it was not shown, and StalePlan where it was shown too long ago.
        """
        shown = self._plans.get(plan_id)
        if shown is None:
            raise BadInput(
                f"This session was not shown a plan {plan_id}, or has applied it: call plan and show it first."
            )
        if not shown.whole:
            raise BadInput(
                f"That plan changes more than {MOST_FUNCTIONS} functions, too many to show: narrow the target."
            )
        if unseen := len(shown.pages) - len(shown.seen):
            raise BadInput(f"{unseen} pages of that plan were not shown yet: call plan_page, and show them first.")
        del self._plans[plan_id]
        if (age := self.clock() - shown.at) > PLAN_LASTS_S:
            minutes = PLAN_LASTS_S // 60
            raise StalePlan(f"That plan was shown {age / 60:.0f} minutes ago, and lasts {minutes}: call plan again.")
        if not shown.plan.has_changes:
            raise BadInput("That plan has nothing to apply.")
        return shown.plan

    @_told
    def rollback(self, run_id: Annotated[str, Field(description="The run_id of a run that was shown.")]) -> Document:
        """Put back exactly what a run changed, if this session was shown that run. Ask the user first."""
        with self._lock:
            if run_id not in self._runs:
                raise BadInput(f"This session was not shown a run {run_id}: call runs first.")
            run = api.rollback(run_id, **self._keeping)
        self._saw(run.run_id)
        return document(run)


def save_money(region: str = "") -> str:
    """Find what saves most, and what has to be decided for it."""
    where = f" in {region}" if region else ""
    return (
        f"Call plan for all functions{where}. Tell me the net saving a month with its range, how much of it is "
        "assumed, the five functions with the most money, and what I have to decide. Do not apply anything."
    )


def why_not_judged(function: str) -> str:
    """Why a function has no proposal."""
    return f"Call explain for {function} and tell me which measurement is missing and what would change the verdict."


def undo_last_run() -> str:
    """What the last run changed, and how to put it back."""
    return "Call runs for the last run, tell me what it changed, and ask me before you call rollback."


def server(mcp_session: McpSession, *, allow_writes: bool) -> MCPServer[Any]:
    """The server with its tools; without ``allow_writes`` there is no tool that writes."""
    instructions = _INSTRUCTIONS + (_WRITING if allow_writes else _READ_ONLY)
    made: MCPServer[Any] = MCPServer(
        "lambda-tailor", instructions=instructions, version=__version__, log_level="WARNING"
    )
    reading: tuple[Tool, ...] = (
        mcp_session.plan,
        mcp_session.plan_page,
        mcp_session.explain,
        mcp_session.verify,
        mcp_session.runs,
    )
    writing: tuple[Tool, ...] = (mcp_session.apply, mcp_session.rollback) if allow_writes else ()
    made.resource("plan://{plan_id}", mime_type="application/json")(mcp_session.plan_document)
    made.resource("run://{run_id}", mime_type="application/json")(mcp_session.run_document)
    for prompt in (save_money, why_not_judged, undo_last_run):
        made.prompt()(prompt)
    for tool in reading:
        made.add_tool(_sent(tool), annotations=READS, structured_output=False)
    for tool in writing:
        made.add_tool(_sent(tool), annotations=WRITES, structured_output=False)
    return made


def serve(started: Started, *, allow_writes: bool) -> None:
    """Serve until the client closes stdin. Stdout carries the protocol and nothing else.

    Raises BadInput or PolicyError where the policy is none.
    """
    # A policy that cannot be read is told now, and not to the first client that asks.
    PlanOptions(policy=started.policy, preset=started.preset, all_functions=True).chosen_policy()
    server(McpSession(started), allow_writes=allow_writes).run("stdio")
