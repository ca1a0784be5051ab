"""Listings without end are given up in one sentence."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from lambda_tailor.aws import gateway as gateways
from lambda_tailor.aws.gateway import Connection, Gateway
from lambda_tailor.errors import AwsRefused
from lambda_tailor.settings.setting import Call


def listing(monkeypatch: pytest.MonkeyPatch, tokens: Any) -> int:
    gateway = Gateway.__new__(Gateway)
    coming = iter(tokens)
    monkeypatch.setattr(Gateway, "call", lambda self, call: {"NextToken": next(coming, None)})
    return sum(1 for _ in gateway.pages(Call("logs", "DescribeLogGroups", {}), "NextToken"))


def test_a_listing_ends_with_its_last_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listing(monkeypatch, ["a", "b", "c"]) == 4


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"], itertools.cycle("abc")])
def test_a_token_that_comes_again_ends_it(monkeypatch: pytest.MonkeyPatch, tokens: Any) -> None:
    with pytest.raises(AwsRefused, match="its pages have no end"):
        listing(monkeypatch, tokens)


def test_ever_new_tokens_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "MOST_PAGES", 50)
    with pytest.raises(AwsRefused, match="its pages have no end"):
        listing(monkeypatch, map(str, itertools.count()))
    assert Connection().session_name == "lambda-tailor"
