"""What a kind of lookup is: how it is read, what it costs in calls, and the IAM actions that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.errors import AccessDenied, AwsRefused
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.function import Resource, Unreadable
from lambda_tailor.settings.setting import Answer, Call

# From so many names on, a listing by page costs fewer calls than asking one by one.
MANY = 4

Resources = Mapping[str, Resource]
Reader = Callable[[OpenScope, Sequence[str]], Resources]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupKind:
    """One kind of lookup.

    ``read`` gives a resource for every name. ``costs`` says what a fleet pays: ``page`` is few calls for many
    names, ``name`` a call for each different name (secrets, layers, roles: a handful), ``function`` a call for
    each function, in a lane of 15 a second, which is made for few functions or where it is asked for.
    ``actions`` are the IAM actions that it takes; ``listing`` are those that many names take besides. Their ARNs
    are templates (``iam/permission.py``); ``arn_names`` says which field of them a looked-up name stands for.
    """

    kind: str
    read: Reader
    costs: Literal["page", "name", "function"]
    actions: tuple[Action, ...]
    listing: tuple[Action, ...] = ()
    arn_names: Callable[[str], Mapping[str, Sequence[str]]] | None = None

    def names_in_arns(self, name: str) -> Mapping[str, Sequence[str]]:
        """The names by field of an ARN template; the field is called like the kind where nothing else is said."""
        return {self.kind.replace("-", "_"): (name,)} if self.arn_names is None else self.arn_names(name)


def one_by_one(read: Callable[[OpenScope, str], Resource]) -> Reader:
    """A reader that asks for each name by itself; one that may not be read stops no other."""

    def read_all(opened: OpenScope, names: Sequence[str]) -> Resources:
        def guarded(name: str) -> Resource:
            try:
                return read(opened, name)
            except (AccessDenied, AwsRefused) as error:
                return Unreadable(str(error))

        with ThreadPoolExecutor(max_workers=8) as threads:
            return dict(zip(names, threads.map(guarded, names), strict=True))

    return read_all


def together(read: Reader) -> Reader:
    """A reader that asks for all names at once; refused, all of them are Unreadable."""

    def read_all(opened: OpenScope, names: Sequence[str]) -> Resources:
        try:
            return read(opened, names)
        except (AccessDenied, AwsRefused) as error:
            return {name: Unreadable(str(error)) for name in names}

    return read_all


def answer_or_none(opened: OpenScope, call: Call, *absent: str) -> Answer | None:
    """AWS's answer, or None where it says one of the codes that mean that there is no such thing."""
    try:
        return opened.gateway.call(call)
    except AwsRefused as error:
        if error.code in absent:
            return None
        raise


def common_prefix(names: Sequence[str]) -> str:
    """The longest beginning that all names share."""
    first, last = min(names), max(names)
    shared = next((n for n, letter in enumerate(first) if n >= len(last) or letter != last[n]), len(first))
    return first[:shared]
