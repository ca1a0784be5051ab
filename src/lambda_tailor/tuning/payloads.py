"""What a function is invoked with: a file, a folder of files taken in turn, or a test event saved in the console.

In a folder, ``NAME.weight=3.json`` is taken three times in a turn. Console events are EventBridge schemas:
https://docs.aws.amazon.com/lambda/latest/dg/testing-functions.html#creating-shareable-events
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.errors import AwsRefused, BadInput
from lambda_tailor.iam.permission import Action
from lambda_tailor.settings.setting import Call

EVENT = "event:"
REGISTRY = "lambda-testevent-schemas"
READ_ACTIONS = (
    Action(
        "schemas:DescribeSchema",
        f"arn:{{partition}}:schemas:{{region}}:{{account}}:schema/{REGISTRY}/_{{function}}-schema",
    ),
)
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: a synchronous payload.
MOST_BYTES = 6 * 1024**2
MOST_WEIGHT = 100
_WEIGHT = re.compile(r"\.weight=([0-9]+)$")


@dataclass(frozen=True, slots=True)
class Payloads:
    """Payloads in the order in which the calls of one size get them."""

    turn: tuple[bytes, ...]

    def of_call(self, number: int) -> bytes:
        """The payload of the size's call of that number, from 0."""
        return self.turn[number % len(self.turn)]


def from_path(text: str) -> Payloads:
    """The payloads of a file or folder. Raises BadInput."""
    path = Path(text)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix == ".json" and file.is_file())
        if not files:
            raise BadInput(f"{text} has no payloads: put JSON files (NAME.json) into it.")
        return Payloads(_in_turn([(_read(file), _weight(file)) for file in files]))
    return Payloads((_read(path),))


def of_event(gateway: Gateway, function: str, event: str) -> Payloads:
    """A shareable test event of the function. Raises BadInput where there is none."""
    asked = {"RegistryName": REGISTRY, "SchemaName": f"_{function}-schema"}
    try:
        content = gateway.call(Call("schemas", "DescribeSchema", asked))["Content"]
    except AwsRefused as error:
        if error.code != "NotFoundException":
            raise
        raise BadInput(
            f"{function} has no shareable test events: save one in the Lambda console (Test, Shareable), "
            "or give --payload a file."
        ) from error
    try:
        examples = json.loads(content).get("components", {}).get("examples", {})
    except (ValueError, AttributeError):
        examples = {}
    if event not in examples or "value" not in examples[event]:
        names = ", ".join(sorted(examples)) or "none"
        raise BadInput(f"{function} has no test event {event!r}; there are: {names}.")
    return Payloads((json.dumps(examples[event]["value"]).encode(),))


def _read(file: Path) -> bytes:
    try:
        data = file.read_bytes()
        json.loads(data)
    except OSError as error:
        raise BadInput(f"The payload {file} cannot be read ({error.strerror}): give a file or folder.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The payload {file} is not JSON: {error}.") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"The payload {file} is larger than the 6 MB that Lambda takes.")
    return data


def _weight(file: Path) -> int:
    found = _WEIGHT.search(file.stem)
    weight = int(found[1]) if found else 1
    if not 1 <= weight <= MOST_WEIGHT:
        raise BadInput(f"The weight of {file.name} must be from 1 to {MOST_WEIGHT}.")
    return weight


def _in_turn(weighted: Sequence[tuple[bytes, int]]) -> tuple[bytes, ...]:
    """Each payload as often as its weight, spread evenly over the turn."""
    places = [
        ((number + 0.5) / weight, index, data)
        for index, (data, weight) in enumerate(weighted)
        for number in range(weight)
    ]
    return tuple(data for _, _, data in sorted(places, key=lambda place: place[:2]))
