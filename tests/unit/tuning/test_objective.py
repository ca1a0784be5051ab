"""Objectives: how they are written, and what they hold against a size."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")

from lambda_tailor.errors import BadInput  # noqa: E402
from lambda_tailor.tuning.objective import losses, parse  # noqa: E402


@pytest.mark.parametrize("text", ["cheapest", "fastest-within=10%", "p95-under=800ms", "balanced=0.5"])
def test_an_objective_reads_back_as_it_was_written(text):
    assert str(parse(text)) == text


def test_seconds_are_understood():
    assert parse("p95-under=2s").number == 2000


@pytest.mark.parametrize("text", ["", "fast", "cheapest=1", "balanced=2", "p95-under=", "p95-under=-1ms", "balanced=x"])
def test_what_is_no_objective_is_refused_with_the_forms_there_are(text):
    with pytest.raises(BadInput, match="fastest-within=10%"):
        parse(text)


SIZES = np.log(np.array([128.0, 256.0, 512.0, 1024.0]))
# Costs a call, in MB ms: 128,000, 102,400, 107,520, 204,800.
MS = np.log(np.array([[1000.0, 400.0, 210.0, 200.0]]))


@pytest.mark.parametrize(
    ("objective", "best"),
    [
        ("cheapest", 1), ("fastest-within=10%", 2), ("fastest-within=150%", 3), ("p95-under=300ms", 2),
        ("p95-under=500ms", 1), ("p95-under=10ms", 3), ("balanced=1", 1), ("balanced=0", 3),
    ],
)  # fmt: skip
def test_the_best_size_under_an_objective_has_no_loss(objective, best):
    loss = losses(parse(objective), SIZES, MS, np.ones(1))
    assert loss[0].argmin() == best and loss[0, best] == pytest.approx(0)
    assert (np.delete(loss[0], best) > 0).all()
