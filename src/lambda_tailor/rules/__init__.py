"""One file for each rule: a pure function from what is deployed and measured to verdicts; each has a ``RULE``.

No rule imports another, reads AWS or writes. Read ``rule.py`` first; facts that age are in ``data/``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from lambda_tailor.rules.rule import AnyRule


@cache
def all_rules() -> Mapping[str, AnyRule]:
    """Every rule by its id: the files of this folder that have a ``RULE``, in the order they are told."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found: list[AnyRule] = [m.RULE for m in modules if hasattr(m, "RULE")]
    return {rule.id: rule for rule in sorted(found, key=lambda r: (r.order, r.id))}
