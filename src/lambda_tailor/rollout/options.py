"""What the command line says of a rollout, checked. Pure."""

from __future__ import annotations

import math
import re
from urllib.parse import urlsplit

from lambda_tailor.errors import BadInput
from lambda_tailor.model.rollout import GuardOptions

# https over the network; http only to this machine.
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_TOPIC = re.compile(r"sns:arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+")


def steps(text: str) -> tuple[int, ...]:
    """Shares in per cent, rising, such as ``5,25,50,100``; 100 ends them whether said or not.

    Raises BadInput.
    """
    try:
        shares = [int(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if not shares or shares != sorted(set(shares)) or not 1 <= shares[0] <= shares[-1] <= 100:
        raise BadInput(f"--guard-steps takes rising shares in per cent, such as 5,25,50,100, and not {text!r}.")
    return tuple(shares) if shares[-1] == 100 else (*shares, 100)


def percent(text: str, option: str) -> float:
    """A share such as ``25%`` as 0.25; a bare number is per cent too.

    Raises BadInput.
    """
    try:
        value = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        value = math.nan
    if not 0 <= value < 100 or (option == "--allowed-errors" and value >= 1):
        raise BadInput(f"{option} takes a share such as 25%, and not {text!r}.")
    return value


def receiver(text: str) -> str:
    """Where decisions are told: ``sns:ARN`` or ``https://…``.

    Raises BadInput.
    """
    parts = urlsplit(text)
    web = bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE))
    if not web and not _TOPIC.fullmatch(text):
        raise BadInput(f"--notify takes sns:ARN of a topic or an https address, and not {text!r}.")
    return text


def checked(options: GuardOptions) -> GuardOptions:
    """The same options. Raises BadInput where they make no sense together."""
    if not 0 < options.minutes <= 60 * 24 * 14:
        raise BadInput("--guard-minutes is more than 0 and at most 14 days: CloudWatch keeps minutes for 15.")
    return options
