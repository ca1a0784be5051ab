"""The error tree: every class says what to do next and which exit code it ends with.

An error that a user can meet is one of these; its message is one sentence. Anything else that
escapes is a bug.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar


class TailorError(Exception):
    """Base of all errors a user can meet.

    ``exit_code`` is the process exit code; ``link`` is the name of its part in docs/troubleshooting.md.
    """

    link: ClassVar[str] = "LT-100"

    exit_code: int = 1


class BadInput(TailorError):
    """The command line or a file says something that cannot be meant."""

    link = "LT-101"


class PolicyError(BadInput):
    """A policy file is malformed; the message names file, line and key."""

    link = "LT-102"


class PlanFileError(BadInput):
    """A saved plan cannot be read: cut short, altered, or of another version."""

    link = "LT-103"


class StalePlan(TailorError):
    """What is deployed is no longer what the saved plan was made from."""

    link = "LT-104"


class TargetNotFound(BadInput):
    """No function answers to the target."""

    link = "LT-105"


class CredentialsError(TailorError):
    """There are no usable AWS credentials, or they have expired."""

    link = "LT-106"


class EndpointUnreachable(TailorError):
    """AWS, or the endpoint named instead of it, does not answer."""

    link = "LT-107"


class AccessDenied(TailorError):
    """The credentials may not do what is asked; ``action`` is the missing IAM action."""

    link = "LT-108"

    def __init__(self, message: str, *, action: str) -> None:
        super().__init__(message)
        self.action = action

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it may come back from another process."""
        return partial(AccessDenied, action=self.action), (str(self),)


class AwsRefused(TailorError):
    """AWS answered a call with an error. ``code`` is AWS's own error code.

    ``lost`` tells that the answer did not arrive, so that the call may or may not have been done.
    """

    link = "LT-109"

    def __init__(self, message: str, *, code: str, lost: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.lost = lost

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it may come back from another process."""
        return partial(AwsRefused, code=self.code, lost=self.lost), (str(self),)


class JournalError(TailorError):
    """The journal cannot be read or written; nothing is written to AWS without it."""

    link = "LT-110"


class LeaseLost(TailorError):
    """Another run took over what this one worked on while it slept; this one stops."""

    link = "LT-112"


class KeyRefused(JournalError):
    """The team's key is missing, is another one, or is where others may read it."""


class RunNotFound(BadInput):
    """The journal holds no run of that id."""

    link = "LT-111"


class FunctionHeld(TailorError):
    """Another run holds the lease on a function."""

    link = "LT-112"


class NotConfirmed(TailorError):
    """The user did not say yes, or could not be asked."""

    link = "LT-113"


class LimitExceeded(TailorError):
    """The plan touches more functions than the policy's caps allow."""

    link = "LT-114"
