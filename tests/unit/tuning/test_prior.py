"""The prior: what is shipped is what is learned, and a group can be left out."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")

from lambda_tailor.tuning import prior  # noqa: E402
from lambda_tailor.tuning.shapes import STAIRS, levels, shapes, staircase  # noqa: E402


def test_the_shipped_weights_are_those_learned_from_the_shipped_curves():
    learned = np.exp(prior._learned(None))
    assert np.abs(np.exp(prior.log_weights()) - learned).max() < 0.01 * learned.max()


def test_a_group_left_out_changes_the_weights_and_an_unknown_one_does_not():
    group = prior.curves()[0].group
    assert not np.allclose(prior.log_weights(group), prior.log_weights())
    assert np.array_equal(prior.log_weights("no such group"), prior.log_weights())


def test_weights_sum_to_one():
    for group in (None, prior.curves()[0].group):
        assert np.exp(prior.log_weights(group)).sum() == pytest.approx(1, abs=0.01)


def test_public_curves_never_rise_with_memory():
    assert len(prior.curves()) > 50
    assert all((np.diff(curve.log_ms) <= 1e-9).all() and (np.diff(curve.log_mb) > 0).all() for curve in prior.curves())


def test_short_work_below_one_vcpu_waits_for_its_next_period_of_20_ms():
    # 17 ms of work: at half a vCPU 10 ms fit into the first period, and 7 are done at the start of the second.
    assert staircase(17.0, np.array([1769.0 / 2]))[0] == pytest.approx(27.0)
    assert staircase(17.0, np.array([1769.0, 3008.0])).tolist() == [17.0, 17.0]
    # It fits into one period from 1504 MB on, and from there more memory brings nothing.
    assert staircase(17.0, np.array([1504.0]))[0] == pytest.approx(17.0)
    assert staircase(17.0, np.array([1400.0]))[0] > 20.0


def test_a_stair_is_believed_only_of_a_function_of_its_level():
    mb = np.log(np.array([256.0, 512.0, 1024.0]))
    rows = shapes(mb)
    stairs = rows[-len(STAIRS) :]
    fits, off = (levels(stairs, float(stairs[4].mean()) + more, len(rows)) for more in (0, 3))
    assert fits[-len(STAIRS) + 4] == pytest.approx(0) and off[-len(STAIRS) :].max() < -5
    assert not fits[: -len(STAIRS)].any() and len(fits) == len(rows)
