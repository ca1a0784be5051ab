"""The prior: what is shipped is what is learned, and a group can be left out."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")

from lambda_tailor.tuning import prior  # noqa: E402


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
