"""What the strict layer leaves out of the emulator's listings of functions."""

from __future__ import annotations

import asyncio
import json

import pytest

from lambda_tailor.demo.strict.lambda_limits import LambdaLimits
from lambda_tailor.demo.strict.wire import Answer, Exchange

EDGE = "arn:aws:lambda:us-east-1:123456789012:function:edge"
LISTED = {"Functions": [{"FunctionName": "plain"}, {"FunctionName": "edge", "MasterArn": EDGE}]}


class NoVersions:
    async def versions(self, _exchange: Exchange, _name: str) -> list[object]:
        return []


@pytest.mark.parametrize(
    ("query", "names"), [("MaxItems=50", ["plain", "edge"]), ("MasterRegion=us-east-1&FunctionVersion=ALL", ["edge"])]
)
def test_by_master_only_functions_of_lambda_at_edge_are_listed(query: str, names: list[str]) -> None:
    exchange = Exchange(
        "GET", "/2015-03-31/functions/", query, {}, b"", "123456789012", "us-east-1", "lambda", "ListFunctions"
    )
    answer = Answer(200, {"Content-Type": "application/json"}, json.dumps(LISTED).encode())
    limits = LambdaLimits(NoVersions(), {}, {})  # type: ignore[arg-type]  # a fake
    found = json.loads(asyncio.run(limits.after(exchange, answer)).body)
    assert [function["FunctionName"] for function in found["Functions"]] == names
