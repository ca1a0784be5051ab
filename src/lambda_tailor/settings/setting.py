"""What a setting is: one kind of AWS resource state, how it is read and how it is written.

Both directions are described calls, so that a change and its undoing are tested without AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pydantic import JsonValue

from lambda_tailor.iam.permission import Action
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.shown import Shown

# What was observed or shall be: one value for each field. Values that must not be seen are Secret.
State = Mapping[str, JsonValue | Secret]
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS request as boto3 takes it. ``action`` is the API operation, as AWS spells it."""

    service: str
    action: str
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        """``service:Operation``, the name under which it is counted."""
        return f"{self.service}:{self.action}"


@dataclass(frozen=True, slots=True)
class ResourceAddress:
    """Where an operation happens; ``resource`` is the resource's name there."""

    account_id: str
    region: str
    partition: str
    resource: str


class Progress(Enum):
    """Whether AWS has finished with a resource."""

    SETTLED = "settled"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Broken:
    """AWS gave up on an update, because …"""

    because: str


def always_settled(_answer: Answer) -> Progress | Broken:
    """For resources whose writes have happened when they are answered."""
    return Progress.SETTLED


def never_refused(_observed: State, _wanted: State) -> str | None:
    """For writes that can destroy nothing."""
    return None


@dataclass(frozen=True, slots=True)
class Marked:
    """How the word of whoever made a resource is asked for, and found in the answer."""

    read: Callable[[ResourceAddress], Call]
    word: Callable[[Answer], str | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of setting.

    ``read`` asks for the resource; ``observe`` turns the answer (None where AWS says one of
    ``absent_codes``) into its state. ``write`` turns observed and wanted state into the one call
    that gets there. ``follows`` tells whether a field that a plan would write follows from the change
    that it shows: by resource, field and both values. ``refuse`` gives the reason why that must not be
    done. ``told`` gives the state that the answer to a ``write`` tells whole; elsewhere it is read back.
    ``progress`` tells from a ``read`` answer whether AWS is done; where it is ``asynchronous``,
    AWS goes on after its answer.
    ``prepares`` tells that it only makes way for the setting that a change shows.
    ``read_together`` asks for several resources at once, where AWS has a request for that; ``observe`` then finds
    its own in the answer.
    ``identity`` gives, of a state, by what the resource is known again as the one that was made; where it is
    ``eventual``, AWS may take a while to show what it has done.
    ``untouched`` tells of a state whether a resource is just as a write makes it, where nobody confirmed the making.
    ``parts`` has the groups of fields that AWS would take one by one, where it refuses them together; ``by_role`` tells
    whether AWS asks the function's role about any of them.
    ``removes`` tells that a wanted state is that the resource is no more; ``mark`` leaves a word in the call that
    makes it, by which its maker is known, and ``marked`` asks for it.
    ``spoils`` gives, of the fields to write over what was observed, those that would take with them what another hand
    set, with the reason.
    ``attainable`` turns observed and wanted state into the nearest to the wanted that AWS lets be.
    ``inexact_undo`` says, of the states before and after a write, what AWS cannot put back exactly.

    ``read_actions`` and ``write_actions`` are the IAM actions that it takes; the first of the latter
    names the lane that its writes run in. ``undo_actions`` are taken besides, to leave a mark and to ask who else uses
    what would be removed. A state with a ``revision_id`` has it passed back in the write, so that AWS
    refuses when another hand was faster.
    """

    kind: str
    title: str
    source: str
    read: Callable[[ResourceAddress], Call]
    observe: Callable[[ResourceAddress, Answer | None], State]
    write: Callable[[ResourceAddress, State, State], Call]
    follows: Callable[[Shown], bool]
    read_together: Callable[[Sequence[ResourceAddress]], Call] | None = None
    absent_codes: frozenset[str] = frozenset()
    refuse: Callable[[State, State], str | None] = never_refused
    told: Callable[[Answer], State | None] = field(default=lambda _answer: None)
    progress: Callable[[Answer], Progress | Broken] = always_settled
    asynchronous: bool = False
    prepares: bool = False
    eventual: bool = False
    identity: Callable[[State], Mapping[str, JsonValue] | None] = field(default=lambda _state: None)
    untouched: Callable[[State], bool] = field(default=lambda _state: True)
    parts: Callable[[State], Sequence[frozenset[str]]] = field(default=lambda wanted: [frozenset(wanted)])
    by_role: Callable[[State], bool] = field(default=lambda _wanted: False)
    removes: Callable[[State], bool] = field(default=lambda _wanted: False)
    mark: Callable[[Call, str], Call] = field(default=lambda call, _word: call)
    marked: Marked | None = None
    spoils: Callable[[State, State], Mapping[str, str]] = field(default=lambda _observed, _wanted: {})
    attainable: Callable[[State, State], State] = field(default=lambda _observed, wanted: wanted)
    inexact_undo: Callable[[State, State], str | None] = field(default=lambda _was, _wrote: None)
    read_actions: tuple[Action, ...] = ()
    write_actions: tuple[Action, ...] = ()
    undo_actions: tuple[Action, ...] = ()
