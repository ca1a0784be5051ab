"""The chooser: it ends, stays in bounds, is not fooled, and more budget is not worse."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")

from lambda_tailor.tuning.choosing import MAX_SIZES, Chooser, Free, sizes_between  # noqa: E402
from lambda_tailor.tuning.objective import parse  # noqa: E402


def duration_ms(memory_mb: float, floor: float = 0.05) -> float:
    """A function bound by CPU up to one vCPU, over a floor of waiting."""
    return 1000 * (floor + (1 - floor) * 1769 / min(memory_mb, 1769))


def cost(memory_mb: float, floor: float = 0.05) -> float:
    return memory_mb * duration_ms(memory_mb, floor)


def tuned(chooser: Chooser, cv: float = 0.05, seed: int = 0, floor: float = 0.05) -> tuple[int | None, list[int]]:
    """Let it measure to its end: the size it chose and the sizes it visited, in order."""
    rng, visited = np.random.default_rng(seed), []
    while (look := chooser.look()).next_mb is not None:
        visited.append(look.next_mb)
        chooser.measured(look.next_mb, duration_ms(look.next_mb, floor) * float(np.exp(cv * rng.standard_normal())))
        assert len(visited) <= chooser.max_invocations, "it does not end"
    return look.chosen_mb, visited


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bounds", [(128, 3008), (512, 1024), (200, 210)])
def test_a_tune_ends_within_its_budget_and_bounds_and_chooses_what_it_invoked(bounds, seed):
    chosen, visited = tuned(Chooser(sizes_between(*bounds), seed=seed), 0.2, seed)
    assert 1 <= len(visited) <= 24 and len(set(visited)) <= MAX_SIZES
    assert all(bounds[0] <= mb <= bounds[1] for mb in visited)
    assert chosen in visited


def test_an_io_bound_function_is_cheapest_at_its_smallest_size_and_settles_early():
    chooser = Chooser(sizes_between(128, 3008))
    chosen, visited = tuned(chooser, 0.03, floor=0.999)
    assert chosen == 128 and chooser.look().settled and len(visited) < 24


def test_the_choice_is_near_the_best_when_there_is_a_clear_one():
    best = min(range(128, 3009), key=lambda mb: cost(mb, 0.4))
    chosen, _ = tuned(Chooser(sizes_between(128, 3008)), 0.05, floor=0.4)
    assert chosen is not None and cost(chosen, 0.4) / cost(best, 0.4) < 1.05


def test_more_budget_is_not_worse_on_average():
    def regret(budget: int) -> float:
        least = min(cost(mb, 0.2) for mb in range(128, 3009))
        chosen = [
            tuned(Chooser(sizes_between(128, 3008), max_invocations=budget, seed=s), 0.25, s, 0.2)[0] for s in range(5)
        ]
        return float(np.mean([cost(mb or 3008, 0.2) / least - 1 for mb in chosen]))

    assert regret(24) <= regret(6) + 0.005


def test_sizes_are_visited_interleaved_at_the_start():
    _, visited = tuned(Chooser(sizes_between(128, 3008)))
    assert visited[:3] == visited[5:2:-1], "there and back again"
    assert len(set(visited[:3])) == 3


def test_usual_sizes_are_looked_at_as_they_are_and_bounds_are_kept():
    sizes = sizes_between(128, 3008)
    assert len(sizes) == 64
    assert {128, 192, 256, 384, 512, 768, 1024, 1536, 1769, 2048, 3008} <= set(sizes)
    assert sizes_between(500, 530)[0] == 500 and sizes_between(500, 530)[-1] == 530 and 512 in sizes_between(500, 530)


def test_calls_go_to_usual_sizes_until_the_best_is_known_well_enough_to_look_beside_it():
    usual = {128, 192, 256, 384, 512, 768, 1024, 1536, 1769, 2048, 3008}
    beside = 0
    for seed in range(6):
        _, visited = tuned(Chooser(sizes_between(128, 3008), seed=seed), 0.15, seed, floor=0.3)
        assert set(visited[:14]) <= usual
        beside += len(set(visited[14:]) - usual)
    assert beside, "nothing beside a usual size was ever looked at"


def test_a_size_that_fails_is_never_chosen_nor_a_smaller_one():
    chooser = Chooser(sizes_between(128, 3008))
    visited = []
    while (look := chooser.look()).next_mb is not None:
        visited.append(look.next_mb)
        if look.next_mb < 400:
            chooser.failed(look.next_mb)
        else:
            chooser.measured(look.next_mb, 1000.0)
    assert any(mb < 400 for mb in visited), "nothing failed: the test has no point"
    assert look.chosen_mb is not None and look.chosen_mb >= 400
    assert len(visited) <= 24


def test_what_fails_later_is_not_chosen_though_smaller_sizes_did_well():
    chooser = Chooser((128, 256, 512, 1024))
    for mb in (128, 128, 256, 256, 512, 512, 1024, 1024):
        chooser.measured(mb, 1000.0)
    assert chooser.ended().chosen_mb == 128
    chooser.failed(256)
    assert chooser.ended().chosen_mb == 512


@pytest.mark.parametrize("budget", [3, 6, 8, 10])
@pytest.mark.parametrize("floor", [0.05, 0.4, 0.8])
def test_a_short_tune_chooses_what_it_invoked_whatever_the_model_thinks_of_others(budget, floor):
    chooser = Chooser(sizes_between(128, 3008), max_invocations=budget)
    chosen, visited = tuned(chooser, 0.1, budget, floor)
    assert len(visited) == budget
    assert chosen in visited


def test_when_every_size_fails_nothing_is_chosen():
    chooser = Chooser((128, 256, 512))
    while (look := chooser.look()).next_mb is not None:
        chooser.failed(look.next_mb)
    assert look.chosen_mb is None and not look.settled


def test_one_call_three_times_as_long_does_not_change_the_choice():
    def chosen(times: float) -> int | None:
        chooser, count = Chooser(sizes_between(128, 3008)), 0
        while (look := chooser.look()).next_mb is not None:
            count += 1
            chooser.measured(look.next_mb, duration_ms(look.next_mb, 0.9) * (times if count == 1 else 1.0))
        return look.chosen_mb

    assert chosen(3.0) == chosen(1.0) == 128


def test_what_production_shows_at_the_present_size_is_not_measured_again_at_first():
    free = Free(256, duration_ms(256))
    _, visited = tuned(Chooser(sizes_between(128, 3008), free=[free]))
    assert all(abs(np.log(mb / 256)) > 0.1 for mb in visited[:2]) and len(set(visited[:4])) == 2


def test_the_interval_holds_the_true_ratio_of_costs():
    held = 0
    for seed in range(5):
        chooser = Chooser(sizes_between(128, 3008), seed=seed)
        chosen, _ = tuned(chooser, 0.1, seed)
        assert chosen is not None
        ratio = chooser.cost_ratio(chosen, 1024)
        held += ratio.low <= cost(chosen) / cost(1024) <= ratio.high
    assert held >= 4


def test_a_limit_of_the_95th_percentile_is_held_by_the_size_that_is_chosen():
    chosen, _ = tuned(Chooser(sizes_between(128, 3008), parse("p95-under=3s")), 0.05)
    assert chosen is not None and duration_ms(chosen) * np.exp(1.65 * 0.05) <= 3000 * 1.03


def test_balanced_for_speed_takes_more_memory_than_for_cost():
    fast, _ = tuned(Chooser(sizes_between(128, 3008), parse("balanced=0.1")), 0.02)
    cheap, _ = tuned(Chooser(sizes_between(128, 3008), parse("balanced=1")), 0.02)
    assert fast is not None and cheap is not None and duration_ms(fast) < duration_ms(cheap)


def test_a_tune_that_is_ended_early_still_takes_the_best_of_what_was_invoked():
    chooser = Chooser(sizes_between(128, 3008))
    for _ in range(3):
        mb = chooser.look().next_mb
        assert mb is not None
        chooser.measured(mb, duration_ms(mb))
    assert chooser.ended().chosen_mb is not None
