"""From what is asked to a plan: the place where inventory, evidence, rules and money meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pydantic import JsonValue

from lambda_tailor.aws.accounts import UNREACHABLE, Scope, Scopes, ScopeSelection, find_scopes
from lambda_tailor.aws.evidence import EvidenceOptions, Gathered, gather
from lambda_tailor.aws.evidence_metrics import AccountUse
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Inventory, Target, take
from lambda_tailor.aws.lookups import affordable, look_up
from lambda_tailor.aws.lookups.log_groups import LOG_GROUP, Prefetched, classes_of, prefetch
from lambda_tailor.aws.lookups.roles import ROLE_MAY
from lambda_tailor.aws.scheduler import side_by_side
from lambda_tailor.aws.scopes import OpenScope, add_up, open_scope
from lambda_tailor.aws.traffic import read_traffic
from lambda_tailor.clock import now
from lambda_tailor.errors import BadInput, CredentialsError, EndpointUnreachable, TargetNotFound
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan, Problem
from lambda_tailor.model.progress import NullObserver, Observer
from lambda_tailor.model.run import Verification
from lambda_tailor.model.tuning import Tuning
from lambda_tailor.model.verdict import Risk
from lambda_tailor.planning import explaining
from lambda_tailor.planning.asking import kinds_of, lookups_of, more_lookups_of, readings_of
from lambda_tailor.planning.background import with_background
from lambda_tailor.planning.narrowing import left_out, narrowed
from lambda_tailor.planning.planner import join, plan_scope
from lambda_tailor.planning.scope import PlannedScope, ScopeData
from lambda_tailor.planning.together import weighed_together
from lambda_tailor.planning.tuned import with_tunings
from lambda_tailor.planning.verifier import verify
from lambda_tailor.planning.worth import discount_notes, price_notes, worth
from lambda_tailor.policy.policy import Policy
from lambda_tailor.rules.rule import ConcurrencyPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: which functions, by which policy, where, and who reads them.

    ``scheduler`` is the address of a Dask scheduler, or None for threads here. ``max_risk`` and
    ``min_saving_usd`` (a function's net a month) leave changes out. ``tunings`` are what tunes found, by function ARN.
    """

    target: Target
    policy: Policy
    connection: Connection = field(default_factory=Connection)
    selection: ScopeSelection = field(default_factory=ScopeSelection)
    force: frozenset[str] = frozenset()
    evidence: EvidenceOptions = field(default_factory=EvidenceOptions)
    scheduler: str | None = None
    max_risk: Risk | None = None
    min_saving_usd: Decimal | None = None
    tunings: Mapping[str, Tuning] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScopeResult:
    """What one account and region brings to a plan; without functions and secrets, so that it may travel.

    ``planned`` is None where nothing could be read. ``denied`` are the sentences of what IAM refused.
    """

    account_id: str
    region: str
    planned: PlannedScope | None = None
    problems: tuple[Problem, ...] = ()
    unknown: tuple[str, ...] = ()
    gathered: Gathered = field(default_factory=Gathered)
    denied: tuple[str, ...] = ()
    calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRequest:
    """One account and region to be read. ``first`` tells that it has the account's free tier.

    ``alone`` tells that there is no other, so that what keeps it from being read is raised.
    """

    request: Request
    scope: Scope
    number: int
    first: bool
    alone: bool


def plan(request: Request, observer: Observer | None = None) -> Plan:
    """Read what is deployed and what it did, and propose; changes nothing.

    An account, region or function that cannot be read becomes a problem of the plan. Raises
    TargetNotFound where nothing at all answers to the target, and, where there is one account and
    region only, CredentialsError or EndpointUnreachable.
    """
    watch = observer or NullObserver()
    found = find_scopes(request.connection, request.selection)
    parts: dict[int, ScopeResult] = {}
    with side_by_side(request.scheduler) as executor:
        began = {executor.submit(read_scope, asked): asked for asked in _scope_requests(request, found)}
        for asked in began.values():
            watch.reading(asked.scope.account_id, asked.scope.region)
        for future in as_completed(began):
            part = parts[began[future].number] = future.result()
            if part.planned is not None:
                watch.read(part.account_id, part.region, len(part.planned.functions))
    return _assemble(request, found, [parts[number] for number in sorted(parts)])


def explanation(request: Request, name: str, observer: Observer | None = None) -> Explanation:
    """Why the plan for the function of that name is what it is, in every account and region that has one.

    Raises TargetNotFound where the target has no such function, and what ``plan`` raises.
    """
    watch = observer or NullObserver()
    found = find_scopes(request.connection, request.selection)
    with side_by_side(None) as threads:
        reads = list(threads.map(_read, _scope_requests(request, found)))
    for part, _ in reads:
        watch.read(part.account_id, part.region, len(part.planned.functions) if part.planned else 0)
    made = _assemble(request, found, [part for part, _ in reads])
    readings = {(reading.account_id, reading.region): reading for _, reading in reads if reading is not None}
    wanted = explaining.ExplainRequest(request.policy, lookback_days=request.evidence.lookback_days)
    explained = tuple(
        explaining.explain(wanted, readings[function.account_id, function.region], function)
        for function in made.functions
        if function.name == name
    )
    if not explained:
        unread = next((p for p in made.problems if p.subject in (name, p.region)), None)
        if unread is not None:
            raise TargetNotFound(f"{name} in {unread.region} cannot be explained: {unread.because}.")
        raise TargetNotFound(f"There is no {name} among {request.target}: check the name, --region and AWS_PROFILE.")
    return Explanation(policy=made.policy, functions=explained, api_calls=made.api_calls)


def read_scope(asked: ScopeRequest) -> ScopeResult:
    """The part of a plan that one account and region is; wherever this runs, with the credentials found there."""
    return _read(asked)[0]


def _scope_requests(request: Request, found: Scopes) -> list[ScopeRequest]:
    alone = len(found.scopes) == 1 and not found.problems
    roles: set[str | None] = set()
    wanted: list[ScopeRequest] = []
    for number, scope in enumerate(found.scopes):
        # The free tier is the account's, once for all of its regions.
        first = scope.role_arn not in roles
        roles.add(scope.role_arn)
        wanted.append(ScopeRequest(request=request, scope=scope, number=number, first=first, alone=alone))
    return wanted


def _read(asked: ScopeRequest) -> tuple[ScopeResult, ScopeData | None]:
    scope = asked.scope
    try:
        opened = open_scope(asked.request.connection, scope)
    except UNREACHABLE as error:
        if asked.alone:
            raise
        if scope.unsure and isinstance(error, CredentialsError):
            # An opt-in region that the account has not enabled does not know its credentials.
            return ScopeResult(scope.account_id, scope.region), None
        return ScopeResult(scope.account_id, scope.region, problems=(_unreached(scope, error),)), None
    try:
        return _look(asked, opened)
    except UNREACHABLE as error:
        if asked.alone and isinstance(error, CredentialsError | EndpointUnreachable):
            raise
        problem = Problem(account_id=opened.account_id, region=opened.region, subject=opened.region, because=str(error))
        return ScopeResult(
            opened.account_id, opened.region, problems=(problem,), calls=dict(opened.gateway.calls)
        ), None


def _unreached(scope: Scope, error: Exception) -> Problem:
    subject = f"account {scope.account_id}" if scope.role_arn else scope.region
    return Problem(account_id=scope.account_id, region=scope.region, subject=subject, because=str(error))


def _look(asked: ScopeRequest, opened: OpenScope) -> tuple[ScopeResult, ScopeData]:
    request = asked.request
    with ThreadPoolExecutor(max_workers=4) as threads:
        # Two listings of many pages, each in a lane of its own.
        listing = threads.submit(_prefetch, request, opened)
        inventory = _known(request.policy, take(opened.gateway, opened.account_id, request.target))
        included = [f for f in inventory.functions if request.policy.excluded(f) is None]
        lookups = affordable(lookups_of(request.policy, included), len(included), deep=request.evidence.deep)
        wanted = replace(request.evidence, readings=readings_of(request.policy, included))
        first = frozenset(lookup for lookup in lookups if lookup.kind != ROLE_MAY)
        looked_up = threads.submit(lambda: look_up(opened, first, listing.result()))
        gathering = threads.submit(gather, opened, included, wanted, lambda: classes_of(listing.result()))
        sweeping = threads.submit(read_traffic, opened.gateway, included, deep=request.evidence.deep)
        resources, gathered, traffic = looked_up.result(), gathering.result(), sweeping.result()
    gathered = replace(gathered, evidence=with_tunings(included, gathered.evidence, request.tunings))
    seen = [replace(function, resources=resources) for function in included]
    more = more_lookups_of(request.policy, seen, gathered.evidence) | (lookups - first)
    more = affordable(more - resources.keys(), len(included), deep=request.evidence.deep)
    resources = {**resources, **look_up(opened, more)}
    functions = [replace(f, resources=resources, traffic=traffic.get(f.arn, ())) for f in inventory.functions]
    reading = ScopeData(
        account_id=opened.account_id,
        region=opened.region,
        functions=functions,
        evidence=gathered.evidence,
        pool=None if inventory.pool is None else _used(inventory.pool, gathered.account),
    )
    untouchable = {f.name: f.untouchable for f in functions if request.target.named and f.untouchable}
    assumed = request.policy.assumptions
    part = ScopeResult(
        account_id=opened.account_id,
        region=opened.region,
        planned=with_background(
            plan_scope(
                request.policy,
                reading,
                worth(assumed, reading, free_tier=assumed.free_tier and asked.first),
                force=request.force,
                number=asked.number,
            ),
            reading,
            assumed,
        ),
        problems=tuple(
            Problem(account_id=opened.account_id, region=opened.region, subject=name, because=because)
            for name, because in {**untouchable, **inventory.unread}.items()
        ),
        unknown=tuple(inventory.unknown),
        gathered=replace(gathered, evidence={}),
        denied=tuple(opened.gateway.denied.values()),
        calls=dict(opened.gateway.calls),
    )
    return part, reading


def _used(pool: ConcurrencyPool, account: AccountUse) -> ConcurrencyPool:
    """The account's pool with what was used of it."""
    return replace(pool, busy=account.unreserved, claimed=account.claimed)


def _prefetch(request: Request, opened: OpenScope) -> Prefetched | None:
    """The functions' log groups, where it is likely that there will be many of them."""
    prefix = request.target.name_prefix
    if prefix is None or LOG_GROUP not in kinds_of(request.policy):
        return None
    return prefetch(opened, f"/aws/lambda/{prefix}")


def _known(policy: Policy, inventory: Inventory) -> Inventory:
    """Without the functions of which nobody can tell what the policy means, since it asks for their tags."""
    if not policy.asks_tags:
        return inventory
    unread = {
        f.name: f"the policy asks for its tags, and {f.tags_unread}" for f in inventory.functions if f.tags_unread
    }
    kept = [function for function in inventory.functions if function.name not in unread]
    return replace(inventory, functions=kept, unread={**inventory.unread, **unread})


def _assemble(request: Request, found: Scopes, parts: Sequence[ScopeResult]) -> Plan:
    read = [part for part in parts if part.planned is not None]
    weighed = weighed_together(request.policy, [part.planned for part in read if part.planned is not None])
    planned = [_narrowed(request, part) for part in weighed]
    _check_forced(request, planned)
    problems = [*found.problems, *(problem for part in parts for problem in part.problems)]
    if read and not any(p.functions for p in planned) and not problems and not request.target.everything:
        where = ", ".join(dict.fromkeys(part.region for part in read))
        raise TargetNotFound(
            f"No function in {where} answers to {request.target}: check the name, --region and AWS_PROFILE."
        )
    for name in request.target.named:
        if read and all(name in part.unknown for part in read):
            because = "there is no function of that name"
            problems.append(
                Problem(account_id=read[0].account_id, region=read[0].region, subject=name, because=because)
            )
    return join(
        request.policy,
        planned,
        created_at=now(),
        problems=problems,
        api_calls=add_up([found.calls, *(part.calls for part in parts)]),
        assumptions={
            "evidence": _price_of_evidence(parts),
            "prices": [
                *price_notes(part.region for part in read),
                *discount_notes({part.region: part.gathered.after_discounts for part in read}),
            ],
            # Nothing else says where there was nothing.
            **(
                {} if any(p.functions for p in planned) else {"looked_in": [f"{p.account_id} {p.region}" for p in read]}
            ),
        },
        roles={scope.account_id: scope.role_arn for scope in found.scopes if scope.role_arn},
        quota_share=request.connection.quota_share,
    )


def _narrowed(request: Request, planned: PlannedScope) -> PlannedScope:
    if request.max_risk is None and request.min_saving_usd is None:
        return planned
    kept = narrowed(
        planned.functions, planned.operations, max_risk=request.max_risk, min_saving_usd=request.min_saving_usd
    )
    gone = left_out(planned.functions, kept[0], request.max_risk)
    return replace(planned, functions=kept[0], operations=kept[1], left_out=(*planned.left_out, *gone))


def _check_forced(request: Request, planned: Sequence[PlannedScope]) -> None:
    """Raises BadInput where a change of a function is forced that is not there."""
    known = {function.name for scope in planned for function in scope.functions}
    for forced in sorted(request.force):
        if planned and (name := forced.rpartition(":")[0]) not in known:
            raise BadInput(f"--force {forced}: there is no function {name} among {request.target}.")


def _price_of_evidence(parts: Sequence[ScopeResult]) -> dict[str, JsonValue]:
    """What reading the evidence cost, and what could not be read for anybody, said once."""
    gathered = [part.gathered for part in parts]
    denied = [sentence for part in parts for sentence in part.denied]
    return {
        "metrics": sum(each.metrics for each in gathered),
        "scanned_bytes": sum(each.scanned_bytes for each in gathered),
        "usd": str(sum((each.usd for each in gathered), Decimal(0)).normalize()),
        "not_read": list(dict.fromkeys([*(note for each in gathered for note in each.notes), *denied])),
    }


def verification(request: Request, observer: Observer | None = None) -> Verification:
    """Whether what is deployed matches the policy."""
    return verify(plan(request, observer))
