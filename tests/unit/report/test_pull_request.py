"""A pull request's title, body and labels."""

from __future__ import annotations

from dataclasses import replace

from lambda_tailor.model.verdict import Risk
from lambda_tailor.report import pull_request
from lambda_tailor.writeback.model import Edit, NotEdited, ToOwn, WriteBack
from tests.unit.report.plans import HOSTILE, a_change, a_plan, a_planned, small_plan

EDIT = Edit(
    file="main.tf", line=3, function="lambda-function-dev", setting="memory_mb", before=3008, after=1024,
    also_changes=("aws_lambda_function.g.memory_size of other",),
)  # fmt: skip
LEFT = NotEdited(function=HOSTILE, setting="timeout_s", file="a.tf", line=9, because=HOSTILE, wanted=30)


def test_the_title_has_the_net_and_the_labels_the_highest_risk() -> None:
    plan = small_plan()
    title = pull_request.title(plan, WriteBack(edits=(EDIT,)))
    assert title.startswith("Fit 1 Lambda function to its load: net saving $") and "\n" not in title
    assert pull_request.labels(plan, WriteBack(edits=(EDIT,))) == ["lambda-tailor", "risk: low"]


def test_the_body_says_what_is_shared_and_what_was_not_written_before_the_report() -> None:
    owned = ToOwn(function="f", resource="q", block='resource "aws_sqs_queue" "q" {}')
    document = WriteBack(edits=(EDIT,), not_edited=(LEFT,), to_own=(owned,), notes=("a note",))
    body = pull_request.body(small_plan(), document)
    assert "`main.tf:3` also changes `aws_lambda_function.g.memory_size of other`" in body
    assert "**Not written (1):**" in body and "`a.tf:9`" in body and '```hcl\nresource "aws_sqs_queue"' in body
    assert body.index("Not written") < body.index("## lambda-tailor")
    assert "<img" not in body


def test_a_body_stays_within_what_a_forge_takes() -> None:
    document = WriteBack(not_edited=(LEFT,) * 5000)
    assert len(pull_request.body(small_plan(), document)) < 65_536


def test_money_and_risk_are_those_of_what_was_written() -> None:
    changes = (a_change(risk=Risk.LOW), a_change(rule="timeout", setting="timeout_s", risk=Risk.HIGH))
    plan = a_plan(a_planned("orders", changes), a_planned("others", (a_change(risk=Risk.HIGH),)))
    edit = replace(EDIT, function="orders")
    document = WriteBack(edits=(edit,), not_edited=(LEFT,))
    alone = a_plan(a_planned("orders", changes[:1]))
    assert pull_request.title(plan, document) == pull_request.title(alone, document)
    assert pull_request.title(plan, document) != pull_request.title(plan, replace(document, edits=(edit, replace(
        edit, function="others"))))  # fmt: skip
    assert pull_request.labels(plan, document)[1] == "risk: low"
    assert "others" not in pull_request.body(plan, document).partition("## lambda-tailor")[2]


def test_what_was_not_written_for_one_reason_is_one_line() -> None:
    left = [
        NotEdited(function=f"f{n}", setting=setting, file=None, line=None, because="it is nowhere", wanted=1)
        for n in range(9)
        for setting in ("memory_mb", "timeout_s")
    ]
    body = pull_request.body(small_plan(), WriteBack(edits=(EDIT,), not_edited=(*left, LEFT)))
    assert "- f0, f1, f2, f3, f4, ... 4 more, 18 settings: it is nowhere\n" in body
    assert body.count("it is nowhere") == 1 and "**Not written (19):**" in body
