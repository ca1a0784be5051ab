"""Policy and plan files that somebody wrote who means no good: a clear error or a correct result, never a traceback."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_tailor.documents import dumps, loads_plan, plan_hash
from lambda_tailor.errors import PlanFileError, PolicyError
from lambda_tailor.policy.file import parse_policy
from tests.builders import a_function
from tests.unit.report.plans import small_plan

WORDS = ["rules", "memory", "target_mb", "overrides", "name", "tags", "exclude", "until", "because", "caps", "preset"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=8), inner),
    max_leaves=12,
)


def accepted(text: str) -> bool:
    """Whether the policy is taken; where it is, it can be used."""
    try:
        policy = parse_policy(text, "p.yaml")
    except PolicyError as error:
        assert str(error).strip()
        assert "\n" not in str(error).strip()
        return False
    policy.options_for(a_function())
    return True


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
@settings(max_examples=300, deadline=None)
def test_any_text_as_a_policy(text: str) -> None:
    accepted(text)


@given(values)
@settings(max_examples=300, deadline=None)
def test_any_structure_as_a_policy(value: Any) -> None:
    accepted(json.dumps(value))


@pytest.mark.parametrize(
    "text",
    [
        "rules: !!python/object/apply:os.system ['true']",
        "rules: &a [*a]",
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nrules: *c",
        "x: &x [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"{chr(97 + n)}: &{chr(97 + n)} [{','.join(['*' + (chr(96 + n) if n else 'x')] * 10)}]\n" for n in range(12)
        ),
        "a: &a {<<: *a}",
        "rules: &a {memory: {<<: *b}}\nx: &b {<<: *a}",
        "a: &a {b: 1}\nc: &c {<<: [*a, *a]}\nd: &d {<<: [*c, *c, *d]}",
        "[" * 3000,
        "{" * 3000,
        "rules: {memory: {target_mb: 512}}\nrules: {memory: {target_mb: 128}}",
        "rules: {memory: {target_mb: 99999999999999999999}}",
        "rules: {memory: {target_mb: .nan}}",
        "overrides: [{name: '*', until: 9999-99-99, rules: {}}]",
        "exclude: [{name: '[[[[', until: 2027-01-01}]\nrules: []",
        "\x00",
        "-_",
        "\ufeffrules: 1",
        "rules:\n\tmemory: {}",
        "caps: {max_functions: -1}",
    ],
)
def test_known_tricks_are_refused(text: str) -> None:
    assert not accepted(text)


def document() -> dict[str, Any]:
    plan = small_plan()
    loaded: dict[str, Any] = json.loads(dumps(replace(plan, plan_id=plan_hash(plan))))
    return loaded


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


PLACES = [path for path in places(document()) if path]
# When it was made and at what cost in calls are no part of what is hashed.
FREE = {"created_at", "api_calls"}


def parent(loaded: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        loaded = loaded[key]
    return loaded


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_a_plan_without_one_of_its_parts_is_refused_or_means_the_same(path: tuple[Any, ...]) -> None:
    loaded = document()
    del parent(loaded, path)[path[-1]]
    try:
        plan = loads_plan(json.dumps(loaded))
    except PlanFileError as error:
        assert "plan" in str(error)
    else:
        # What has a default may be left out where it was the default.
        assert plan_hash(plan) == document()["plan_id"]


@given(st.sampled_from(PLACES), values)
@settings(max_examples=500, deadline=None)
def test_a_plan_with_another_value_in_any_place_is_refused(path: tuple[Any, ...], value: Any) -> None:
    loaded = document()
    holder = parent(loaded, path)
    same = holder[path[-1]] == value and type(holder[path[-1]]) is type(value)
    holder[path[-1]] = value
    try:
        plan = loads_plan(json.dumps(loaded))
    except PlanFileError:
        return
    assert same or path[0] in FREE or plan_hash(plan) == document()["plan_id"]


@given(st.binary(max_size=400) | st.integers(0, 2000).map(lambda n: json.dumps(document()).encode()[:n]))
@settings(max_examples=200, deadline=None)
def test_bytes_that_are_no_plan_are_refused(raw: bytes) -> None:
    with pytest.raises(PlanFileError):
        loads_plan(raw)
