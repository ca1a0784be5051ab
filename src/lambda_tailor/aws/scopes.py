"""An account and a region with a gateway to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lambda_tailor import arns
from lambda_tailor.aws.accounts import Scope
from lambda_tailor.aws.gateway import Connection, Gateway, assume, open_session
from lambda_tailor.errors import StalePlan
from lambda_tailor.settings.setting import Call, ResourceAddress


@dataclass(frozen=True, slots=True)
class OpenScope:
    """One account and region with a gateway to it. ``caller_arn`` is who asks, where that is known."""

    gateway: Gateway
    account_id: str
    partition: str
    caller_arn: str = ""

    @property
    def region(self) -> str:
        """The region that the gateway speaks to."""
        return self.gateway.region

    def address(self, resource: str) -> ResourceAddress:
        """The address of a resource in this account and region."""
        return ResourceAddress(self.account_id, self.region, self.partition, resource)


def open_scope(connection: Connection, scope: Scope) -> OpenScope:
    """The account and region, under its role where it has one.

    Raises what Gateway.call raises.
    """
    session = open_session(connection)
    gateway = Gateway(session, scope.region, connection)
    if scope.role_arn is not None:
        own, gateway = gateway, Gateway(assume(gateway, scope.role_arn), scope.region, connection)
        gateway.calls.update(own.calls)
    who = gateway.call(Call("sts", "GetCallerIdentity", {}))
    gateway.share_pace(who["Account"])
    return OpenScope(gateway, who["Account"], arns.part(who["Arn"], 1), who["Arn"])


def check_account(opened: OpenScope, account_id: str) -> None:
    """Raises StalePlan where the credentials are not those of the account that was planned."""
    if account_id != opened.account_id:
        raise StalePlan(
            f"The plan is for account {account_id}, and the credentials are of account {opened.account_id}: "
            "choose the right AWS_PROFILE."
        )


def add_up(calls: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """Requests by ``service:Operation``, over everything that sent some."""
    total: Counter[str] = Counter()
    for each in calls:
        total.update(each)
    return dict(sorted(total.items()))
