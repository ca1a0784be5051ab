"""The judge of a guarded rollout, without AWS."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from bench.rollout_judge import NAMED, Scenario, Version, binomial, main, rollouts
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_tailor.rollout.batches import Batch, Logs, Side
from lambda_tailor.rollout.boundaries import Level, critical, log_mixture
from lambda_tailor.rollout.judge import LEVELS, Answer, Comparison, Judgement, Limits

EQUAL_ONLY = Limits(slowdown=0.0, errors=0.0)


def side(runs: int, errors: int = 0, durations: Sequence[float] = (), **more: int) -> Side:
    return Side(invocations=runs, errors=errors, warm=Logs.of(durations), **more)


def judged(batches: Sequence[Batch], limits: Limits = EQUAL_ONLY, horizon: float = 400) -> Judgement:
    comparison = Comparison(horizon)
    for batch in batches:
        comparison = comparison.plus(batch)
    return comparison.judged(limits)


def durations(seed: int, count: int, mean: float = 100.0, spread: float = 0.5) -> list[float]:
    draw = random.Random(seed)
    return [mean * math.exp(draw.gauss(0, spread)) for _ in range(count)]


def squared(deviate: float) -> float:
    return math.copysign(deviate * deviate, deviate)


sides = st.builds(
    lambda runs, errors, seed, mean: side(runs, min(errors, runs), durations(seed, min(runs, 40), mean)),
    st.integers(0, 300),
    st.integers(0, 60),
    st.integers(0, 50),
    st.sampled_from([60.0, 100.0, 130.0, 240.0]),
)
evidence = st.lists(st.builds(Batch, sides, sides), min_size=1, max_size=5)


@given(evidence)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_swapping_the_sides_mirrors_every_measure(batches: list[Batch]) -> None:
    one, other = Comparison(400), Comparison(400)
    for batch in batches:
        one, other = one.plus(batch), other.plus(batch.swapped)
    for bound in (0.0, 0.2):
        assert one.warm.standardised(bound) == pytest.approx(-other.warm.standardised(-bound), abs=1e-6)
    low, high = one.warm.bounds(one.fraction, LEVELS.slower, LEVELS.slower)
    assert other.warm.bounds(one.fraction, LEVELS.slower, LEVELS.slower) == pytest.approx((-high, -low))
    # Near 0 the root makes much of the last digits of its square.
    assert squared(one.errors.beyond(0.0)) == pytest.approx(-squared(other.errors.beyond(0.0)), abs=1e-5)
    assert one.errors.rates() == pytest.approx(other.errors.rates()[::-1])
    assert not (
        one.errors.increased(one.fraction, LEVELS.any_more_errors)
        and other.errors.increased(one.fraction, LEVELS.any_more_errors)
    )


@given(evidence)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_is_worse_is_never_worse_with_the_sides_swapped(batches: list[Batch]) -> None:
    if judged(batches).answer is Answer.WORSE:
        mirrored = judged([batch.swapped for batch in batches])
        slower = any("longer" in part for part in judged(batches).because.split("; "))
        failing = any("errors" in part for part in judged(batches).because.split("; "))
        # Slower and failing less, or the other way round, is worse on either side.
        assert mirrored.answer is not Answer.WORSE or slower != failing


@given(sides, sides, st.integers(2, 5), st.sampled_from([0.0, 0.01, 0.05]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_more_of_the_same_evidence_never_flips_worse_to_better(
    old: Side, new: Side, times: int, allowed: float
) -> None:
    limits = Limits(slowdown=allowed * 5, errors=allowed)
    answers = [judged([Batch(old, new)] * (1 + repeats), limits).answer for repeats in range(times)]
    if Answer.WORSE in answers:
        assert Answer.BETTER_OR_EQUAL not in answers[answers.index(Answer.WORSE) :]
    if Answer.BETTER_OR_EQUAL in answers:
        assert Answer.WORSE not in answers[answers.index(Answer.BETTER_OR_EQUAL) :]


def test_the_levels_of_calling_it_worse_add_up_to_five_percent() -> None:
    assert LEVELS.of_worse == pytest.approx(0.05)


@pytest.mark.parametrize("level", [Level(0.02), Level(0.01, 0.04)])
@pytest.mark.parametrize("looks", [8, 400])
def test_a_walk_without_drift_crosses_the_boundary_at_its_level_at_most_however_often_one_looks(
    level: Level, looks: int
) -> None:
    draw, trials, crossed = random.Random(3), 3000 if looks < 100 else 1500, 0
    limits = [critical(look / looks, level) * math.sqrt(look) for look in range(1, looks + 1)]
    for _ in range(trials):
        total = 0.0
        for limit in limits:
            total += draw.gauss(0, 1)
            if total >= limit:
                crossed += 1
                break
    assert crossed / trials <= level.total + 2.6 * math.sqrt(level.total / trials)
    # It is no boundary that nothing ever crosses.
    assert crossed


def test_nothing_is_known_without_information() -> None:
    assert critical(0.0, LEVELS.slower) == math.inf
    assert log_mixture(3.0, 0.0) == pytest.approx(0.0, abs=1e-9)
    assert judged([]).answer is Answer.INCONCLUSIVE
    assert judged([Batch(side(500, 500), Side())]).answer is Answer.INCONCLUSIVE


def played(scenario: Scenario, trials: int) -> dict[str, float]:
    ended = [decision for decision, _ in rollouts(scenario, "7", trials)]
    return {name: ended.count(name) / trials for name in ("promote", "rollback", "inconclusive")}


def own(old: tuple[float, float, float], new: tuple[float, float, float], **more: float) -> Scenario:
    names = ("cv", "error_rate", "mean_ms")
    document = {"old": dict(zip(names, old, strict=True)), "new": dict(zip(names, new, strict=True)), **more}
    return Scenario.of("own", document)


@pytest.mark.parametrize(
    ("name", "decision", "least"),
    [("slower-1.5", "rollback", 0.95), ("slower-1.1", "promote", 0.9), ("errors-1-to-5", "rollback", 0.93)],
)
def test_the_named_scenarios_end_as_they_should(name: str, decision: str, least: float) -> None:
    assert played(Scenario.of(name, NAMED[name]), 500)[decision] >= least


@pytest.mark.parametrize("cv", [0.6, 1.5])
def test_equal_versions_are_called_worse_in_five_percent_at_most_where_nothing_is_allowed(cv: float) -> None:
    equal = (cv, 0.05, 100.0)
    nothing_allowed = own(equal, equal, allowed_slowdown=0.0, allowed_error_increase=0.0, max_invocations_a_side=1000)
    assert played(nothing_allowed, 600)["rollback"] <= 0.05


def test_a_version_beyond_what_is_allowed_is_hardly_ever_promoted() -> None:
    slower = own((1.2, 0.0, 100.0), (1.2, 0.0, 140.0), allowed_slowdown=0.25, max_invocations_a_side=1000)
    failing = own((0.6, 0.01, 100.0), (0.6, 0.03, 100.0), allowed_slowdown=0.25, max_invocations_a_side=1000)
    assert played(slower, 300)["promote"] <= 0.02
    assert played(failing, 300)["promote"] <= 0.02


def heavy(draw: random.Random, slower: float) -> float:
    """One in twenty waits on its storage, as long as Pareto likes: a cv far over 100 %."""
    return slower * (20 + draw.gammavariate(4, 5) + (400 * draw.paretovariate(1.6) if draw.random() < 0.05 else 0))


def heavy_rollouts(slower: float, trials: int, looks: int = 16) -> list[Answer]:
    draw, answers = random.Random(5), []
    for _ in range(trials):
        comparison, answer = Comparison(50 * looks), Answer.INCONCLUSIVE
        for _ in range(looks):
            of_old, of_new = ([heavy(draw, each) for _ in range(50)] for each in (1.0, slower))
            comparison = comparison.plus(Batch(side(50, durations=of_old), side(50, durations=of_new)))
            answer = comparison.judged(Limits()).answer
            if answer is not Answer.INCONCLUSIVE:
                break
        answers.append(answer)
    return answers


def test_heavy_tails_neither_stop_an_equal_version_nor_hide_a_slow_one() -> None:
    draw = random.Random(1)
    drawn = [heavy(draw, 1.0) for _ in range(20_000)]
    mean = sum(drawn) / len(drawn)
    assert math.sqrt(sum((each - mean) ** 2 for each in drawn) / len(drawn)) / mean > 1
    assert heavy_rollouts(1.0, 120).count(Answer.WORSE) <= 6
    assert heavy_rollouts(1.6, 120).count(Answer.WORSE) >= 110


def test_an_uneven_split_calls_equal_versions_worse_in_five_percent_at_most() -> None:
    draw, trials, worse = random.Random(11), 500, 0
    of_old, of_new = binomial(95, 0.03), binomial(5, 0.03)
    version = Version(0.6, 0.03, 100.0)
    for _ in range(trials):
        comparison = Comparison(150)
        for _ in range(15):
            comparison = comparison.plus(Batch(version.side(95, draw, of_old), version.side(5, draw, of_new)))
            if comparison.judged(EQUAL_ONLY).answer is Answer.WORSE:
                worse += 1
                break
    assert worse / trials <= 0.05


def test_a_share_that_moves_with_the_hour_is_no_difference_between_versions() -> None:
    night = Batch(side(190, 2, durations(1, 190)), side(10, 0, durations(2, 10)))
    # In the day everything is slower and fails more, and the new version has most of the traffic.
    day = Batch(side(20, 3, durations(3, 20, 300.0)), side(180, 27, durations(4, 180, 300.0)))
    assert judged([night, day] * 2, Limits()).answer is not Answer.WORSE
    together = Batch(night.old + day.old, night.new + day.new)
    assert judged([together] * 2, Limits()).answer is Answer.WORSE


Makes = Callable[[int], Side]


@pytest.mark.parametrize(
    ("of_new", "said"),
    [
        (lambda seed: side(50, 30, durations(seed, 50)), "errors went from 0.0 % to 60.0 %"),
        (lambda seed: side(50, 8, durations(seed, 50), timeouts=8), "timeouts went from"),
        (lambda seed: side(50, 8, durations(seed, 50), out_of_memory=8), "out-of-memory kills went from"),
        (lambda seed: side(50, 0, durations(seed, 50), throttles=20), "throttles went from"),
        (lambda seed: side(50, 0, durations(seed, 50, 400.0)), "it takes"),
    ],
)
def test_what_is_worse_is_named(of_new: Makes, said: str) -> None:
    batches = [Batch(side(50, 0, durations(seed, 50)), of_new(100 + seed)) for seed in range(8)]
    answer = judged(batches, Limits())
    assert answer.answer is Answer.WORSE
    assert said in answer.because


def test_init_is_compared_on_its_own_and_cold_starts_are_not_the_duration() -> None:
    def started(seed: int, init_ms: float) -> Side:
        return Side(invocations=50, warm=Logs.of(durations(seed, 50)), init=Logs.of(durations(seed, 20, init_ms, 0.1)))

    answer = judged([Batch(started(seed, 200.0), started(50 + seed, 900.0)) for seed in range(6)], Limits())
    assert answer.answer is Answer.WORSE
    assert answer.because.startswith("its INIT takes")


def test_durations_that_never_vary_are_compared_too() -> None:
    batches = [Batch(side(50, 0, [100.0] * 50), side(50, 0, [200.0] * 50))] * 4
    assert judged(batches, Limits()).answer is Answer.WORSE


@pytest.mark.parametrize(("slowdown", "errors"), [(-0.1, 0.01), (0.1, -0.01), (math.inf, 0.0), (0.1, 1.0)])
def test_senseless_limits_are_refused(slowdown: float, errors: float) -> None:
    with pytest.raises(ValueError, match="cannot be allowed"):
        Limits(slowdown, errors)


def test_the_bench_draws_what_durations_really_give() -> None:
    version, draw, drawn = Version(0.6, 0.01, 100.0), random.Random(2), random.Random(3)
    sigma = math.sqrt(math.log1p(0.36))
    of_sums = [version.side(50, draw, binomial(50, 0.01)) for _ in range(3000)]
    of_runs = [
        Logs.of(math.exp(drawn.gauss(math.log(100) - sigma**2 / 2, sigma)) for _ in range(50)) for _ in range(3000)
    ]
    for read in (lambda logs: logs.mean, lambda logs: logs.squares, lambda logs: logs.squares**2):
        one = sum(read(each.warm) for each in of_sums) / 3000
        assert one == pytest.approx(sum(map(read, of_runs)) / 3000, rel=0.05)
    assert sum(each.errors for each in of_sums) / 150_000 == pytest.approx(0.01, rel=0.1)


def test_the_bench_refuses_a_scenario_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scenario", '{"old": {"cv": -1}}']) == 1
    assert "cannot be simulated" in capsys.readouterr().err
