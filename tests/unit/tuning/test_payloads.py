"""Payloads: files, folders with weights, shareable test events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lambda_tailor.errors import AwsRefused, BadInput
from lambda_tailor.tuning.payloads import from_path, of_event


def test_a_folder_is_taken_in_turn_by_weight_and_spread_evenly(tmp_path: Path) -> None:
    (tmp_path / "a.weight=3.json").write_text('"a"')
    (tmp_path / "b.json").write_text('"b"')
    (tmp_path / "notes.txt").write_text("not a payload")
    payloads = from_path(str(tmp_path))
    turn = [payloads.of_call(number) for number in range(8)]
    assert turn[:4] == turn[4:] and turn.count(b'"a"') == 6 and turn.count(b'"b"') == 2
    assert turn[0] != b'"b"' and turn[3] != b'"b"', "the light one stands at an end"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("a.json", "{", "is not JSON"), ("a.weight=0.json", "{}", "weight"), ("a.weight=999.json", "{}", "weight")],
)
def test_what_is_no_payload_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=said):
        from_path(str(tmp_path))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no payloads"):
        from_path(str(tmp_path))


class Registry:
    """A gateway with the schema of one function."""

    def __init__(self, content: str | None) -> None:
        self.content = content

    def call(self, call: Any) -> dict[str, Any]:
        assert call.parameters == {"RegistryName": "lambda-testevent-schemas", "SchemaName": "_orders-schema"}
        if self.content is None:
            raise AwsRefused("no such schema", code="NotFoundException")
        return {"Content": self.content}


SCHEMA = json.dumps({"openapi": "3.0.0", "components": {"examples": {"big": {"value": {"n": 1}}}}})


def test_a_test_event_of_the_console_is_found_by_name() -> None:
    assert of_event(Registry(SCHEMA), "orders", "big").turn == (b'{"n": 1}',)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "said"),
    [(SCHEMA, "there are: big"), ("not json", "there are: none"), (None, "no shareable test events")],
)
def test_a_test_event_that_is_not_there_is_said(content: str | None, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        of_event(Registry(content), "orders", "small")  # type: ignore[arg-type]
