from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.errors import BadInput
from lambda_tailor.model.usage import QUANTITIES
from lambda_tailor.money.prices import (
    PRICES_VARIABLE,
    Prices,
    Tier,
    Unpriced,
    dump_prices,
    parse_prices,
    prices_for,
    refreshed_path,
)


@pytest.fixture(autouse=True)
def _no_prices_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PRICES_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def priced(region: str, override: Path | None = None) -> Prices:
    prices = prices_for(region, override)
    assert isinstance(prices, Prices)
    return prices


def price_file(**regions: dict[str, list[list[str | None]]]) -> str:
    entries = {
        region.replace("_", "-"): {name: {"source": "test", "tiers": tiers} for name, tiers in quantities.items()}
        for region, quantities in regions.items()
    }
    sources = {"test": {"as_of": "2027-01-02", "title": "a test"}}
    return json.dumps({"currency": "USD", "sources": sources, "regions": entries})


def test_us_east_1_has_a_price_of_its_own_for_everything() -> None:
    prices = priced("us-east-1")
    assert set(prices.tiers) == set(QUANTITIES)
    assert not any("at the prices of" in note for note in prices.notes)


def test_compute_in_us_east_1_falls_with_volume() -> None:
    assert priced("us-east-1").tiers["gb_s_arm"] == (
        Tier(Decimal(7_500_000_000), Decimal("0.0000133334")),
        Tier(Decimal(18_750_000_000), Decimal("0.0000120001")),
        Tier(None, Decimal("0.0000106667")),
    )


def test_a_region_without_prices_is_said_and_not_guessed() -> None:
    answer = prices_for("xx-nowhere-1")
    assert isinstance(answer, Unpriced)
    assert "xx-nowhere-1" in answer.because and "prices refresh" in answer.because


def test_what_no_source_knows_for_a_region_is_not_priced_there_and_said() -> None:
    prices = priced("eu-central-1")
    lambdas = {"gb_s_x86", "requests", "ephemeral_gb_s", "provisioned_gb_s", "provisioned_duration_gb_s"}
    arm = {"gb_s_arm", "provisioned_gb_s_arm", "provisioned_duration_gb_s_arm"}
    assert set(prices.tiers) == lambdas | arm
    [compute] = [note for note in prices.notes if "x86_64 compute, arm64 compute as of 2022-10-01" in note]
    assert compute.startswith("eu-central-1: ")
    [gap] = [note for note in prices.notes if "not priced here, and in no figure" in note]
    assert all(word in gap for word in ("alarms", "log storage", "X-Ray traces", "secrets"))


@pytest.mark.parametrize(
    ("region", "quantity", "usd"),
    [
        ("eu-central-2", "gb_s_x86", "0.0000183334"),
        ("ap-southeast-5", "gb_s_arm", "0.000012"),
        ("ap-southeast-4", "requests", "0.0000002"),
        ("sa-east-1", "ephemeral_gb_s", "0.0000000586"),
        ("eu-west-1", "provisioned_gb_s", "0.000004646"),
    ],
)
def test_what_lambda_costs_by_region_beside_compute_is_known(region: str, quantity: str, usd: str) -> None:
    prices = priced(region)
    assert prices.tiers[quantity] == (Tier(None, Decimal(usd)),)
    assert "pricing calculator" in prices.sources[quantity].title


def test_every_price_has_a_source_with_a_date() -> None:
    prices = priced("us-east-1")
    assert set(prices.sources) == set(QUANTITIES)
    assert prices.sources["alarm_metrics"].as_of > "2025"
    assert priced("eu-central-1").sources["gb_s_x86"].as_of == "2022-10-01"


def test_provisioned_concurrency_on_arm64_and_the_tiers_of_logs_have_prices_of_their_own() -> None:
    prices = priced("us-east-1")
    assert prices.tiers["provisioned_gb_s_arm"] == (Tier(None, Decimal("0.0000033334")),)
    assert prices.tiers["provisioned_duration_gb_s_arm"] == (Tier(None, Decimal("0.0000077778")),)
    assert [tier.usd for tier in prices.tiers["log_gb_ingested"]] == [
        Decimal("0.50"), Decimal("0.25"), Decimal("0.10"), Decimal("0.05"),
    ]  # fmt: skip
    assert prices.tiers["log_gb_ingested"][0].up_to == 10 * 1024


def test_one_tier_for_every_volume_is_said() -> None:
    prices = priced("ap-east-1")
    assert prices.tiers["gb_s_x86"] == (Tier(None, Decimal("0.00002292")),)
    assert any("only the first tier" in note for note in prices.notes)


def test_arm_without_a_known_price_is_no_cheaper_than_x86() -> None:
    prices = priced("me-central-1")
    assert prices.tiers["gb_s_arm"] == prices.tiers["gb_s_x86"]
    assert any("no arm64 price is known" in note for note in prices.notes)


def test_an_override_goes_before_the_packaged_prices(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(price_file(eu_central_1={"alarm_metrics": [[None, "0.12"]]}))
    prices = priced("eu-central-1", path)
    assert prices.tiers["alarm_metrics"] == (Tier(None, Decimal("0.12")),)
    assert prices.sources["alarm_metrics"].as_of == "2027-01-02"
    assert prices.tiers["gb_s_x86"] == priced("eu-central-1").tiers["gb_s_x86"]


def test_an_override_can_add_a_region(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(price_file(xx_new_1={"gb_s_x86": [["10", "2"], [None, "1"]]}))
    assert priced("xx-new-1", path).tiers["gb_s_x86"] == (Tier(Decimal(10), Decimal(2)), Tier(None, Decimal(1)))


def test_no_region_borrows_from_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(price_file(us_east_1={"secrets": [[None, "0.50"]]}))
    assert "secrets" not in priced("eu-central-1", path).tiers


def test_the_variable_names_the_users_own_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.json"
    path.write_text(price_file(us_east_1={"secrets": [[None, "9"]]}))
    monkeypatch.setenv(PRICES_VARIABLE, str(path))
    assert priced("us-east-1").tiers["secrets"] == (Tier(None, Decimal(9)),)


def test_prices_in_the_data_folder_are_taken_and_a_change_is_seen() -> None:
    path = refreshed_path()
    path.parent.mkdir(parents=True)
    for second, usd in enumerate(("8", "9")):
        path.write_text(price_file(us_east_1={"secrets": [[None, usd]]}))
        os.utime(path, (second, second))
        assert priced("us-east-1").tiers["secrets"] == (Tier(None, Decimal(usd)),)
    path.unlink()
    assert priced("us-east-1").tiers["secrets"] == (Tier(None, Decimal("0.40")),)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.json does not exist: write it with"):
        prices_for("us-east-1", tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"currency": "CNY", "sources": {}, "regions": {}}',
        price_file(us_east_1={"gold": [[None, "1"]]}),
        price_file(us_east_1={"secrets": []}),
        price_file(us_east_1={"secrets": [["5", "1"]]}),
        price_file(us_east_1={"secrets": [[None, "1"], [None, "1"]]}),
        price_file(us_east_1={"secrets": [["5", "1"], ["4", "1"], [None, "1"]]}),
        price_file(us_east_1={"secrets": [["0", "1"], [None, "1"]]}),
        price_file(us_east_1={"secrets": [[None, "-1"]]}),
        price_file(us_east_1={"secrets": [[None, "NaN"]]}),
        price_file(us_east_1={"secrets": [[None, "1"]]}).replace('"source": "test"', '"source": "other"'),
    ],
)
def test_a_malformed_price_file_is_one_sentence_with_its_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"bad\.json is no price file") as caught:
        prices_for("us-east-1", path)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        prices_for("us-east-1", path)


def test_a_price_file_survives_being_written() -> None:
    data = parse_prices(price_file(us_east_1={"requests": [["1000000", "0.0000002"], [None, "0.0000001"]]}), "x")
    text = dump_prices(data)
    assert parse_prices(text, "x") == data
    assert '"0.0000002"' in text


def test_the_packaged_tiers_never_rise_with_volume() -> None:
    from importlib.resources import files

    raw: dict[str, Any] = json.loads((files("lambda_tailor.money.prices") / "prices.json").read_text())
    for region in raw["regions"]:
        for tiers in priced(region).tiers.values():
            assert [t.usd for t in tiers] == sorted((t.usd for t in tiers), reverse=True)
