"""How a value, an attribute or an element is written into HCL, in the style of what stands around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from lambda_tailor.writeback.files import Splice
from lambda_tailor.writeback.terraform.parser import quoted
from lambda_tailor.writeback.terraform.syntax import Block, Expr, Items, Literal, Pairs

# These stand apart, before or behind all others.
_META = {"for_each", "count", "depends_on", "source", "version", "provider", "providers"}
_BARE = re.compile(r"[A-Za-z_][\w-]*")


def hcl(value: JsonValue, references: Mapping[str, str] | None = None) -> str:
    """A value as an expression; a string in ``references`` is written as the reference."""
    known = references or {}
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return known.get(value) or quoted(value)
        case list():
            return "[" + ", ".join(hcl(item, known) for item in value) + "]"
        case dict():
            return "{ " + ", ".join(f"{key(k)} = {hcl(v, known)}" for k, v in value.items()) + " }"
    return str(value)


def key(name: str) -> str:
    """An object's key."""
    return name if _BARE.fullmatch(name) else quoted(name)


@dataclass(frozen=True, slots=True)
class Page:
    """A file's bytes, and how its lines end and are indented."""

    file: str
    text: bytes

    @property
    def newline(self) -> bytes:
        """What ends a line."""
        return b"\r\n" if b"\r\n" in self.text else b"\n"

    def line_start(self, at: int) -> int:
        """Where the line of that byte begins."""
        return self.text.rfind(b"\n", 0, at) + 1

    def next_line(self, at: int) -> int:
        """Where the line behind that of the byte begins."""
        found = self.text.find(b"\n", at)
        return len(self.text) if found < 0 else found + 1

    def indent(self, at: int) -> bytes:
        """The white space that the line of that byte begins with."""
        line = self.text[self.line_start(at) : at]
        return line[: len(line) - len(line.lstrip(b" \t"))]

    def alone(self, start: int) -> bool:
        """Whether nothing but white space stands before it on its line."""
        return not self.text[self.line_start(start) : start].strip()

    def one_line(self, start: int, end: int) -> bool:
        """Whether both are on the same line."""
        return b"\n" not in self.text[start:end]

    def blank_or_closing(self, at: int) -> bool:
        """Whether the line there is empty, or closes a block."""
        return self.text[at : self.next_line(at)].strip() in (b"", b"}")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line ``name = value``: where it begins, how wide its name is, and the column of its sign."""

    start: int
    end: int
    width: int
    sign: int


def attribute(page: Page, block: Block, name: str, expression: str) -> list[Splice]:
    """Splices that give the block one more attribute, aligned with its neighbours."""
    inside = _deeper(page, block)
    rows = [
        row
        for a in sorted(block.attributes.values(), key=lambda a: a.start)
        if a.expression.file == page.file and block.open_end <= a.start < block.close
        if a.name not in _META or len(block.attributes) == 1
        for row in [_row(page, a.start, len(a.name), a.expression.start, a.expression.end)]
    ]
    if page.one_line(block.start, block.close):
        return _opened(page, block, f"{name} = {expression}")
    at, padding = _place(page, rows, block, len(name))
    line = inside + name.encode() + padding + b"= " + expression.encode() + page.newline
    return [Splice(page.file, at, at, line)]


def nested(page: Page, block: Block, lines: Sequence[str]) -> list[Splice]:
    """Splices that give the block a nested one, behind all that it has; ``lines`` are indented by two spaces."""
    step, inside = _step(page, block), _deeper(page, block)
    written = b"".join(inside + _indented(line, step) + page.newline for line in lines)
    if page.one_line(block.start, block.close):
        ends = page.newline + page.indent(block.start)
        inner = page.text[block.open_end : block.close].strip()
        kept = inside + inner + page.newline if inner else b""
        return [
            Splice(page.file, block.open_end, block.close, page.newline + kept + written[: -len(page.newline)] + ends)
        ]
    at = page.line_start(block.close)
    return [Splice(page.file, at, at, written, 1)]


def _indented(line: str, step: bytes) -> bytes:
    bare = line.lstrip(" ")
    return step * ((len(line) - len(bare)) // 2) + bare.encode()


def _step(page: Page, block: Block) -> bytes:
    """By how much one level is indented."""
    outer, inner = page.indent(block.start), _deeper(page, block)
    return inner[len(outer) :] or b"  "


def _deeper(page: Page, block: Block) -> bytes:
    inner = [a.start for a in block.attributes.values() if block.open_end <= a.start < block.close]
    inner += [b.start for b in block.blocks if block.open_end <= b.start < block.close]
    if inner and page.alone(min(inner)):
        return page.indent(min(inner))
    return page.indent(block.start) + (b"\t" if page.indent(block.start).startswith(b"\t") else b"  ")


def _opened(page: Page, block: Block, line: str) -> list[Splice]:
    """A block on one line takes no second attribute: its content gets lines of its own."""
    outer, inside = page.indent(block.start), _deeper(page, block)
    content = page.text[block.open_end : block.close]
    first = block.open_end + len(content) - len(content.lstrip())
    last = block.open_end + len(content.rstrip())
    lead = [Splice(page.file, block.open_end, first, page.newline + inside)] if content.strip() else []
    last = max(last, block.open_end)
    added = Splice(page.file, last, last, page.newline + inside + line.encode())
    return [*lead, added, Splice(page.file, last, block.close, page.newline + outer, 1)]


def _row(page: Page, start: int, width: int, value: int, end: int) -> _Row:
    return _Row(start, end, width, value - 2 - start)


def _place(page: Page, rows: Sequence[_Row], block: Block, width: int) -> tuple[int, bytes]:
    """Where a new line goes, and the space between its name and the sign.

    A group of lines one below the other shares the column of its signs: the new line joins the last group
    that is wide enough, else it stands behind something that is in no group.
    """
    groups: list[list[_Row]] = []
    above: _Row | None = None
    for row in rows:
        single = page.one_line(row.start, row.end)
        if single and above is not None and page.next_line(above.end) == page.line_start(row.start):
            groups[-1].append(row)
        elif single:
            groups.append([row])
        above = row if single else None
    for group in reversed(groups):
        signs = {row.sign for row in group}
        if len(signs) == 1 and group[-1].sign > width:
            return page.next_line(group[-1].end), b" " * (group[-1].sign - width)
        if len(signs) > 1 and max(row.width for row in group) >= width:
            return page.next_line(group[-1].end), b" "
    ends = [r.end for r in rows if not page.one_line(r.start, r.end)] + [b.end for b in block.blocks]
    for end in sorted(ends, reverse=True):
        if block.open_end <= end < block.close and page.blank_or_closing(page.next_line(end)):
            return page.next_line(end), b" "
    if rows:
        return page.next_line(rows[-1].end), b" "
    return page.next_line(block.open_end) if not block.blocks else page.line_start(block.close), b" "


def member(page: Page, pairs: Pairs, name: str, expression: str) -> list[Splice]:
    """Splices that give an object one more key."""
    sign = _sign(page, pairs)
    named = (
        quoted(name)
        if pairs.pairs and all(page.text[k.start : k.start + 1] == b'"' for k, _ in pairs.pairs)
        else key(name)
    )
    if not pairs.pairs:
        written = f" {named}{sign}{expression}".encode()
        inside = Splice(page.file, pairs.start + 1, pairs.start + 1, written, between=b",")
        return [inside, Splice(page.file, pairs.start + 1, pairs.end - 1, b" ", 1)]
    last_key, last = pairs.pairs[-1]
    if page.one_line(pairs.start, pairs.end):
        return [Splice(page.file, last.end, last.end, f", {named}{sign}{expression}".encode())]
    if not page.alone(last_key.start):
        return [Splice(page.file, last.end, last.end, f", {named}{sign}{expression}".encode())]
    rows = [_row(page, k.start, k.end - k.start, v.start, v.end) for k, v in pairs.pairs if page.alone(k.start)]
    padding = _padding(page, rows, len(named.encode())) if sign == " = " else 0
    line = page.indent(last_key.start) + named.encode() + b" " * padding + sign.encode() + expression.encode()
    return _line_behind(page, last, pairs.end, line)


def _padding(page: Page, rows: Sequence[_Row], width: int) -> int:
    group = [rows[-1]]
    for row in reversed(rows[:-1]):
        if page.next_line(row.end) != page.line_start(group[-1].start) or not page.one_line(row.start, row.end):
            break
        group.append(row)
    aligned = len({row.sign for row in group}) == 1
    return max(0, group[0].sign - width - 1) if aligned and page.one_line(group[0].start, group[0].end) else 0


def _sign(page: Page, pairs: Pairs) -> str:
    if pairs.pairs and b":" in page.text[pairs.pairs[-1][0].end : pairs.pairs[-1][1].start]:
        return ": "
    return " = "


def element(page: Page, items: Items, expressions: Sequence[str]) -> list[Splice]:
    """Splices that put more elements at a list's end."""
    if not items.items:
        return [Splice(page.file, items.start, items.end, ("[" + ", ".join(expressions) + "]").encode())]
    last = items.items[-1]
    if page.one_line(items.start, items.end) or not page.alone(last.start):
        return [Splice(page.file, last.end, last.end, "".join(f", {e}" for e in expressions).encode())]
    indent = page.indent(last.start)
    line = (b"," + page.newline + indent).join(e.encode() for e in expressions)
    return _line_behind(page, last, items.end, indent + line, commas=True)


def _line_behind(page: Page, last: Expr, closes: int, line: bytes, *, commas: bool = False) -> list[Splice]:
    """A line behind the last one of several, with a comma where that one has or needs it; comments stay."""
    behind = page.text[last.end : closes]
    comma = behind.lstrip(b" \t").startswith(b",")
    at = page.next_line(last.end + (behind.index(b",") if comma else 0))
    if at > closes:
        return [Splice(page.file, last.end, last.end, b"," + page.newline + line)]
    splices = [Splice(page.file, at, at, line + (b"," if comma else b"") + page.newline)]
    if commas and not comma:
        splices.insert(0, Splice(page.file, last.end, last.end, b","))
    return splices


def replacement(page: Page, start: int, end: int, expression: str) -> list[Splice]:
    """The expression there replaced; a number in quotes stays in quotes."""
    old = page.text[start:end]
    plain = re.fullmatch(r"-?\d+", expression)
    new = f'"{expression}"' if plain and old[:1] == b'"' else expression
    return [Splice(page.file, start, end, new.encode())]


def literal_text(expression: Expr) -> str | None:
    """A literal's value as text, where it is one."""
    return hcl(expression.value) if isinstance(expression, Literal) else None
