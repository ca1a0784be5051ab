"""Every error that a user can meet has its part in the page of troubleshooting, and prints its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import lambda_tailor.errors as errors
from lambda_tailor.cli.commands import main
from lambda_tailor.errors import TailorError

PAGE = (Path(__file__).parents[3] / "docs" / "troubleshooting.md").read_text()
PARTS = re.findall(r"^## (LT-\d+)$", PAGE, re.MULTILINE)
ERRORS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, TailorError)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_part(error: type[TailorError]) -> None:
    assert error.link in PARTS


def test_every_part_belongs_to_an_error_and_stands_once() -> None:
    assert len(ERRORS) > 12
    assert sorted(PARTS) == sorted({error.link for error in ERRORS})


def test_an_error_prints_the_name_of_its_part() -> None:
    result = CliRunner().invoke(main, ["rules", "no-such-rule"])
    assert result.exit_code == 1
    assert result.stderr.rstrip().endswith(f"[{errors.BadInput.link}]")
