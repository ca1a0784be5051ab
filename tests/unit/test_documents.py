"""Documents as JSON, whole and piece by piece."""

from __future__ import annotations

import base64
import json
import os
import zlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from lambda_tailor.documents import (
    PACKED,
    adapter,
    dumps,
    load_plan,
    loads_plan,
    packed,
    pieces,
    plan_hash,
    unpacked,
    write_file,
)
from lambda_tailor.errors import PlanFileError
from lambda_tailor.model.plan import Operation, Plan
from lambda_tailor.model.run import Runs
from lambda_tailor.model.verdict import Key
from tests.builders import ACCOUNT, REGION
from tests.unit.report.plans import fleet, small_plan


def whole() -> Plan:
    configuration = Key("function-configuration", "orders")
    operation = Operation(
        id="op-00001", account_id=ACCOUNT, region=REGION, function="arn", key=configuration,
        before={"memory_mb": 3008}, after={"memory_mb": 1024},
    )  # fmt: skip
    plan = replace(small_plan(), operations=(operation, replace(operation, id="op-00002", follows=("op-00001",))))
    return replace(plan, plan_id=plan_hash(plan))


def test_pieces_are_the_very_text_of_the_whole() -> None:
    plan = whole()
    assert dumps(plan) == adapter(Plan).dump_json(plan, indent=2).decode()
    # A plan is never in one piece: each function and each operation is its own.
    assert len(list(pieces(plan))) > len(plan.functions) + len(plan.operations)


def test_a_document_without_anything_in_it() -> None:
    assert json.loads(dumps(Runs(runs=()))) == {
        "schema_version": "1",
        "runs": [],
        "unfinished": [],
        "tunes": [],
        "notes": [],
    }


def test_a_line_break_in_a_value_stays_what_it_is() -> None:
    plan = replace(whole(), policy="two\nlines")
    assert json.loads(dumps(plan))["policy"] == "two\nlines"


def test_a_plan_comes_back_as_it_was() -> None:
    plan = whole()
    assert loads_plan(dumps(plan)) == plan


def test_a_plan_that_was_altered_is_refused() -> None:
    plan = whole()
    text = dumps(plan).replace(plan.functions[0].name, "another", 1)
    with pytest.raises(PlanFileError, match="altered"):
        loads_plan(text)


def test_money_survives_the_round_trip_exactly() -> None:
    plan = whole()
    low = plan.summary.monthly_saving_usd.low
    assert loads_plan(dumps(plan)).summary.monthly_saving_usd.low == low
    assert isinstance(low, Decimal)


def test_a_packed_plan_is_the_same_plan_and_a_fraction_of_its_size() -> None:
    plan = fleet(200)
    text = packed(plan)
    assert unpacked(text, "it") == plan
    assert len(text) * 5 < len(dumps(plan))
    # A journal of the first version has the JSON itself.
    assert unpacked(dumps(plan), "it") == plan


@pytest.mark.parametrize("cut", [slice(0, -20), slice(0, 5), slice(0, 6)])
def test_a_packed_plan_that_was_cut_or_changed_is_told(cut: slice) -> None:
    with pytest.raises(PlanFileError, match="the plan of run-1"):
        unpacked(packed(small_plan())[cut], "the plan of run-1")
    with pytest.raises(PlanFileError, match="the plan of run-1"):
        unpacked("zlib:!!!", "the plan of run-1")


def test_a_file_is_not_written_through_a_link_nor_in_place_of_a_device(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    (tmp_path / "link").symlink_to(theirs)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "dangling", "pipe", "."):
        with pytest.raises(PlanFileError):
            write_file(str(tmp_path / name), (b"x",), "The plan")
    assert theirs.read_text() == "theirs"
    assert not (tmp_path / "nowhere").exists()
    assert not list(tmp_path.glob("*.part"))


def test_a_plan_file_that_is_a_pipe_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PlanFileError, match="it is no file"):
        load_plan(tmp_path / "pipe")


def test_a_packed_plan_that_would_fill_the_memory_is_refused() -> None:
    bomb = zlib.compress(b'{"a": "' + bytes(200 * 1024**2), 9)
    assert len(bomb) < 1024**2
    with pytest.raises(PlanFileError, match="larger than any plan"):
        unpacked(PACKED + base64.b64encode(bomb).decode(), "the plan")


def test_a_name_that_no_file_can_have_is_a_sentence() -> None:
    with pytest.raises(PlanFileError, match="cannot be saved as"):
        write_file("a" * 300, (b"{}",), "The plan")
    with pytest.raises(PlanFileError, match="cannot be read"):
        load_plan(Path("a" * 300))
