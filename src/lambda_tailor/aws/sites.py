"""An account and a region with a gateway to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lambda_tailor import arns
from lambda_tailor.aws.accounts import Spot
from lambda_tailor.aws.gateway import Connection, Gateway, assume, open_session
from lambda_tailor.aws.lookups import Around
from lambda_tailor.errors import StalePlan
from lambda_tailor.settings.setting import Call


@dataclass(frozen=True, slots=True)
class Site:
    """One account and region."""

    account_id: str
    region: str
    partition: str
    gateway: Gateway
    caller_arn: str = ""

    @property
    def around(self) -> Around:
        """Where lookups are made."""
        return Around(self.gateway, self.account_id, self.partition)


def open_site(connection: Connection, spot: Spot) -> Site:
    """The account and region, under its role where it has one.

    Raises what Gateway.call raises.
    """
    session = open_session(connection)
    gateway = Gateway(session, spot.region, connection)
    if spot.role_arn is not None:
        own, gateway = gateway, Gateway(assume(gateway, spot.role_arn), spot.region, connection)
        gateway.calls.update(own.calls)
    who = gateway.call(Call("sts", "GetCallerIdentity", {}))
    return Site(who["Account"], spot.region, arns.part(who["Arn"], 1), gateway, who["Arn"])


def check_account(site: Site, account_id: str) -> None:
    """Raises StalePlan where the credentials are not those of the account that was planned."""
    if account_id != site.account_id:
        raise StalePlan(
            f"The plan is for account {account_id}, and the credentials are of account {site.account_id}: "
            "choose the right AWS_PROFILE."
        )


def add_up(calls: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """Requests by ``service:Operation``, over everything that sent some."""
    total: Counter[str] = Counter()
    for each in calls:
        total.update(each)
    return dict(sorted(total.items()))
