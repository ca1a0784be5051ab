"""Where to look: an account and a region with a gateway to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import boto3

from lambda_tailor import arns
from lambda_tailor.aws.gateway import Connection, Gateway, open_session
from lambda_tailor.aws.lookups import Around
from lambda_tailor.errors import BadInput
from lambda_tailor.setting import Call


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


def open_sites(connection: Connection, regions: Sequence[str]) -> list[Site]:
    """The sites of the credentials' own account, one for each region; the standard region where none is named.

    Raises BadInput where no region is known, and what Gateway.call raises.
    """
    session = open_session(connection)
    wanted = tuple(regions) or ((session.region_name,) if session.region_name else ())
    if not wanted:
        raise BadInput("No region is known: give --region, or set AWS_REGION.")
    for region in wanted:
        _check_region(session, region)
    gateways = [Gateway(session, region, connection) for region in dict.fromkeys(wanted)]
    who = gateways[0].call(Call("sts", "GetCallerIdentity", {}))
    partition = arns.part(who["Arn"], 1)
    return [Site(who["Account"], gateway.region, partition, gateway, who["Arn"]) for gateway in gateways]


def _check_region(session: boto3.Session, region: str) -> None:
    partitions = session.get_available_partitions()
    if not any(region in session.get_available_regions("lambda", partition) for partition in partitions):
        raise BadInput(f"There is no region {region} with AWS Lambda: check --region (us-east-1, eu-central-1, …).")


def calls_of(sites: Iterable[Site]) -> Mapping[str, int]:
    """How many requests were sent to all of them, by ``service:Operation``."""
    total: Counter[str] = Counter()
    for site in sites:
        total.update(site.gateway.calls)
    return dict(sorted(total.items()))
