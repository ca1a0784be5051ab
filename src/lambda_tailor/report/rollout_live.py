"""Rollouts as they go on: a block on a terminal that is kept up to date, one line a step elsewhere; on stderr."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from lambda_tailor.model.rollout import Rollout, RolloutStatus
from lambda_tailor.report import rollout as words
from lambda_tailor.report.texts import clean


class RolloutLive:
    """Watches rollouts. ``quiet`` says nothing but complaints."""

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._quiet = quiet
        self._console = console or Console(stderr=True, highlight=False)
        self._rollouts: dict[str, Rollout] = {}
        self.stops: list[str] = []
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None

    def __enter__(self) -> RolloutLive:
        if self._live is not None and not self._quiet:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None and not self._quiet:
            self._live.stop()

    def looked(self, rollout: Rollout) -> None:
        """A look was taken."""
        if self._quiet:
            return
        self._rollouts[rollout.arn] = rollout
        if self._live is not None:
            shown = [line for each in self._rollouts.values() for line in words.block(each)]
            self._live.update(Text("\n".join(shown)), refresh=True)
            return
        # One line a step: where it stays as it is, only the first look is worth one.
        stays = bool(rollout.looks) and rollout.looks[-1].decision == "stay"
        if not stays or len(rollout.looks) == 1 or rollout.status is not RolloutStatus.RUNNING:
            print(words.line(rollout), file=sys.stderr, flush=True)

    def complained(self, complaint: str) -> None:
        """Something went wrong that stops nothing."""
        print(clean(complaint), file=sys.stderr, flush=True)

    def stopped(self, sentence: str) -> None:
        """Something is left as it is: told, and kept for the exit code."""
        self.stops.append(sentence)
        print(clean(sentence), file=sys.stderr, flush=True)
