"""The error tree: every class says what to do next and which exit code it ends with.

An error that a user can meet is one of these; its message is one sentence. Anything else that
escapes is a bug.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class TailorError(Exception):
    """Base of all errors a user can meet. ``exit_code`` is the process exit code."""

    exit_code: int = 1


class BadInput(TailorError):
    """The command line or a file says something that cannot be meant."""


class PolicyError(BadInput):
    """A policy file is malformed; the message names file, line and key."""


class PlanFileError(BadInput):
    """A saved plan cannot be read: cut short, altered, or of another version."""


class StalePlan(TailorError):
    """What is deployed is no longer what the saved plan was made from."""


class TargetNotFound(BadInput):
    """No function answers to the target."""


class CredentialsError(TailorError):
    """There are no usable AWS credentials, or they have expired."""


class EndpointUnreachable(TailorError):
    """AWS, or the endpoint named instead of it, does not answer."""


class AccessDenied(TailorError):
    """The credentials may not do what is asked; ``action`` is the missing IAM action."""

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

    def __init__(self, message: str, *, code: str, lost: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.lost = lost

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it may come back from another process."""
        return partial(AwsRefused, code=self.code, lost=self.lost), (str(self),)


class JournalError(TailorError):
    """The journal cannot be read or written; nothing is written to AWS without it."""


class LeaseLost(TailorError):
    """Another run took over what this one worked on while it slept; this one stops."""


class RunNotFound(BadInput):
    """The journal holds no run of that id."""


class FunctionHeld(TailorError):
    """Another run holds the lease on a function."""


class NotConfirmed(TailorError):
    """The user did not say yes, or could not be asked."""


class LimitExceeded(TailorError):
    """The plan touches more functions than the policy's caps allow."""
