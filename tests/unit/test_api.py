"""The library: what an editor shows of it, and what it refuses before AWS is asked."""

from __future__ import annotations

import inspect
import typing

import pytest

import lambda_tailor
from lambda_tailor.errors import BadInput
from lambda_tailor.planning.options import PlanOptions

PLANNING = ("plan", "verify", "explain")
WRITING = ("apply", "rollback", "resume")


def test_dir_shows_every_public_name() -> None:
    assert set(lambda_tailor.__all__) <= set(dir(lambda_tailor))


@pytest.mark.parametrize("name", [*PLANNING, *WRITING, "runs"])
def test_every_keyword_is_explicit_and_typed(name: str) -> None:
    function = getattr(lambda_tailor, name)
    parameters = inspect.signature(function).parameters.values()
    hints = typing.get_type_hints(function)
    assert parameters
    for parameter in parameters:
        assert parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        assert parameter.name in hints
    assert "return" in hints and function.__doc__


@pytest.mark.parametrize("name", PLANNING)
def test_the_keywords_of_a_plan_are_those_of_its_options(name: str) -> None:
    taken = set(inspect.signature(getattr(lambda_tailor, name)).parameters) - {"observer", "function"}
    left_out = set() if name == "plan" else {"max_risk", "min_saving_usd"}
    taken -= {"sign", "tell"}  # what becomes of the plan that was made
    assert taken == set(PlanOptions.__dataclass_fields__) - left_out


@pytest.mark.parametrize("name", ["functions", "regions", "role_arns", "rules", "force"])
def test_a_text_where_a_list_of_names_is_wanted_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=rf"{name} takes a list of names, not one text: give \['orders'\]"):
        lambda_tailor.plan(**{name: "orders"})  # type: ignore[arg-type]


def test_every_keyword_is_explained_by_plan() -> None:
    text = lambda_tailor.plan.__doc__ or ""
    assert [name for name in PlanOptions.__dataclass_fields__ if f"``{name}``" not in text] == []
