"""Builds the documentation site: the hand-written pages and those that the program writes of itself, through Sphinx.

    python -m scripts.docs.build [FOLDER]

The site opens from a file, and asks no other host for anything. Broken links between pages end the build.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from scripts.docs import cli_page, outputs_page, policy_page, rules_page, way_picture

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
# In the order of the menu; the first of each pair is its heading.
MENU: Mapping[str, tuple[str, ...]] = {
    "Learn": ("docs/installation", "docs/tutorial"),
    "Do": (
        "docs/cookbook",
        "docs/rollout",
        "docs/write-back",
        "docs/organization",
        "docs/integrations",
        "docs/github-action",
        "docs/pulumi",
        "docs/mcp",
        "docs/troubleshooting",
    ),
    "Look up": (
        "docs/rules",
        "docs/cli",
        "docs/policy",
        "docs/outputs",
        "docs/library",
        "docs/least-privilege",
        "docs/support",
        "docs/glossary",
        "docs/versioning",
        "CHANGELOG",
    ),
    "Understand": (
        "docs/savings",
        "docs/advice",
        "docs/guarantees",
        "docs/security-model",
        "docs/runs",
        "SECURITY",
        "docs/performance",
        "docs/tune",
        "bench/RESULTS",
        "docs/comparison",
        "docs/faq",
    ),
    "Build": (
        "docs/architecture",
        "docs/add-a-rule",
        "CONTRIBUTING",
        *(f"docs/decisions/{path.stem}" for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))),
    ),
}
WRITTEN = {
    "docs/rules.md": rules_page.page,
    "docs/cli.md": cli_page.page,
    "docs/policy.md": policy_page.page,
    "docs/outputs.md": outputs_page.page,
}
_PICTURE = re.compile(r"!\[[^\]]*\]\(pictures/way\.svg\)")
CONF = """\
project = "lambda-tailor"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "lambda-tailor"
html_show_sphinx = False
html_copy_source = False
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]
"""


def main() -> int:
    """Build into the folder named, or into ``site/``; 0 if everything is as it should be."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else SITE
    with tempfile.TemporaryDirectory() as folder:
        gather(Path(folder))
        return build(Path(folder), into)


def gather(source: Path) -> None:
    """Put every page where its links expect it."""
    (source / "conf.py").write_text(CONF)
    for name in ("docs", "bench"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("examples", "*.py", "__pycache__"))
    for name in ("SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, source / name)
    for name, page in WRITTEN.items():
        (source / name).write_text(page())
    architecture = source / "docs" / "architecture.md"
    architecture.write_text(_PICTURE.sub(lambda _: _drawn(), architecture.read_text()))
    # A folder of files is no page.
    start = (ROOT / "README.md").read_text().replace("[docs/examples](docs/examples)", "`docs/examples`")
    (source / "index.md").write_text(start + "".join(_menu(title, pages) for title, pages in MENU.items()))


def _drawn() -> str:
    return f"```{{raw}} html\n{way_picture.inline()}\n```"


def _menu(title: str, pages: tuple[str, ...]) -> str:
    listed = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{listed}\n```\n"


def build(source: Path, into: Path) -> int:
    """Sphinx, with every warning an error."""
    from sphinx.cmd.build import build_main

    shutil.rmtree(into, ignore_errors=True)
    with tempfile.TemporaryDirectory() as trees:
        return build_main(["-q", "-W", "--keep-going", "-b", "html", "-d", trees, str(source), str(into)])


if __name__ == "__main__":
    sys.exit(main())
