"""The page of guarantees names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES_WITH_TESTS = [ROOT / "docs" / name for name in ("guarantees.md", "security-model.md")]
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", "".join(page.read_text() for page in PAGES_WITH_TESTS))


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 15


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name or file for file, name in NAMED])
def test_every_promise_has_its_test(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    assert tests
    assert not name or name in tests
