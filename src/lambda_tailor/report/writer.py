"""Lines on a terminal or in a pipe: never wider than the terminal, and in a pipe never broken."""

from __future__ import annotations

import textwrap

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from lambda_tailor.model.verdict import Risk
from lambda_tailor.report.texts import clean

LEAST, MOST, PIPED = 40, 110, 100
RISK_STYLE = {Risk.NONE: "", Risk.LOW: "", Risk.MEDIUM: "yellow", Risk.HIGH: "bold red"}
RISK_WORD = {Risk.NONE: "none", Risk.LOW: "low", Risk.MEDIUM: "medium", Risk.HIGH: "high"}


class Writer:
    """Writes lines. ``width`` is the terminal's, or None in a pipe; ``columns`` is what right edges go by."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self.width = max(self.console.width, LEAST) if self.console.is_terminal else None
        self.columns = PIPED if self.width is None else min(self.width, MOST)

    def line(self, text: str = "", style: str = "") -> None:
        """One line, broken between words where the terminal is too narrow for it."""
        for line in self.wrapped(clean(text)):
            self.console.print(Text(line, style=style), soft_wrap=True)

    def wrapped(self, text: str, more: int = 2) -> list[str]:
        """The lines that the text takes; those after the first are indented by ``more``."""
        if self.width is None or cell_len(text) <= self.width:
            return [text]
        indent = " " * (len(text) - len(text.lstrip()))
        lines = textwrap.wrap(
            text.lstrip(), self.width, initial_indent=indent, subsequent_indent=indent + " " * more,
            break_on_hyphens=False,
        )  # fmt: skip
        return lines or [""]

    def edges(self, left: str, right: str, style: str = "", risk: Risk | None = None) -> None:
        """``right`` at the right edge of ``left``'s last line, or of a line of its own where there is no room."""
        lines = self.wrapped(clean(left), 4)
        last = lines[-1]
        room = self.columns - cell_len(last) - cell_len(right)
        if not right:
            self._each(lines, style)
            return
        if room < 2 and self.width is not None:
            self._each(lines, style)
            last, room, lines = "", self.columns - cell_len(right), []
        self._each(lines[:-1], style)
        line = Text(last, style=style).append(" " * max(room, 2)).append(clean(right), style="")
        if risk is not None and RISK_STYLE[risk]:
            line.highlight_words([f" {RISK_WORD[risk]} "], RISK_STYLE[risk])
        line.rstrip()
        self.console.print(line, soft_wrap=True)

    def _each(self, lines: list[str], style: str) -> None:
        for line in lines:
            self.console.print(Text(line, style=style), soft_wrap=True)
