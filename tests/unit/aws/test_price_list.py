from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner

from lambda_tailor.aws.price_list import fetch_prices, refresh
from lambda_tailor.cli.commands import main
from lambda_tailor.errors import AccessDenied, BadInput
from lambda_tailor.model.usage import QUANTITIES
from lambda_tailor.money.prices import Prices, Tier, prices_for

SERVICES = ("AWSLambda", "AmazonCloudWatch", "AWSXRay", "AWSQueueService", "AWSSecretsManager", "AmazonS3")


def product(usage_type: str, *tiers: tuple[str, str, str], published: str = "2027-02-03T04:05:06Z") -> str:
    dimensions = {
        f"rate{i}": {"beginRange": begin, "endRange": end, "pricePerUnit": {"USD": usd}, "unit": "x"}
        for i, (begin, end, usd) in enumerate(tiers)
    }
    return json.dumps(
        {
            "product": {"attributes": {"usagetype": usage_type}, "sku": "SKU"},
            "terms": {"OnDemand": {"SKU.TERM": {"priceDimensions": dimensions}}},
            "publicationDate": published,
        }
    )


def flat(usage_type: str, usd: str) -> str:
    return product(usage_type, ("0", "Inf", usd))


X86 = product(
    "EUC1-Lambda-GB-Second",
    ("15000000000", "Inf", "0.0000133334"),
    ("0", "6000000000", "0.0000166667"),
    ("6000000000", "15000000000", "0.0000150000"),
)
FRANKFURT: Mapping[str, list[str]] = {
    "AWSLambda": [
        X86,
        product("Global-Lambda-GB-Second", ("0", "400000", "0")),
        flat("EUC1-Lambda-GB-Second-ARM", "0.0000133334"),
        flat("EUC1-Request", "0.0000002000"),
        flat("EUC1-Request-ARM", "0.9"),
        flat("EUC1-Lambda-Edge-Request", "0.9"),
        flat("EUC1-Lambda-Storage-GB-Second", "0.0000000371"),
        flat("EUC1-Lambda-Provisioned-Concurrency", "0.0000047"),
        flat("EUC1-Lambda-Provisioned-GB-Second", "0.00001"),
        flat("EUC1-Lambda-Provisioned-Concurrency-ARM", "0.0000037"),
        flat("EUC1-Lambda-Provisioned-GB-Second-ARM", "0.000008"),
    ],
    "AmazonCloudWatch": [
        flat("EUC1-DataProcessing-Bytes", "0.63"),
        flat("EUC1-VendedLog-Bytes", "0.9"),
        flat("EUC1-TimedStorage-ByteHrs", "0.0324"),
        flat("EUC1-CW:AlarmMonitorUsage", "0.10"),
        flat("EUC1-CW:HighResAlarmMonitorUsage", "0.30"),
    ],
    "AWSXRay": [flat("EUC1-XRay-TracesStored", "0.000005")],
    "AWSQueueService": [flat("EUC1-Requests-Tier1", "0.0000004"), flat("EUC1-Requests-FIFO-Tier1", "0.0000005")],
    "AmazonS3": [flat("EUC1-TimedStorage-ByteHrs", "0.0245")],
    "AWSSecretsManager": [
        flat("EUC1-AWSSecretsManager-Secrets", "0.40"),
        flat("EUC1-AWSSecretsManagerAPIRequest", "0.000005"),
    ],
}


@pytest.fixture
def pricing() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    with Stubber(client) as stubber:
        yield client, stubber


def asked(service: str, region: str, **more: str) -> dict[str, Any]:
    filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}]
    return {"ServiceCode": service, "Filters": filters, "FormatVersion": "aws_v1", **more}


def answer(stubber: Stubber, products: Mapping[str, list[str]], region: str = "eu-central-1") -> None:
    for service in SERVICES:
        stubber.add_response("get_products", {"PriceList": products.get(service, [])}, asked(service, region))


def own(path: Path, region: str = "eu-central-1") -> Prices:
    prices = prices_for(region, path)
    assert isinstance(prices, Prices)
    return prices


def test_a_refreshed_region_has_prices_of_its_own_for_everything(pricing: tuple[Any, Stubber], tmp_path: Path) -> None:
    client, stubber = pricing
    answer(stubber, FRANKFURT)
    summary = refresh(client, ["eu-central-1"], tmp_path / "deep" / "prices.json")
    assert (summary.prices, summary.requests, summary.missing) == (len(QUANTITIES), len(SERVICES), {})
    prices = own(summary.path)
    assert {source.as_of for source in prices.sources.values()} == {"2027-02-03"}
    assert not any("not priced here" in note for note in prices.notes)
    assert prices.tiers["log_gb_ingested"] == (Tier(None, Decimal("0.63")),)
    assert prices.tiers["requests"] == (Tier(None, Decimal("0.0000002")),)
    assert prices.tiers["queue_requests"] == (Tier(None, Decimal("0.0000004")),)


def test_tiers_are_read_in_order_whatever_order_they_come_in(pricing: tuple[Any, Stubber], tmp_path: Path) -> None:
    client, stubber = pricing
    answer(stubber, FRANKFURT)
    assert own(refresh(client, ["eu-central-1"], tmp_path / "p.json").path).tiers["gb_s_x86"] == (
        Tier(Decimal(6_000_000_000), Decimal("0.0000166667")),
        Tier(Decimal(15_000_000_000), Decimal("0.000015")),
        Tier(None, Decimal("0.0000133334")),
    )


def test_every_page_is_read(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    stubber.add_response("get_products", {"PriceList": [X86], "NextToken": "t"}, asked("AWSLambda", "eu-central-1"))
    more = {"PriceList": [flat("EUC1-Request", "0.0000002")]}
    stubber.add_response("get_products", more, asked("AWSLambda", "eu-central-1", NextToken="t"))
    for service in SERVICES[1:]:
        stubber.add_response("get_products", {"PriceList": []}, asked(service, "eu-central-1"))
    fetched = fetch_prices(client, ["eu-central-1"])
    assert set(fetched.regions["eu-central-1"]) == {"gb_s_x86", "requests"}
    assert fetched.requests == len(SERVICES) + 1


@pytest.mark.parametrize(
    "products",
    [
        [flat("EUC1-Request", "0.1"), flat("EUC1-Request", "0.2")],
        [product("EUC1-Request", ("0", "10", "1"))],
        [product("EUC1-Request", ("5", "Inf", "1"))],
        [product("EUC1-Request", ("0", "10", "1"), ("11", "Inf", "1"))],
        [product("EUC1-Request")],
        [product("EUC1-Request", ("0", "Inf", "free"))],
        [product("EUC1-Request", ("0", "Inf", "NaN"))],
        [flat("EUC1-Request", "1").replace("USD", "CNY")],
        [product("EUC1-Request", ("0", "Inf", "1"), published="")],
        [flat("Global-Request", "0")],
        ["{", "[]", "null", "{}", '{"product": 1, "terms": []}'],
    ],
)
def test_without_one_clear_price_the_quantity_is_missing(
    products: list[str], pricing: tuple[Any, Stubber], tmp_path: Path
) -> None:
    client, stubber = pricing
    answer(stubber, {"AWSLambda": [X86, *products]})
    summary = refresh(client, ["eu-central-1"], tmp_path / "prices.json")
    assert "requests" in summary.missing["eu-central-1"]
    assert "gb_s_x86" not in summary.missing["eu-central-1"]
    assert any("requests" in note and "not priced here" in note for note in own(summary.path).notes)


def test_the_same_price_told_twice_is_one_price(pricing: tuple[Any, Stubber]) -> None:
    client, stubber = pricing
    answer(stubber, {"AWSLambda": [flat("EUC1-Request", "0.10"), flat("EUC1-Request", "0.1000")]})
    assert set(fetch_prices(client, ["eu-central-1"]).regions["eu-central-1"]) == {"requests"}


def test_other_regions_and_prices_in_the_file_stay(pricing: tuple[Any, Stubber], tmp_path: Path) -> None:
    client, stubber = pricing
    answer(stubber, FRANKFURT)
    answer(stubber, {"AWSLambda": [flat("USW2-Request", "0.5")]}, "us-west-2")
    path = tmp_path / "prices.json"
    refresh(client, ["eu-central-1"], path)
    refresh(client, ["us-west-2"], path)
    assert own(path).tiers["log_gb_ingested"] == (Tier(None, Decimal("0.63")),)
    assert own(path, "us-west-2").tiers["requests"] == (Tier(None, Decimal("0.5")),)


def test_a_region_that_the_list_does_not_know_stays_unpriced(pricing: tuple[Any, Stubber], tmp_path: Path) -> None:
    client, stubber = pricing
    answer(stubber, {}, "xx-nowhere-1")
    summary = refresh(client, ["xx-nowhere-1"], tmp_path / "prices.json")
    assert summary.missing == {"xx-nowhere-1": QUANTITIES}
    assert not isinstance(prices_for("xx-nowhere-1", summary.path), Prices)


def test_a_refused_request_names_the_permission_and_leaves_the_file_alone(
    pricing: tuple[Any, Stubber], tmp_path: Path
) -> None:
    client, stubber = pricing
    stubber.add_client_error("get_products", "AccessDeniedException", "not authorized to perform: pricing:GetProducts")
    path = tmp_path / "prices.json"
    with pytest.raises(AccessDenied, match="pricing:GetProducts"):
        refresh(client, ["eu-central-1"], path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_not_written_over(pricing: tuple[Any, Stubber], tmp_path: Path) -> None:
    client, _ = pricing
    path = tmp_path / "prices.json"
    path.write_text("{")
    with pytest.raises(BadInput, match=r"prices\.json is no price file"):
        refresh(client, ["eu-central-1"], path)
    assert path.read_text() == "{"


def test_a_place_that_cannot_be_written_is_an_error(pricing: tuple[Any, Stubber], tmp_path: Path) -> None:
    client, stubber = pricing
    answer(stubber, FRANKFURT)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        refresh(client, ["eu-central-1"], tmp_path / "file" / "prices.json")


def test_the_command_writes_the_file_and_says_what_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers = {service: [] for service in SERVICES} | {"AWSLambda": [X86]}

    def answered(_connection: object) -> tuple[object, str]:
        client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        stub = Stubber(client)
        for service in SERVICES:
            stub.add_response("get_products", {"PriceList": answers[service], "FormatVersion": "aws_v1"})
        stub.activate()
        return client, "eu-central-1"

    monkeypatch.setattr("lambda_tailor.aws.price_list.price_client", answered)
    monkeypatch.setenv("LAMBDA_TAILOR_PRICES", str(tmp_path / "prices.json"))
    result = CliRunner().invoke(main, ["prices", "refresh"])
    assert result.exit_code == 0, result.output
    assert f"1 price written to {tmp_path / 'prices.json'}" in result.stdout.replace("\n", "")
    assert "no one clear price of gb_s_arm" in result.stdout
    prices = prices_for("eu-central-1")
    assert isinstance(prices, Prices)
    assert prices.sources["gb_s_x86"].as_of == "2027-02-03"
