"""From what is asked to a plan: the place where inventory, evidence, rules and money meet."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pydantic import JsonValue

from lambda_tailor.aws.evidence import EvidenceOptions, Gathered, gather
from lambda_tailor.aws.gateway import Connection
from lambda_tailor.aws.inventory import Inventory, Target, take
from lambda_tailor.aws.lookups import affordable, look_up
from lambda_tailor.aws.sites import Site, calls_of, open_sites
from lambda_tailor.clock import now
from lambda_tailor.errors import AccessDenied, AwsRefused, TargetNotFound
from lambda_tailor.explain import Asked, explain
from lambda_tailor.model.explanation import Explanation
from lambda_tailor.model.plan import Plan, Problem
from lambda_tailor.model.run import Verification
from lambda_tailor.planner import Reading, make_plan, more_needs_of, needs_of, readings_of
from lambda_tailor.policy import Policy
from lambda_tailor.verifier import verify
from lambda_tailor.watching import Observer, Silence
from lambda_tailor.worth import price_notes, worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: which functions, by which policy, where."""

    target: Target
    policy: Policy
    connection: Connection = field(default_factory=Connection)
    regions: tuple[str, ...] = ()
    force: frozenset[str] = frozenset()
    evidence: EvidenceOptions = field(default_factory=EvidenceOptions)


@dataclass(frozen=True, slots=True)
class _Read:
    reading: Reading | None
    problems: tuple[Problem, ...]
    unknown: tuple[str, ...] = ()
    gathered: Gathered = field(default_factory=Gathered)


def plan(request: Request, observer: Observer | None = None) -> Plan:
    """Read what is deployed and what it did, and propose; changes nothing.

    A region or function that cannot be read becomes a problem of the plan. Raises TargetNotFound
    where nothing at all answers to the target, and CredentialsError or EndpointUnreachable.
    """
    return _assemble(request, *_read(request, observer))


def explanation(request: Request, name: str, observer: Observer | None = None) -> Explanation:
    """Why the plan for the function of that name is what it is, in every region that has one.

    Raises TargetNotFound where the target has no such function, and what ``plan`` raises.
    """
    sites, reads = _read(request, observer)
    made = _assemble(request, sites, reads)
    readings = {(r.reading.account_id, r.reading.region): r.reading for r in reads if r.reading is not None}
    asked = Asked(request.policy, lookback_days=request.evidence.lookback_days)
    explained = tuple(
        explain(asked, readings[function.account_id, function.region], function)
        for function in made.functions
        if function.name == name
    )
    if not explained:
        unread = next((p for p in made.problems if p.subject in (name, p.region)), None)
        if unread is not None:
            raise TargetNotFound(f"{name} in {unread.region} cannot be explained: {unread.because}.")
        raise TargetNotFound(f"There is no {name} among {request.target}: check the name, --region and AWS_PROFILE.")
    return Explanation(policy=made.policy, functions=explained, api_calls=made.api_calls)


def _read(request: Request, observer: Observer | None) -> tuple[Sequence[Site], Sequence[_Read]]:
    watch = observer or Silence()
    sites = open_sites(request.connection, request.regions)
    with ThreadPoolExecutor(max_workers=min(16, len(sites))) as threads:
        return sites, list(threads.map(lambda site: _read_site(request, site, watch), sites))


def _read_site(request: Request, site: Site, observer: Observer) -> _Read:
    observer.reading(site.account_id, site.region)
    try:
        inventory = _known(request.policy, take(site.gateway, site.account_id, request.target))
        included = [f for f in inventory.functions if request.policy.excluded(f) is None]
        needs = affordable(needs_of(request.policy, included), len(included), deep=request.evidence.deep)
        asked = replace(request.evidence, readings=readings_of(request.policy, included))
        with ThreadPoolExecutor(max_workers=2) as threads:
            wanted = threads.submit(look_up, site.around, needs)
            evidence = threads.submit(gather, site.around, included, asked)
            facts, gathered = wanted.result(), evidence.result()
        facts = {**facts, **look_up(site.around, more_needs_of(request.policy, included, gathered.evidence))}
    except (AwsRefused, AccessDenied) as error:
        problem = Problem(account_id=site.account_id, region=site.region, subject=site.region, because=str(error))
        return _Read(None, (problem,))
    functions = [replace(function, facts=facts) for function in inventory.functions]
    observer.read(site.account_id, site.region, len(functions))
    reading = Reading(
        account_id=site.account_id,
        region=site.region,
        functions=functions,
        evidence=gathered.evidence,
        pool=inventory.pool,
    )
    untouchable = {f.name: f.untouchable for f in functions if request.target.named and f.untouchable}
    problems = tuple(
        Problem(account_id=site.account_id, region=site.region, subject=name, because=because)
        for name, because in {**untouchable, **inventory.unread}.items()
    )
    return _Read(reading, problems, tuple(inventory.unknown), gathered)


def _known(policy: Policy, inventory: Inventory) -> Inventory:
    """Without the functions of which nobody can tell what the policy means, since it asks for their tags."""
    if not policy.asks_tags:
        return inventory
    unread = {
        f.name: f"the policy asks for its tags, and {f.tags_unread}" for f in inventory.functions if f.tags_unread
    }
    kept = [function for function in inventory.functions if function.name not in unread]
    return replace(inventory, functions=kept, unread={**inventory.unread, **unread})


def _assemble(request: Request, sites: Sequence[Site], reads: Sequence[_Read]) -> Plan:
    readings = [read.reading for read in reads if read.reading is not None]
    problems = [problem for read in reads for problem in read.problems]
    found = any(reading.functions for reading in readings)
    if readings and not found and not problems and not request.target.everything:
        where = ", ".join(reading.region for reading in readings)
        raise TargetNotFound(
            f"No function in {where} answers to {request.target}: check the name, --region and AWS_PROFILE."
        )
    for name in request.target.named:
        if readings and all(name in read.unknown for read in reads if read.reading is not None):
            because = "there is no function of that name"
            problems.append(
                Problem(account_id=readings[0].account_id, region=readings[0].region, subject=name, because=because)
            )
    # The free tier is the account's, once for all of its regions.
    first = {reading.account_id: reading for reading in reversed(readings)}.values()
    free = request.policy.assumptions.free_tier
    return make_plan(
        request.policy,
        readings,
        worth=lambda reading: worth(
            request.policy.assumptions, reading, free_tier=free and any(reading is each for each in first)
        ),
        created_at=now(),
        force=request.force,
        problems=problems,
        api_calls=calls_of(sites),
        assumptions={
            "evidence": _price_of_evidence([read.gathered for read in reads], _denied(sites)),
            "prices": list(price_notes(reading.region for reading in readings)),
        },
    )


def _denied(sites: Sequence[Site]) -> list[str]:
    """What IAM refused, whoever made do without it; once for each action and site."""
    return [sentence for site in sites for sentence in site.gateway.denied.values()]


def _price_of_evidence(gathered: Sequence[Gathered], denied: Sequence[str]) -> dict[str, JsonValue]:
    """What reading the evidence cost, and what could not be read for anybody, said once."""
    return {
        "metrics": sum(each.metrics for each in gathered),
        "scanned_bytes": sum(each.scanned_bytes for each in gathered),
        "usd": str(sum((each.usd for each in gathered), Decimal(0)).normalize()),
        "not_read": list(dict.fromkeys([*(note for each in gathered for note in each.notes), *denied])),
    }


def verification(request: Request, observer: Observer | None = None) -> Verification:
    """Whether what is deployed matches the policy."""
    return verify(plan(request, observer))
