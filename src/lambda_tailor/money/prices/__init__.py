"""Prices as dated data by region: packaged, and over it what the user refreshed from the Price List.

A price file is ``{"currency": "USD", "sources": {ID: {"as_of", "title"}}, "regions": {REGION:
{QUANTITY: {"source": ID, "tiers": [[UP_TO or null, USD], ...]}}}}``, numbers as strings. A quantity is
a field of ``usage.Usage``, priced for one unit of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lambda_tailor.errors import BadInput
from lambda_tailor.model.usage import QUANTITIES

REFERENCE_REGION = "us-east-1"
PRICES_VARIABLE = "LAMBDA_TAILOR_PRICES"
LABELS: Mapping[str, str] = {
    "gb_s_x86": "x86_64 compute",
    "gb_s_arm": "arm64 compute",
    "requests": "requests",
    "ephemeral_gb_s": "ephemeral storage",
    "provisioned_gb_s": "provisioned concurrency",
    "provisioned_duration_gb_s": "provisioned duration",
    "provisioned_gb_s_arm": "provisioned concurrency on arm64",
    "provisioned_duration_gb_s_arm": "provisioned duration on arm64",
    "log_gb_ingested": "log ingestion",
    "log_gb_month": "log storage",
    "alarm_metrics": "alarms",
    "traces": "X-Ray traces",
    "queue_requests": "SQS requests",
    "secrets": "secrets",
    "secret_calls": "secret calls",
    "bucket_gb_month": "S3 storage",
}


@dataclass(frozen=True, slots=True)
class Tier:
    """US dollars for one unit, up to a month's volume; None is without end."""

    up_to: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Source:
    """Where a price was read, and the day it held (ISO date)."""

    title: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Prices:
    """A region's price list by quantity.

    ``sources`` tells of each price where it comes from. ``notes`` says in words what in the list is
    old, borrowed from another region or assumed.
    """

    region: str
    tiers: Mapping[str, tuple[Tier, ...]]
    notes: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """There is no price for a region, because …"""

    region: str
    because: str


# Built when a price file is first read.
_STRICT = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SourceEntry(BaseModel):
    """A source as a price file has it."""

    model_config = _STRICT

    as_of: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    title: str


class PriceEntry(BaseModel):
    """A quantity's tiers, cheapest volume last: ``[up_to or null, usd]`` with the last one open."""

    model_config = _STRICT

    source: str
    tiers: tuple[tuple[Decimal | None, Decimal], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ascending(self) -> PriceEntry:
        *bounded, (last, _) = self.tiers
        edges = [up_to for up_to, _ in bounded if up_to is not None]
        if last is not None or len(edges) != len(bounded):
            raise ValueError("only the last tier is without end")
        if any(low >= high for low, high in zip([Decimal(0), *edges], edges, strict=False)):
            raise ValueError("tiers must ascend")
        if any(not usd.is_finite() or usd < 0 for _, usd in self.tiers):
            raise ValueError("a price is never negative")
        return self


class PriceFile(BaseModel):
    """A whole price file."""

    model_config = _STRICT

    currency: str = Field(pattern="^USD$")
    sources: Mapping[str, SourceEntry]
    regions: Mapping[str, Mapping[str, PriceEntry]]

    @model_validator(mode="after")
    def _complete(self) -> PriceFile:
        for region, entries in self.regions.items():
            for quantity, entry in entries.items():
                if quantity not in QUANTITIES:
                    raise ValueError(f"{region}: {quantity} is no billable quantity")
                if entry.source not in self.sources:
                    raise ValueError(f"{region}: {quantity} names the source {entry.source}, which is not there")
        return self


def parse_prices(text: str, name: str) -> PriceFile:
    """A price file's contents. Raises BadInput naming the file and the first thing wrong in it."""
    try:
        return PriceFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise BadInput(
            f"{name} is no price file ({where}: {first['msg']}): write it again with 'lambda-tailor prices refresh'."
        ) from None


def read_prices(path: Path) -> PriceFile:
    """The price file at a path. Raises BadInput where there is none or it is malformed."""
    try:
        return parse_prices(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        said = "does not exist"
    except OSError as error:
        said = f"cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        said = "is not UTF-8 text"
    raise BadInput(f"The price file {path} {said}: write it with 'lambda-tailor prices refresh'.")


def refreshed_path() -> Path:
    """The user's own price file: ``LAMBDA_TAILOR_PRICES``, or prices.json in the platform's data folder."""
    named = os.environ.get(PRICES_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("lambda-tailor") / "prices.json"


def prices_for(region: str, override: Path | None = None) -> Prices | Unpriced:
    """The price list of a region, or why there is none.

    ``override`` is a price file that goes before the packaged prices, quantity by quantity; without
    it, the user's own one is taken where it exists. What no source knows for the region is not priced
    there, and the notes say so: another region's price would be a guess. A region of which not even compute
    is known is Unpriced. Raises BadInput for an override that cannot be read.
    """
    path = override or refreshed_path()
    named = override is not None or bool(os.environ.get(PRICES_VARIABLE))
    try:
        # The time of the last change is part of the key, so that a refresh is seen at once.
        changed = path.stat().st_mtime_ns
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not named:
            return _prices(region, None, 0)
        changed = 0  # reading it says what is wrong
    return _prices(region, path, changed)


@cache
def _packaged() -> PriceFile:
    return parse_prices((files(__name__) / "prices.json").read_text(encoding="utf-8"), "prices.json")


@cache
def _own(path: Path, _changed: int) -> PriceFile:
    return read_prices(path)


@cache
def _prices(region: str, path: Path | None, changed: int) -> Prices | Unpriced:
    known = _known(_packaged(), region)
    if path is not None:
        known |= _known(_own(path, changed), region)
    if "gb_s_x86" not in known:
        return Unpriced(region, f"no price of compute in {region} is known: see 'lambda-tailor prices refresh'")
    # Where no arm64 price is known the dearer one stands in: no saving is told that may not be there.
    every = {**{arm: known[x86] for arm, x86 in _INSTEAD.items() if x86 in known}, **known}
    return Prices(
        region,
        tiers={name: tiers for name, (tiers, _) in every.items()},
        notes=_notes(region, known),
        sources={name: source for name, (_, source) in every.items()},
    )


_INSTEAD = {
    "gb_s_arm": "gb_s_x86",
    "provisioned_gb_s_arm": "provisioned_gb_s",
    "provisioned_duration_gb_s_arm": "provisioned_duration_gb_s",
}
_Known = dict[str, tuple[tuple[Tier, ...], Source]]


def _known(data: PriceFile, region: str) -> _Known:
    entries: Any = data.regions.get(region, {})
    sources = {id_: Source(source.title, source.as_of) for id_, source in data.sources.items()}
    return {
        name: (tuple(Tier(up_to, usd) for up_to, usd in entry.tiers), sources[entry.source])
        for name, entry in entries.items()
    }


def _notes(region: str, known: _Known) -> tuple[str, ...]:
    notes: list[str] = []
    for source in dict.fromkeys(source for _, source in known.values()):
        names = [LABELS[name] for name in QUANTITIES if name in known and known[name][1] == source]
        notes.append(f"{region}: {', '.join(names)} as of {source.as_of} ({source.title})")
    if len(known["gb_s_x86"][0]) == 1 and region != REFERENCE_REGION:
        notes.append(f"{region}: only the first tier of compute is known, and taken at every volume")
    if "gb_s_arm" not in known:
        notes.append(f"{region}: no arm64 price is known, so arm64 is counted at the price of x86_64")
    missing = [LABELS[name] for name in QUANTITIES if name not in known and name not in _INSTEAD]
    if missing:
        notes.append(f"{region}: not priced here, and in no figure: {', '.join(missing)}")
    return tuple(notes)


def dump_prices(data: PriceFile) -> str:
    """A price file as text; ``parse_prices`` reads it back."""
    return json.dumps(data.model_dump(), indent=1, sort_keys=True, default=_plain) + "\n"


def _plain(value: object) -> str:
    """A Decimal without exponent, so that people can read it."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is in no price file")
    return format(value, "f")
