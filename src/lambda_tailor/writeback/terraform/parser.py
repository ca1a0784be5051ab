"""HCL parsed by tree-sitter, whose nodes are exact to the byte, into expressions.

https://developer.hashicorp.com/terraform/language/syntax/configuration
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.terraform.syntax import (
    Attr,
    Attribute,
    Block,
    Conditional,
    Expr,
    For,
    FunctionCall,
    Index,
    Items,
    Literal,
    Name,
    Opaque,
    Operation,
    Pairs,
    Scalar,
    Splat,
    Template,
)

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_PARSER: list[Parser] = []


def _parser() -> Parser:
    if not _PARSER:
        try:
            import tree_sitter_hcl
            from tree_sitter import Language
            from tree_sitter import Parser as TreeSitterParser
        except ImportError as error:
            raise BadInput(
                "Terraform files are read by tree-sitter, which is missing: pip install 'lambda-tailor[write-back]'."
            ) from error
        _PARSER.append(TreeSitterParser(Language(tree_sitter_hcl.language())))
    return _PARSER[0]


def require() -> None:
    """Raises BadInput where the extra is not installed: that is no fault of any file."""
    _parser()


@lru_cache(maxsize=64)
def parse(file: str, text: bytes) -> Block:
    """A file's body as a block without labels.

    Raises BadInput, with file and line, where it does not parse or the extra is missing.
    """
    root = _parser().parse(text).root_node
    if root.has_error:
        raise BadInput(f"{file}:{_first_error(root)} does not parse as HCL.")
    bodies = [child for child in root.children if child.type == "body"]
    attributes, blocks = _Reader(file, text).body(bodies[0]) if bodies else ({}, ())
    return Block(file, "", (), 0, 0, len(text), len(text), attributes, blocks)


def _first_error(node: Node) -> int:
    if node.is_error or node.is_missing:
        return node.start_point[0] + 1
    broken = next((child for child in node.children if child.has_error or child.is_error or child.is_missing), None)
    return _first_error(broken) if broken is not None else node.start_point[0] + 1


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def unescaped(text: str) -> str:
    """The content of a quoted string."""
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            kind = text[at + 1]
            width = {"u": 4, "U": 8}.get(kind, 0)
            digits = text[at + 2 : at + 2 + width]
            out.append(chr(int(digits, 16)) if width and digits else _ESCAPES.get(kind, kind))
            at += 2 + width
        elif text.startswith(("$${", "%%{"), at):
            out.append(text[at] + "{")
            at += 3
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def quoted(value: str) -> str:
    """A string as HCL writes it."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + plain.replace("\r", "\\r").replace("${", "$${").replace("%{", "%%{") + '"'


class _Reader:
    """Turns tree-sitter's nodes into expressions."""

    def __init__(self, file: str, text: bytes) -> None:
        self._file = file
        self._bytes = text

    def body(self, node: Node) -> tuple[dict[str, Attr], tuple[Block, ...]]:
        attributes: dict[str, Attr] = {}
        blocks: list[Block] = []
        for child in node.children:
            if child.type == "attribute":
                name = self._text(child.children[0])
                value = next(c for c in child.children if c.type == "expression")
                attributes[name] = Attr(name, child.start_byte, self.expression(value))
            elif child.type == "block":
                blocks.append(self._block(child))
        return attributes, tuple(blocks)

    def _block(self, node: Node) -> Block:
        opens = next(c for c in node.children if c.type == "block_start")
        closes = next(c for c in node.children if c.type == "block_end")
        head = [c for c in node.children if c.end_byte <= opens.start_byte and c.type in ("identifier", "string_lit")]
        inside = next((c for c in node.children if c.type == "body"), None)
        attributes, blocks = self.body(inside) if inside is not None else ({}, ())
        labels = tuple(self._label(c) for c in head[1:])
        return Block(
            self._file, self._text(head[0]), labels, node.start_byte, opens.end_byte, closes.start_byte,
            node.end_byte, attributes, blocks,
        )  # fmt: skip

    def _label(self, node: Node) -> str:
        text = self._text(node)
        return unescaped(text[1:-1]) if node.type == "string_lit" else text

    def _text(self, node: Node) -> str:
        return self._bytes[node.start_byte : node.end_byte].decode()

    def expression(self, node: Node) -> Expr:
        """The expression that a node's children make up, one after another."""
        return self._chain([c for c in node.children if c.type != "comment"], node)

    def _chain(self, parts: list[Node], whole: Node) -> Expr:
        """A value and what is taken of it: ``var.a[0].b``."""
        if not parts:
            return Opaque(self._file, whole.start_byte, whole.end_byte, ())
        if parts[0].type == "(":
            inner = next((p for p in parts if p.type == "expression"), None)
            closing = next((n for n, p in enumerate(parts) if p.type == ")"), 0)
            base = self.expression(inner) if inner is not None else self._opaque(whole)
            rest = parts[closing + 1 :]
        else:
            base, rest = self._primary(parts[0]), parts[1:]
        for part in rest:
            base = self._taken(base, part)
        return base

    def _taken(self, base: Expr, part: Node) -> Expr:
        start, end = base.start, part.end_byte
        if part.type == "get_attr":
            return Attribute(self._file, start, end, base, self._text(part.children[-1]))
        if part.type == "index":
            inner = part.children[0]
            if inner.type == "legacy_index":
                number = self._text(inner).removeprefix(".")
                return Index(self._file, start, end, base, Literal(self._file, inner.start_byte, end, _number(number)))
            key = next(c for c in inner.children if c.type == "expression")
            return Index(self._file, start, end, base, self.expression(key))
        if part.type == "splat":
            inner = part.children[0]
            simple = all(c.type in ("get_attr", "[*]", ".*") for c in inner.children)
            if simple:
                names = tuple(self._text(c.children[-1]) for c in inner.children if c.type == "get_attr")
                return Splat(self._file, start, end, base, names)
        return Opaque(self._file, start, end, (base,))

    def _primary(self, node: Node) -> Expr:
        inner = [c for c in node.children if c.type != "comment"]
        match node.type:
            case "expression":
                return self.expression(node)
            case "literal_value":
                return self._literal(inner[0])
            case "variable_expr":
                return Name(self._file, node.start_byte, node.end_byte, self._text(inner[0]))
            case "template_expr":
                return self._template(inner[0])
            case "collection_value":
                return self._collection(inner[0])
            case "function_call":
                return self._call(node, inner)
            case "conditional":
                three = [self.expression(c) for c in inner if c.type == "expression"]
                return Conditional(self._file, node.start_byte, node.end_byte, *three)
            case "for_expr":
                return self._for(inner[0])
            case "operation":
                return self._operation(inner[0])
        return self._opaque(node)

    def _opaque(self, node: Node) -> Opaque:
        return Opaque(self._file, node.start_byte, node.end_byte, tuple(self._expressions(node)))

    def _expressions(self, node: Node) -> Iterator[Expr]:
        for child in node.children:
            if child.type == "expression":
                yield self.expression(child)
            else:
                yield from self._expressions(child)

    def _literal(self, node: Node) -> Expr:
        text = self._text(node)
        value: Scalar = None
        if node.type == "numeric_lit":
            value = _number(text)
        elif node.type == "bool_lit":
            value = text == "true"
        elif node.type == "string_lit":
            value = unescaped(text[1:-1])
        return Literal(self._file, node.start_byte, node.end_byte, value)

    def _template(self, node: Node) -> Expr:
        quotes = node.type == "quoted_template"
        parts: list[str | Expr] = []
        for child in node.children:
            if child.type == "template_literal":
                text = self._text(child)
                parts.append(unescaped(text) if quotes else text)
            elif child.type == "template_interpolation":
                parts += [self.expression(c) for c in child.children if c.type == "expression"]
            elif child.type == "template_directive":
                return self._opaque(node)
        return Template(self._file, node.start_byte, node.end_byte, tuple(parts))

    def _collection(self, node: Node) -> Expr:
        inner = [c for c in node.children if c.type in ("expression", "object_elem")]
        if node.type == "tuple":
            return Items(self._file, node.start_byte, node.end_byte, tuple(self.expression(c) for c in inner))
        return Pairs(self._file, node.start_byte, node.end_byte, tuple(map(self._pair, inner)))

    def _pair(self, node: Node) -> tuple[Expr, Expr]:
        key, value = (self.expression(c) for c in node.children if c.type == "expression")
        if isinstance(key, Name) and self._bytes[node.start_byte : node.start_byte + 1] != b"(":
            key = Literal(self._file, key.start, key.end, key.name)
        return key, value

    def _call(self, node: Node, inner: list[Node]) -> Expr:
        arguments = next((c for c in inner if c.type == "function_arguments"), None)
        given = arguments.children if arguments is not None else []
        return FunctionCall(
            self._file, node.start_byte, node.end_byte, self._text(inner[0]),
            tuple(self.expression(c) for c in given if c.type == "expression"),
            any(c.type == "ellipsis" for c in given),
        )  # fmt: skip

    def _for(self, node: Node) -> Expr:
        intro = next(c for c in node.children if c.type == "for_intro")
        names = tuple(self._text(c) for c in intro.children if c.type == "identifier")
        collection = next(self.expression(c) for c in intro.children if c.type == "expression")
        values = [self.expression(c) for c in node.children if c.type == "expression"]
        condition = next((c for c in node.children if c.type == "for_cond"), None)
        test = next(iter(self._expressions(condition)), None) if condition is not None else None
        makes_object = node.type == "for_object_expr"
        key, value = (values[0], values[1]) if makes_object else (None, values[0])
        grouped = any(c.type == "ellipsis" for c in node.children)
        return For(self._file, node.start_byte, node.end_byte, names, collection, key, value, test, grouped)

    def _operation(self, node: Node) -> Expr:
        parts = [c for c in node.children if c.type != "comment"]
        at = next(n for n, c in enumerate(parts) if not c.is_named and c.type not in ("(", ")") and (n or len(parts)))
        operator = self._text(parts[at])
        left = self._chain(parts[:at], node) if at else None
        right = self._chain(parts[at + 1 :], node)
        if left is None and operator == "-" and isinstance(right, Literal) and isinstance(right.value, int | float):
            return Literal(self._file, node.start_byte, node.end_byte, -right.value)
        return Operation(self._file, node.start_byte, node.end_byte, operator, left, right)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
