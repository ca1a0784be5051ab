"""What follows from a look, without AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_tailor.model.rollout import GuardOptions
from lambda_tailor.rollout.deciding import Week, broken, decide, watched
from lambda_tailor.rollout.judge import Answer, Interval, Judgement
from lambda_tailor.rollout.state import Seen, State, Totals


def state(**given: Any) -> State:
    return State(
        arn="arn:aws:lambda:eu-west-1:123456789012:function:f",
        name="f",
        account_id="123456789012",
        region="eu-west-1",
        role_arn=None,
        architecture="x86_64",
        log_group="/aws/lambda/f",
        log_format="Text",
        **{
            "options": GuardOptions(minutes=30),
            "track": "alias",
            "phase": "looking",
            "alias": "live",
            "totals": (Totals(900), Totals(100)),
            **given,
        },
    )


def judgement(answer: Answer = Answer.INCONCLUSIVE, slower: float = 0.0, more_errors: float = 0.0) -> Judgement:
    interval = Interval(slower, slower - 0.1, slower + 0.1)
    return Judgement(answer=answer, because="so it is", slowdown=interval, error_rates=(0.01, 0.01 + more_errors))


MINUTE = 60.0


def test_a_step_is_left_as_soon_as_the_judge_is_sure_and_the_last_one_ends_it() -> None:
    sure = judgement(Answer.BETTER_OR_EQUAL)
    assert decide(state(), sure, (), MINUTE).decision == "next-step"
    assert decide(state(step=2), sure, (), MINUTE).decision == "promote"
    # What was proven once stays proven: the steps that are left take one look each.
    assert decide(state(step=1, proven=True), judgement(), (), MINUTE).decision == "next-step"


def test_worse_goes_back_whatever_was_proven() -> None:
    assert decide(state(proven=True), judgement(Answer.WORSE), (), MINUTE).decision == "rollback"


@pytest.mark.parametrize(
    ("given", "judged", "said"),
    [
        ({"totals": (Totals(900), Totals(19))}, judgement(), "only 19 invocations"),
        ({}, judgement(slower=0.3), "30 % slower"),
        ({}, judgement(more_errors=0.02), "3.0 % of it fail"),
    ],
)
def test_no_larger_share_while_something_speaks_against_it(given: Any, judged: Judgement, said: str) -> None:
    found = decide(state(**given), judged, (), 11 * MINUTE)
    assert (found.decision, said in found.because) == ("stay", True)


def test_a_step_whose_time_is_over_is_left_where_nothing_speaks_against_it() -> None:
    assert decide(state(), judgement(), (), 9 * MINUTE).decision == "stay"
    assert decide(state(), judgement(), (), 11 * MINUTE).decision == "next-step"
    # But for the last: its end is the end of the time.
    assert decide(state(step=2), judgement(), (), 29 * MINUTE).decision == "stay"


def test_the_end_without_an_answer_goes_back_unless_it_is_to_be_promoted() -> None:
    assert decide(state(step=2), judgement(), (), 31 * MINUTE).decision == "inconclusive"
    promoting = state(options=GuardOptions(minutes=30, on_inconclusive="promote"))
    assert decide(promoting, judgement(), (), 31 * MINUTE).decision == "promote"


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (Seen(runs=9, timeouts=1), "timed out"),
        (Seen(runs=9, out_of_memory=2), "ran out of memory"),
        (Seen(runs=9, fullest=0.96), "96 % of its memory"),
    ],
)
def test_hard_guards_need_no_statistics(new: Seen, said: str) -> None:
    found = decide(state(seen=(Seen(runs=90), new)), judgement(Answer.BETTER_OR_EQUAL), (), MINUTE)
    assert (found.decision, said in found.because) == ("rollback", True)


def test_a_kind_of_failure_that_the_old_version_has_is_left_to_the_judge() -> None:
    both = state(seen=(Seen(runs=90, timeouts=1), Seen(runs=9, timeouts=1)))
    assert broken(both, ()) is None
    known = state(seen=(Seen(), Seen(runs=9, timeouts=1)), known_kinds=("timeout",))
    assert broken(known, ()) is None
    assert broken(replace(known, known_kinds=("out-of-memory",)), ()) is not None


def test_an_alarm_that_goes_off_stops_it_and_one_that_rang_before_does_not() -> None:
    assert "too-slow went off" in str(broken(state(), ("too-slow",)))
    assert broken(state(old_alarms=("too-slow",)), ("too-slow",)) is None


def week(invocations: int, errors: int = 0, p50: float = 100.0) -> Week:
    return Week(Totals(invocations, errors), p50, 2 * p50)


@pytest.mark.parametrize(
    ("before", "since", "at", "decision"),
    [
        (week(500), week(500), 10, "stay"),
        (week(500), week(500), 31, "promote"),
        (week(500, 5), week(500, 40), 10, "rollback"),
        # One failure more is none too many, whatever share of few invocations it is.
        (week(500, 0), week(30, 1), 10, "stay"),
        (week(500), week(500, 0, 130.0), 10, "rollback"),
        (week(500), week(500, 0, 120.0), 10, "stay"),
        (week(5), week(500, 400), 10, "stay"),
        (week(5), week(500), 31, "inconclusive"),
    ],
)
def test_a_week_ago_is_compared_plainly(before: Week, since: Week, at: float, decision: str) -> None:
    watching = state(track="watch", alias=None, options=GuardOptions(minutes=30, steps=(100,)))
    assert watched(watching, before, since, (), at * MINUTE).decision == decision
