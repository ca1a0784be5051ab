"""Variables of a function's environment in Terraform: a reference to where the secret lives, never its value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lambda_tailor.writeback.files import Splice, Tree
from lambda_tailor.writeback.model import Wanted
from lambda_tailor.writeback.terraform.placing import instances_of
from lambda_tailor.writeback.terraform.report import Report
from lambda_tailor.writeback.terraform.syntax import Attr, Block, FunctionCall, Literal, Pairs
from lambda_tailor.writeback.terraform.text import Page, hcl, member, nested
from lambda_tailor.writeback.terraform.values import Hole
from lambda_tailor.writeback.terraform.world import Scope, World

PREFIX = "environment."


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that a function's block shall have."""

    wanted: Wanted
    scope: Scope
    block: Block

    @property
    def name(self) -> str:
        """The variable's own name."""
        return self.wanted.setting.removeprefix(PREFIX)


@dataclass(frozen=True, slots=True)
class _Source:
    """A data source and the expression that reads it."""

    type: str
    argument: str
    name: str
    reads: str

    @property
    def label(self) -> str:
        return (
            re.sub(r"\W+", "_", self.name.rpartition("/")[2] if "/" in self.name else self.name).strip("_") or "secret"
        )


def source_of(value: object) -> _Source | None:
    """What reads ``secretsmanager:NAME#KEY``, ``secret-arn:NAME`` or ``ssm:NAME`` of a plan."""
    service, _, rest = str(value).partition(":")
    name, _, key = rest.partition("#")
    if service == "secretsmanager":
        type_, read = "data.aws_secretsmanager_secret_version", "secret_string"
        reads = f"jsondecode({{}}.{read})[{hcl(key)}]" if key else f"{{}}.{read}"
        return _Source(type_, "secret_id", name, reads)
    if service == "secret-arn":
        return _Source("data.aws_secretsmanager_secret", "name", name, "{}.arn")
    return _Source("data.aws_ssm_parameter", "name", name, "{}.value") if service == "ssm" else None


def write(worlds: Sequence[World], tree: Tree, report: Report, variables: Sequence[Variable]) -> None:
    """Give each block the variables that all of its instances want; the others are reported with the expression."""
    by_block: dict[tuple[str, int], list[Variable]] = {}
    for each in variables:
        by_block.setdefault((each.block.file, each.block.start), []).append(each)
    for those in by_block.values():
        _write(worlds, tree, report, those)


def _write(worlds: Sequence[World], tree: Tree, report: Report, variables: Sequence[Variable]) -> None:
    block, scope = variables[0].block, variables[0].scope
    count = _instances(worlds, block)
    page = Page(block.file, tree.text(block.file))
    added: dict[str, str] = {}
    data: dict[str, list[str]] = {}
    told: list[Variable] = []
    for each in variables:
        source = source_of(each.wanted.after)
        site = Hole(block.file, block.start, "")
        if source is None:
            report.refuse(each.wanted, "its source is none that Terraform reads", site)
            continue
        address, lines = _declared(scope, source)
        expression = source.reads.format(address)
        there = _value(block, each.name)
        wanting = {v.wanted.arn for v in variables if v.name == each.name and v.wanted.after == each.wanted.after}
        barred = tree.barred(block.file)
        if there is not None and tree.text(there.file)[there.start : there.end].decode() == expression:
            report.already_at(each.wanted, Hole(there.file, there.start, ""))
        elif there is not None:
            # The value there may be a secret: it is neither shown nor overwritten.
            at = Hole(there.file, there.start, "")
            report.refuse(each.wanted, "a value stands there already: put the reference in its place", at, expression)
        elif barred is not None or len(wanting) < count or (_attribute(block) is not None and _pairs(block) is None):
            because = barred or "its variables are not written where a reference can be added"
            report.refuse(each.wanted, because, site, expression)
        else:
            added[each.name] = expression
            data |= {address: lines} if lines else {}
            told.append(each)
    splices = _spliced(page, block, added) if added else []
    if data:
        behind = page.next_line(block.end)
        text = page.newline.join(line.encode() for lines in data.values() for line in ("", *lines)) + page.newline
        splices.append(Splice(block.file, behind, behind, text))
    for each in told:
        report.edited_at(each.wanted, Hole(block.file, block.start, ""), splices)


def _spliced(page: Page, block: Block, added: dict[str, str]) -> list[Splice]:
    pairs = _pairs(block)
    if pairs is not None:
        return [splice for name, expression in added.items() for splice in member(page, pairs, name, expression)]
    inner = ["  variables = {", *(f"    {name} = {expression}" for name, expression in added.items()), "  }"]
    return nested(page, block, ["environment {", *inner, "}"])


def _attribute(block: Block) -> Attr | None:
    for inner in block.nested("environment"):
        return inner.attributes.get("variables")
    return None


def _pairs(block: Block) -> Pairs | None:
    """The object that a variable can be added to: written in the block, alone or last in a merge."""
    attribute = _attribute(block)
    expression = attribute.expression if attribute is not None else None
    if isinstance(expression, FunctionCall) and expression.name == "merge" and expression.arguments:
        expression = expression.arguments[-1]
    return expression if isinstance(expression, Pairs) else None


def _value(block: Block, name: str) -> Literal | None:
    pairs = _pairs(block)
    for key, value in pairs.pairs if pairs is not None else ():
        if isinstance(key, Literal) and key.value == name:
            return value  # type: ignore[return-value]  # any expression: only its bytes are looked at
    return None


def _declared(scope: Scope, source: _Source) -> tuple[str, list[str]]:
    """The data source's address, and its block where the module has none that reads the same."""
    type_ = source.type.removeprefix("data.")
    for (kind, label), block in scope.module.resources.items():
        argument = block.attributes.get(source.argument)
        value = getattr(argument.expression, "value", None) if argument is not None else None
        if kind == source.type and value == source.name:
            return f"{source.type}.{label}", []
    lines = [f'data "{type_}" "{source.label}" {{', f"  {source.argument} = {hcl(source.name)}", "}"]
    return f"{source.type}.{source.label}", lines


def _instances(worlds: Sequence[World], block: Block) -> int:
    return sum(1 for _ in instances_of(worlds, block))
