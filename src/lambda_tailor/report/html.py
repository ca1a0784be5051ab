"""Pages that need nothing else: a plan, a run, the history, tunes. No request, no script, nothing unescaped.

What they show is worked out in ``page``; the markup is in ``templates``, the style sheet in ``templates/style.css``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from lambda_tailor import __version__
from lambda_tailor.model.history import History
from lambda_tailor.model.plan import Plan
from lambda_tailor.model.realized import Realized
from lambda_tailor.model.run import Run
from lambda_tailor.model.tuning import Tuning
from lambda_tailor.report.page.history_page import history_page
from lambda_tailor.report.page.plan_page import plan_page
from lambda_tailor.report.page.run_page import run_page
from lambda_tailor.report.page.tune_page import tune_page

# Paths of 16 by 16, drawn as lines.
ICONS: Mapping[str, str] = {
    "chev": "M6 3.5 10.5 8 6 12.5",
    "check": "M3 8.5 6.5 12 13 4.5",
    "x": "M4 4l8 8M12 4l-8 8",
    "stop": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM4 12 12 4",
    "risk": "M8 2.5 14.5 13.5H1.5ZM8 7v3M8 11.8v.1",
    "back": "M6 3 2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6",
    "list": "M2.5 4h11M2.5 8h11M2.5 12h7",
    "clock": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 5v3.2l2 1.3",
    "info": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 7.4v3.6M8 5v.1",
}


def render(plan: Plan, run: Run | None = None, realized: Realized | None = None) -> str:
    """The page of a plan; with ``run`` the page of that run of it, and with ``realized`` of what it brought."""
    if run is not None:
        return _render("run.html.j2", run_page(plan, run, realized))
    return _render("plan.html.j2", plan_page(plan))


def render_history(history: History) -> str:
    """The page of all runs."""
    return _render("history.html.j2", history_page(history))


def render_tunes(tunings: Sequence[Tuning]) -> str:
    """The page of what tunes found; of at least one."""
    return _render("tune.html.j2", tune_page(tunings))


def _render(template: str, page: Any) -> str:
    return _environment().get_template(template).render(page=page, icons=ICONS, version=__version__)


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lambda_tailor", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
