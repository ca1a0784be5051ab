"""What AWS says of a request with secrets in it is not shown, however it repeats them."""

from __future__ import annotations

import html
import json
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from lambda_tailor.aws.concealing import secretive
from lambda_tailor.aws.faults import explain
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.model.package import Package
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Call

CANARY = "p&ss <w>rd/\"x\\ 'y'=ü postgres://u:p@h/d"
CALL = Call("lambda", "UpdateFunctionConfiguration", {"Environment": {"Variables": {"A": Secret(CANARY)}}})
SPELLINGS = {
    "as it is": CANARY,
    "cut short": CANARY[:12],
    "cut short at the front": CANARY[9:],
    "html": html.escape(CANARY),
    "json": json.dumps(CANARY)[1:-1],
    "json with slashes": json.dumps(CANARY)[1:-1].replace("/", "\\/"),
    "json with codes": "".join(f"\\u{ord(c):04x}" for c in CANARY),
    "url": quote(CANARY),
    "url, all of it": quote(CANARY, safe=""),
    "folded": " ".join(CANARY.split()).replace(" ", "\n   "),
    "in capitals": CANARY.upper(),
    "backwards": CANARY[::-1],
}


def errors(text: str) -> dict[str, Exception]:
    def answer(code: str, message: str, status: int) -> ClientError:
        said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return ClientError(said, CALL.action)  # type: ignore[arg-type]

    denied = f"User: x is not authorized to perform: lambda:{text} on resource: {text}"
    return {
        "refused": answer("InvalidParameterValueException", f"Value '{text}' at 'environment' failed", 400),
        "no message": answer("InvalidParameterValueException", "", 400),
        "in the code": answer(text, "", 400),
        "denied": answer("AccessDeniedException", denied, 403),
        "broken": answer("ServiceException", text, 500),
        "parameters": ParamValidationError(report=text),
    }


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_nothing_of_a_secret_is_in_an_error(spelling: str) -> None:
    text = SPELLINGS[spelling]
    tried = 0
    for name, error in errors(text).items():
        told = explain(error, CALL, lost=False, secretive=True)
        shown = f"{told} {told!r} {vars(told)}"
        tried += 1
        assert text not in shown, name
        assert not any(text[n : n + 5] in shown for n in range(len(text) - 4)), (name, shown)
    assert tried == 6


def test_the_code_is_shown_and_what_carries_no_secret_keeps_its_words() -> None:
    error = errors("too long")["refused"]
    told = explain(error, CALL, lost=True, secretive=True)
    assert isinstance(told, AwsRefused) and told.lost and told.code == "InvalidParameterValueException"
    assert "InvalidParameterValueException" in str(told)
    assert "too long" in str(explain(error, CALL, lost=False))
    denied = explain(errors("GetIt")["denied"], CALL, lost=False, secretive=True)
    assert isinstance(denied, AccessDenied) and denied.action == "lambda:UpdateFunctionConfiguration"


@pytest.mark.parametrize("action", ["iam:PassRole", "kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"])
def test_an_action_that_aws_asks_on_behalf_of_a_request_is_named_though_its_words_are_not_shown(action: str) -> None:
    said = f"the KMS access was denied: User: hunter2 is not authorized to perform: {action} on resource: hunter2"
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": said}}, CALL.action)
    denied = explain(error, CALL, lost=False, secretive=True)
    assert isinstance(denied, AccessDenied) and denied.action == action
    assert "hunter2" not in str(denied)


@pytest.mark.parametrize(
    "parameters",
    [
        {"A": Secret("x")}, {"A": [{"B": (Secret("x"),)}]}, {"ZipFile": Package(Secret("https://signed"))},
    ],
)  # fmt: skip
def test_a_secret_is_found_wherever_it_is_in_a_request(parameters: dict[str, Any]) -> None:
    assert secretive(parameters)
    assert not secretive({"A": ["x", {"B": 1}], "C": None})
