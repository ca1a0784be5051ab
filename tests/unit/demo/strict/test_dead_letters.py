"""What the strict layer makes of the emulator's record of a failed event."""

from __future__ import annotations

import json

import pytest

from lambda_tailor.demo.strict.dead_letters import envelope_of, unwrapped

ENVELOPE = {
    "requestContext": {"functionArn": "arn", "condition": "RetriesExhausted"},
    "requestPayload": {"order": 42},
    "responsePayload": {"errorMessage": "ü" * 1000},
}


def test_only_the_attributes_that_were_asked_for_are_given() -> None:
    assert set(unwrapped(ENVELOPE, "id", [])) == {"Body", "MD5OfBody"}
    message = unwrapped(ENVELOPE, "id", ["RequestID"])
    assert message["MessageAttributes"] == {"RequestID": {"StringValue": "id", "DataType": "String"}}


def test_the_error_message_is_cut_to_a_kilobyte_of_whole_characters() -> None:
    message = unwrapped(ENVELOPE, "id", ["All"])
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "ü" * 512


def test_the_digest_of_attributes_is_the_one_that_the_emulator_gives() -> None:
    # The emulator has an implementation of its own, which gives this for the same attributes.
    message = unwrapped({**ENVELOPE, "responsePayload": None}, "id", ["RequestID", "ErrorCode"])
    assert message["MD5OfMessageAttributes"] == "baae07108d1f4e8d087f0b624bc85c70"


@pytest.mark.parametrize(
    "body",
    ["", "a lost order", "[1]", "{}", json.dumps({"requestContext": {"condition": "Success"}, "requestPayload": 1})],
)
def test_another_message_is_left_as_it_is(body: str) -> None:
    assert envelope_of(body) is None
