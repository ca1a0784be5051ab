"""Prices from the AWS Price List, as the price file that ``prices`` reads.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lambda_tailor.aws.faults import ERRORS, explain
from lambda_tailor.aws.gateway import Connection, open_session
from lambda_tailor.errors import BadInput
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.usage import QUANTITIES
from lambda_tailor.money.prices import PriceEntry, PriceFile, SourceEntry, dump_prices, read_prices
from lambda_tailor.settings.setting import Call

# The Price List answers in few regions only, for all of them.
PRICE_LIST_REGION = "us-east-1"
READ_ACTIONS = (Action("pricing:GetProducts"),)

# Service code and usage types of each quantity. A usage type may carry a region's prefix: EU-Request.
_METERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "gb_s_x86": ("AWSLambda", ("Lambda-GB-Second",)),
    "gb_s_arm": ("AWSLambda", ("Lambda-GB-Second-ARM",)),
    "requests": ("AWSLambda", ("Request",)),
    "ephemeral_gb_s": ("AWSLambda", ("Lambda-Storage-GB-Second",)),
    "provisioned_gb_s": ("AWSLambda", ("Lambda-Provisioned-Concurrency",)),
    "provisioned_duration_gb_s": ("AWSLambda", ("Lambda-Provisioned-GB-Second",)),
    "provisioned_gb_s_arm": ("AWSLambda", ("Lambda-Provisioned-Concurrency-ARM",)),
    "provisioned_duration_gb_s_arm": ("AWSLambda", ("Lambda-Provisioned-GB-Second-ARM",)),
    "log_gb_ingested": ("AmazonCloudWatch", ("DataProcessing-Bytes",)),
    "log_gb_month": ("AmazonCloudWatch", ("TimedStorage-ByteHrs",)),
    "alarm_metrics": ("AmazonCloudWatch", ("CW:AlarmMonitorUsage",)),
    "traces": ("AWSXRay", ("XRay-TracesStored",)),
    "queue_requests": ("AWSQueueService", ("Requests-RBP", "Requests-Tier1")),
    "secrets": ("AWSSecretsManager", ("AWSSecretsManager-Secrets",)),
    "secret_calls": ("AWSSecretsManager", ("AWSSecretsManagerAPIRequest", "AWSSecretsManager-APIRequest")),
    "bucket_gb_month": ("AmazonS3", ("TimedStorage-ByteHrs",)),
}
_SERVICES = tuple(dict.fromkeys(service for service, _ in _METERS.values()))
_QUANTITY_OF: Mapping[tuple[str, str], str] = {
    (service, usage_type): quantity for quantity, (service, types) in _METERS.items() for usage_type in types
}
# The free tier is a product of its own, Global-…, which is not of a region and not taken.
_REGION_PREFIX = re.compile(r"[A-Z]{2,}[0-9]*-")

Tiers = tuple[tuple[Decimal | None, Decimal], ...]


@dataclass(frozen=True, slots=True)
class RefreshSummary:
    """What a refresh wrote and what it did not find.

    ``missing`` has, by region, the quantities without one clear price; the packaged prices stay for
    those. ``requests`` counts the pages asked for.
    """

    path: Path
    prices: int
    requests: int
    missing: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Fetched:
    """Prices read so far: by region and quantity, with the sources they name."""

    regions: dict[str, dict[str, PriceEntry]] = field(default_factory=dict)
    sources: dict[str, SourceEntry] = field(default_factory=dict)
    requests: int = 0

    def file(self) -> PriceFile:
        """The same as a price file; regions without a single price are left out."""
        return PriceFile(
            currency="USD", sources=self.sources, regions={r: entries for r, entries in self.regions.items() if entries}
        )


def price_client(connection: Connection) -> tuple[Any, str | None]:
    """A client of the Price List, and the standard region of the credentials.

    Raises CredentialsError, and BadInput for an endpoint that is no URL.
    """
    session = open_session(connection)
    client = session.client("pricing", region_name=PRICE_LIST_REGION, endpoint_url=connection.endpoint_url)
    return client, session.region_name


def fetch_prices(client: Any, regions: Sequence[str]) -> Fetched:
    """Every price of the regions that the Price List has, from a boto3 ``pricing`` client.

    A quantity for which it gives no price in USD, or several that differ, is left out. Raises
    AccessDenied, CredentialsError, EndpointUnreachable or AwsRefused.
    """
    fetched = Fetched()
    for region in regions:
        entries = fetched.regions.setdefault(region, {})
        for service in _SERVICES:
            found: defaultdict[str, dict[Tiers, str]] = defaultdict(dict)
            for product in _products(client, service, region, fetched):
                quantity = _quantity(service, product)
                tiers = _tiers(product) if quantity else None
                if quantity and tiers:
                    found[quantity][tiers] = str(product.get("publicationDate") or "")[:10]
            for quantity, candidates in found.items():
                if len(candidates) == 1:
                    [(tiers, as_of)] = candidates.items()
                    _keep(fetched, entries, service, quantity, tiers, as_of)
    return fetched


def _keep(
    fetched: Fetched, entries: dict[str, PriceEntry], service: str, quantity: str, tiers: Tiers, as_of: str
) -> None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", as_of):
        return
    source = f"price-list-{service}-{as_of}"
    fetched.sources[source] = SourceEntry(as_of=as_of, title=f"AWS Price List, {service}")
    entries[quantity] = PriceEntry(source=source, tiers=tiers)


def _products(client: Any, service: str, region: str, fetched: Fetched) -> Iterator[Mapping[str, Any]]:
    request = {
        "ServiceCode": service,
        "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
        "FormatVersion": "aws_v1",
    }
    token: dict[str, str] = {}
    while True:
        fetched.requests += 1
        try:
            page = client.get_products(**request, **token)
        except ERRORS as error:
            raise explain(error, Call("pricing", "GetProducts", request), lost=False) from None
        yield from _parsed(page.get("PriceList") or ())
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _parsed(items: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        try:
            product = json.loads(item) if isinstance(item, str) else item
        except ValueError:
            continue
        if isinstance(product, dict):
            yield product


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _quantity(service: str, product: Mapping[str, Any]) -> str | None:
    """The quantity that a product prices, by its usage type without the region's prefix."""
    usage_type = str(_mapping(_mapping(product.get("product")).get("attributes")).get("usagetype") or "")
    own = _REGION_PREFIX.sub("", usage_type, count=1) if _REGION_PREFIX.match(usage_type) else usage_type
    return _QUANTITY_OF.get((service, usage_type)) or _QUANTITY_OF.get((service, own))


def _tiers(product: Mapping[str, Any]) -> Tiers | None:
    """The tiers of a product's only on-demand term, or None where they leave a gap or are not in USD."""
    terms = list(_mapping(_mapping(product.get("terms")).get("OnDemand")).values())
    if len(terms) != 1:
        return None
    try:
        parts = sorted(_part(raw) for raw in _mapping(_mapping(terms[0]).get("priceDimensions")).values())
    except (KeyError, TypeError, InvalidOperation):
        return None
    edges = [Decimal(0), *(end for _, end, _ in parts)]
    if not parts or edges[-1].is_finite() or [begin for begin, _, _ in parts] != edges[:-1]:
        return None
    return tuple((end if end.is_finite() else None, usd) for _, end, usd in parts)


def _part(raw: Mapping[str, Any]) -> tuple[Decimal, Decimal, Decimal]:
    begin, end, usd = Decimal(raw["beginRange"]), Decimal(raw["endRange"]), Decimal(raw["pricePerUnit"]["USD"])
    if begin.is_nan() or end.is_nan() or not usd.is_finite():
        raise InvalidOperation
    return begin, end, usd


def refresh(client: Any, regions: Sequence[str], out: Path) -> RefreshSummary:
    """Write the Price List's prices of the regions into ``out``, whole or not at all.

    What the file says of other regions, and what the list does not say, stays. Raises what
    ``fetch_prices`` raises, and BadInput where the file there is malformed or cannot be written.
    """
    before = read_prices(out) if out.exists() else Fetched().file()
    fetched = fetch_prices(client, regions)
    new = fetched.file()
    merged = {region: {**before.regions.get(region, {}), **entries} for region, entries in new.regions.items()}
    all_regions = {**before.regions, **merged}
    named = {entry.source for entries in all_regions.values() for entry in entries.values()}
    sources = {id_: entry for id_, entry in {**before.sources, **new.sources}.items() if id_ in named}
    _replace(out, dump_prices(PriceFile(currency="USD", sources=sources, regions=all_regions)))
    missing = {r: tuple(name for name in QUANTITIES if name not in fetched.regions[r]) for r in regions}
    return RefreshSummary(
        out,
        prices=sum(len(entries) for entries in new.regions.values()),
        requests=fetched.requests,
        missing={region: names for region, names in missing.items() if names},
    )


def _replace(out: Path, text: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=out.parent, delete=False) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, out)
            except OSError:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise BadInput(f"The price file {out} cannot be written ({error.strerror}): name another place.") from None
