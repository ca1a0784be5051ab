"""One file for each kind of setting: how it is read, written and put back; each has a ``SETTING``.

Everything is a described call: nothing is sent from here, and nothing is decided. Read ``setting.py`` first.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from lambda_tailor.settings.setting import Setting


@cache
def all_settings() -> Mapping[str, Setting]:
    """Every kind of setting by its name: the files of this folder that have a ``SETTING``."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found: list[Setting] = [m.SETTING for m in modules if hasattr(m, "SETTING")]
    return {setting.kind: setting for setting in sorted(found, key=lambda s: s.kind)}
