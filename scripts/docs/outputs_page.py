"""The documents that the program prints for other programs, from their schemas."""

from __future__ import annotations

from collections.abc import Iterator

from lambda_tailor import documents
from lambda_tailor.cli.commands import DONE, ERROR, PENDING
from lambda_tailor.cli.setup import DOCUMENTS
from scripts.docs.schema import cell, resolved, type_of


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Machine outputs\n"
    yield "`--json` prints one document on stdout and nothing else; progress and complaints go to stderr."
    yield "`lambda-tailor policy schema NAME` prints its JSON Schema (2020-12). `schema_version` changes when a key"
    yield "changes its meaning or goes; keys may be added. Money is US dollars a month as JSON numbers of at most four"
    yield "decimals.\n"
    yield "| command | format |"
    yield "|---|---|"
    yield "| `plan --format markdown` | a pull request comment of under 65,000 characters |"
    yield "| `plan --format sarif` | SARIF 2.1.0 for code scanning |"
    yield "| `plan --format csv` | one change a row |"
    yield "| `verify --format junit` | JUnit XML |"
    yield "| `report PLAN.json --out page.html` | one self-contained page |\n"
    yield "## Exit codes\n"
    yield "| code | when |"
    yield "|---|---|"
    yield f"| {DONE} | done, or nothing to do |"
    yield f"| {ERROR} | an error, bad input, a failed change, or a target that could not be read |"
    yield f"| {PENDING} | changes pending: `plan --detailed-exitcode` and `verify` only |\n"
    for name, kind in DOCUMENTS.items():
        schema = documents.schema(kind)
        yield f"## {name}\n"
        yield f"{' '.join((schema.get('description') or '').split())}\n"
        yield "| key | type | meaning |"
        yield "|---|---|---|"
        for key, field in schema["properties"].items():
            known = resolved(field, schema)
            told = " ".join((field.get("description") or known.get("description") or "").split())
            yield f"| `{key}` | {cell(type_of(field, schema))} | {cell(told.split('. ')[0])} |"
        yield ""
