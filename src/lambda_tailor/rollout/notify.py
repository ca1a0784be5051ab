"""Each decision told to an SNS topic or a web hook: the function, the decision, both sides' figures, no secrets.

The payload is one JSON document: ``{"run_id", "function", "region", "account_id", "track", "alias",
"from_version", "to_version", "status", "look": {…as in the run document…}}``.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.documents import adapter
from lambda_tailor.errors import TailorError
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.rollout import Look, Rollout
from lambda_tailor.settings.setting import Call

WRITE_ACTIONS = (Action("sns:Publish", because="the topic is named on the command line only"),)
_SUBJECT = 100
_PATIENCE_S = 5.0


def payload(run_id: str, rollout: Rollout) -> dict[str, Any]:
    """What is told of a rollout and its last look."""
    names = ("function", "region", "account_id", "track", "alias", "from_version", "to_version", "status")
    look = adapter(Look).dump_python(rollout.looks[-1], mode="json") if rollout.looks else None
    return {"run_id": run_id, **{name: getattr(rollout, name) for name in names}, "look": look}


def tell(gateway: Gateway, receivers: Sequence[str], run_id: str, rollout: Rollout) -> tuple[str, ...]:
    """Tell every receiver; the complaints about those that could not be told, which stop nothing."""
    document = payload(run_id, rollout)
    complaints: list[str] = []
    for receiver in receivers:
        try:
            if receiver.startswith("sns:"):
                _publish(gateway, receiver.removeprefix("sns:"), document)
            else:
                _post(receiver, document)
        except (TailorError, OSError, ValueError) as error:
            complaints.append(f"{receiver} could not be told: {error}")
    return tuple(complaints)


def _publish(gateway: Gateway, topic: str, document: dict[str, Any]) -> None:
    decision = document["look"]["decision"] if document["look"] else document["status"]
    subject = f"lambda-tailor: {document['function']} {decision}"
    asked = {"TopicArn": topic, "Subject": subject[:_SUBJECT], "Message": json.dumps(document)}
    gateway.call(Call("sns", "Publish", asked))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A web hook answers by itself: what it points to was not named by the user."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(url: str, document: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "lambda-tailor"}
    request = urllib.request.Request(url, json.dumps(document).encode(), headers, method="POST")  # noqa: S310 - checked
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(request, timeout=_PATIENCE_S):
        pass
