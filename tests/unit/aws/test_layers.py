"""What is told of a layer's newest version, whichever way it is asked for."""

from __future__ import annotations

import pytest

from lambda_tailor.aws.lookups import all_kinds
from lambda_tailor.aws.lookups.kind import MANY
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.function import Found
from tests.builders import ACCOUNT
from tests.unit.aws.answering import Answering

NEWEST = {
    "LayerVersionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l0:3", "Version": 3,
    "CompatibleRuntimes": ["python3.12"], "CompatibleArchitectures": ["arm64"],
}  # fmt: skip
OLDER = {**NEWEST, "LayerVersionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l0:2", "Version": 2}


@pytest.mark.parametrize("count", [1, MANY])
def test_runtimes_and_architectures_come_with_it(count: int) -> None:
    replies = {
        "ListLayerVersions": lambda _: {"LayerVersions": [OLDER, NEWEST]},
        "ListLayers": lambda _: {"Layers": [{"LayerName": "l0", "LatestMatchingVersion": NEWEST}]},
    }
    gateway = Answering(replies)
    names = [f"l{n}" for n in range(count)]
    found = all_kinds()["layer"].read(OpenScope(gateway, ACCOUNT, "aws"), names)["l0"]
    assert found == Found(
        {"arn": NEWEST["LayerVersionArn"], "runtimes": ["python3.12"], "architectures": ["arm64"]}  # type: ignore[dict-item]
    )
    assert gateway.calls == ({"lambda:ListLayerVersions": 1} if count < MANY else {"lambda:ListLayers": 1})
