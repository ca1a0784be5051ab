"""Which accounts and regions to look at: from role ARNs, an organization, the partition's regions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import boto3

from lambda_tailor import arns
from lambda_tailor.aws.gateway import Connection, Gateway, assume, open_session
from lambda_tailor.errors import AccessDenied, AwsRefused, BadInput, CredentialsError, EndpointUnreachable
from lambda_tailor.iam.permission import ASSUMED_ROLE, Action
from lambda_tailor.model.lanes import SCOPES_AT_ONCE
from lambda_tailor.model.plan import Problem
from lambda_tailor.settings.setting import Call

_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+")
_ROLE_NAME = re.compile(r"[\w+=,.@/-]+")
# What choosing accounts and regions takes: the first of every account, the others of the credentials' own.
ALL_REGIONS_ACTIONS = (Action("ec2:DescribeRegions"),)
ORGANIZATION_ACTIONS = (Action("organizations:ListAccounts"),)
ASSUME_ACTIONS = (Action("sts:AssumeRole", ASSUMED_ROLE),)
# What keeps one account or region from being read, and no other.
UNREACHABLE = (AwsRefused, AccessDenied, CredentialsError, EndpointUnreachable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSelection:
    """Where to look; with nothing said, the credentials' own account in its standard region.

    ``organization_role`` is the name of a role that every account of the organization has.
    """

    regions: tuple[str, ...] = ()
    all_regions: bool = False
    role_arns: tuple[str, ...] = ()
    organization_role: str | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether other accounts than the credentials' own are meant."""
        return bool(self.role_arns or self.organization_role)

    def roles(self) -> list[str]:
        """The roles that are named, each once.

        Raises BadInput where one is none, where two are of one account, or where an organization is named too.
        """
        if self.role_arns and self.organization_role:
            raise BadInput("Give --role-arn or --organization, not both.")
        if self.organization_role is not None and not _ROLE_NAME.fullmatch(self.organization_role):
            raise BadInput(
                f"{self.organization_role!r} is no role's name: --organization takes the name of a role that every "
                "account has."
            )
        accounts: dict[str, str] = {}
        for role in dict.fromkeys(self.role_arns):
            if not _ROLE.fullmatch(role):
                raise BadInput(f"{role!r} is no role's ARN: --role-arn takes arn:aws:iam::123456789012:role/NAME.")
            if (other := accounts.setdefault(_account(role), role)) != role:
                raise BadInput(f"{other} and {role} are of one account: give one role for each account.")
        return list(accounts.values())


@dataclass(frozen=True, slots=True)
class Scope:
    """An account and a region that shall be looked at.

    ``role_arn`` is None, and ``account_id`` empty, for the credentials' own account. ``unsure`` tells
    that nobody could say whether the account has that opt-in region enabled.
    """

    region: str
    role_arn: str | None = None
    account_id: str = ""
    unsure: bool = False


def unreached(scope: Scope, error: Exception) -> str:
    """What is said of everything in an account and region that cannot be reached."""
    return f"account {scope.account_id} cannot be reached in {scope.region}: {error}"


@dataclass(frozen=True, slots=True)
class Scopes:
    """Where to look, what could not be looked at, and the requests that finding out took."""

    scopes: Sequence[Scope]
    problems: Sequence[Problem] = ()
    calls: Mapping[str, int] = field(default_factory=dict)


def find_scopes(connection: Connection, selection: ScopeSelection) -> Scopes:
    """The accounts and regions that are meant, each once.

    An account that cannot be asked for its regions is a problem. Raises BadInput where a region or a
    role does not exist or none is known, and what Gateway.call raises where the organization itself
    cannot be listed.
    """
    selection.roles()
    session = open_session(connection)
    home = _home(session, selection)
    gateway = Gateway(session, home, connection)
    roles = list(_roles(gateway, session, selection))
    if not selection.all_regions:
        regions = tuple(dict.fromkeys(selection.regions)) or (home,)
        return Scopes([Scope(r, role, _account(role)) for role in roles for r in regions], (), dict(gateway.calls))
    known = session.get_available_regions("lambda", _partition(session, home))
    with ThreadPoolExecutor(SCOPES_AT_ONCE) as threads:
        found = list(threads.map(lambda role: _enabled(connection, session, home, role, known), roles))
    calls = dict(gateway.calls)
    for each in found:
        for name, number in each.calls.items():
            calls[name] = calls.get(name, 0) + number
    return Scopes([s for each in found for s in each.scopes], [p for each in found for p in each.problems], calls)


def _home(session: boto3.Session, selection: ScopeSelection) -> str:
    for region in selection.regions:
        _check_region(session, region)
    if selection.regions and selection.all_regions:
        raise BadInput("Give --region or --all-regions, not both.")
    home = (
        next(iter(selection.regions), None) or session.region_name or ("us-east-1" if selection.all_regions else None)
    )
    if home is None:
        raise BadInput("No region is known: give --region, or set AWS_REGION.")
    _check_region(session, home)
    return str(home)


def _check_region(session: boto3.Session, region: str) -> None:
    partitions = session.get_available_partitions()
    if not any(region in session.get_available_regions("lambda", partition) for partition in partitions):
        raise BadInput(f"There is no region {region} with AWS Lambda: check --region (us-east-1, eu-central-1, …).")


def _partition(session: boto3.Session, region: str) -> str:
    return str(session.get_partition_for_region(region))


def _roles(gateway: Gateway, session: boto3.Session, selection: ScopeSelection) -> Iterator[str | None]:
    if selection.organization_role is not None:
        yield from _organization(gateway, _partition(session, gateway.region), selection.organization_role)
        return
    named = selection.roles()
    yield from named
    if not named:
        yield None


def _organization(gateway: Gateway, partition: str, role: str) -> Iterator[str | None]:
    """A role in every active account; None for the account that asks.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
    """
    own = gateway.call(Call("sts", "GetCallerIdentity", {}))["Account"]
    for page in gateway.pages(Call("organizations", "ListAccounts", {}), "NextToken"):
        for account in page.get("Accounts") or ():
            if account.get("State", account.get("Status")) == "ACTIVE":
                yield None if account["Id"] == own else f"arn:{partition}:iam::{account['Id']}:role/{role}"


def _account(role: str | None) -> str:
    return arns.part(role, 4) if role else ""


def _enabled(
    connection: Connection, session: boto3.Session, home: str, role: str | None, known: Sequence[str]
) -> Scopes:
    """The regions that an account has enabled.

    Where it may not be asked, all of them, and those that turn out not to be are left out later.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    own = Gateway(session, home, connection)
    gateway = own
    try:
        if role is not None:
            gateway = Gateway(assume(own, role), home, connection)
        answer = gateway.call(Call("ec2", "DescribeRegions", {}))
        enabled = {region["RegionName"] for region in answer.get("Regions") or ()}
        scopes = [Scope(region, role, _account(role)) for region in known if region in enabled]
    except AccessDenied as denied:
        if denied.action != "ec2:DescribeRegions":
            return Scopes((), [_problem(home, role, denied)], dict(own.calls))
        scopes = [Scope(region, role, _account(role), unsure=True) for region in known]
    except UNREACHABLE as error:
        if role is None:
            raise
        return Scopes((), [_problem(home, role, error)], dict(own.calls))
    return Scopes(scopes, (), dict(gateway.calls + own.calls) if gateway is not own else dict(own.calls))


def _problem(region: str, role: str | None, error: Exception) -> Problem:
    account = _account(role)
    return Problem(account_id=account, region=region, subject=f"account {account}", because=str(error))
