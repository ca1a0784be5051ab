"""Optimizes the deployed reference stack: the preset ``reference``, applied to one environment suffix.

ENVIRONMENT_SUFFIX=dev python3 lib/optimize.py [--environment S] [--region R] [--dry-run]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

if (Path(__file__).parent.parent / "src").is_dir():
    # A checkout works without being installed.
    sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from lambda_tailor.cli.session import Session
from lambda_tailor.errors import TailorError


def main(arguments: list[str] | None = None) -> int:
    """Show each step, a summary with success and failure counts, and the savings; 0 only if nothing failed."""
    parser = argparse.ArgumentParser(description="Optimize the deployed reference stack.")
    parser.add_argument("-e", "--environment", default=os.environ.get("ENVIRONMENT_SUFFIX", "dev"), metavar="S")
    parser.add_argument("-r", "--region", metavar="R")
    parser.add_argument("--dry-run", action="store_true", help="Show what would be done and change nothing.")
    asked = parser.parse_args(arguments)
    regions = (asked.region,) if asked.region else ()
    session = Session.from_arguments({"suffix": asked.environment, "regions": regions, "preset": "reference"})
    try:
        plan = session.plan()
        if asked.dry_run:
            session.show_plan(plan)
            return 1 if plan.problems else 0
        return session.apply(plan, saved=False, auto_approve=True)
    except TailorError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
