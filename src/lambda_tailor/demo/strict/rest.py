"""Which operation a REST request is, told from the service models inside botocore."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import botocore.session


@cache
def _patterns(service: str) -> tuple[tuple[str, re.Pattern[str], frozenset[str], str], ...]:
    model = botocore.session.get_session().get_service_model(service)
    found = []
    # Of two on the same path the one that AWS has not replaced, such as GetBucketLifecycleConfiguration.
    for name in sorted(model.operation_names, key=lambda name: model.operation_model(name).deprecated):
        http: Mapping[str, Any] = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        shape = re.sub(r"\\\{(\w+)(\\\+)?\\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(path))
        keys = frozenset(part.partition("=")[0] for part in query.split("&") if part)
        found.append((http["method"], re.compile(shape.rstrip("/") + "/?"), keys, name))
    # The request that asks for most is told first: PutBucketVersioning before CreateBucket.
    return tuple(sorted(found, key=lambda f: (-len(f[2]), -len(f[1].pattern.replace(".+", "")))))


def match_rest(service: str, method: str, path: str, query: str) -> tuple[str, dict[str, str]]:
    """The operation's name and its path parameters; an empty name where none fits."""
    given = parse_qs(query, keep_blank_values=True).keys()
    for wanted, pattern, keys, name in _patterns(service):
        if wanted == method and keys <= given and (found := pattern.fullmatch(path)):
            return name, found.groupdict()
    return "", {}
