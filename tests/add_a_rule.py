"""The files of docs/add-a-rule.md, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "add-a-rule.md"


def written_from_the_page(folder: Path) -> list[str]:
    """Write every file that the page names before a block of code; the names, from the root of the project."""
    found = re.findall(
        r"^`((?:src|tests)/[\w/]+\.py)`:\n\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    for name, text in found:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return [name for name, _ in found]
