"""The resources around functions: one file for each service, its ``KINDS`` say how each is read and what it costs.

Nothing is judged here. What a kind is stands in ``kind.py``: read it first. A new kind is a value in one file, and
nothing else has to know of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from lambda_tailor.aws.lookups.kind import LookupKind, Resources
from lambda_tailor.aws.lookups.log_groups import LOG_GROUP, Prefetched
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.model.function import Lookup, Missing, Resource

# Kinds that cost a call a function are looked up of so many functions, or when asked for.
FEW = 20


@cache
def all_kinds() -> Mapping[str, LookupKind]:
    """Every kind of lookup by its name: the files of this folder that have ``KINDS``."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found: list[LookupKind] = [kind for m in modules for kind in getattr(m, "KINDS", ())]
    return {kind.kind: kind for kind in found}


def affordable(lookups: Iterable[Lookup], functions: int, *, deep: bool) -> frozenset[Lookup]:
    """The lookups without those that cost a call for each of many functions, unless ``deep`` asks for them."""
    return frozenset(each for each in lookups if deep or functions <= FEW or all_kinds()[each.kind].costs != "function")


def look_up(
    opened: OpenScope, lookups: Iterable[Lookup], prefetched: Prefetched | None = None
) -> Mapping[Lookup, Resource]:
    """What there is of every lookup; a kind that may not be read is Unreadable, and stops no other.

    What was listed ``prefetched`` is not asked for again.
    """
    known = {
        lookup: prefetched.groups.get(lookup.name, Missing())
        for lookup in (lookups if prefetched is not None else ())
        if prefetched is not None and lookup.kind == LOG_GROUP and lookup.name.startswith(prefetched.prefix)
    }
    return {**known, **_look_up(opened, (lookup for lookup in lookups if lookup not in known))}


def _look_up(opened: OpenScope, lookups: Iterable[Lookup]) -> Mapping[Lookup, Resource]:
    by_kind: dict[str, list[str]] = {}
    for lookup in sorted(lookups, key=lambda each: (each.kind, each.name)):
        by_kind.setdefault(lookup.kind, []).append(lookup.name)
    with ThreadPoolExecutor(max_workers=max(1, len(by_kind))) as threads:
        found = {kind: threads.submit(_read_kind, opened, kind, names) for kind, names in by_kind.items()}
        return {
            Lookup(kind, name): resource
            for kind, resources in found.items()
            for name, resource in resources.result().items()
        }


def _read_kind(opened: OpenScope, kind: str, names: Sequence[str]) -> Resources:
    return all_kinds()[kind].read(opened, names)
