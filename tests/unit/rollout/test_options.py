"""What the command line says of a rollout."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lambda_tailor.cli.commands import main
from lambda_tailor.errors import BadInput
from lambda_tailor.model.rollout import GuardOptions
from lambda_tailor.rollout.options import checked, percent, receiver, steps


def test_shares_rise_and_end_with_all() -> None:
    assert steps("5,25,50,100") == (5, 25, 50, 100)
    assert steps("10") == (10, 100)


@pytest.mark.parametrize("text", ["", "a", "0,100", "50,25", "5,5", "101", "5,,50"])
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="rising shares"):
        steps(text)


def test_a_share_is_in_per_cent_with_the_sign_or_without() -> None:
    assert percent("25%", "--allowed-slowdown") == percent("25", "--allowed-slowdown") == 0.25
    assert percent("150 %", "--allowed-slowdown") == 1.5


@pytest.mark.parametrize("text", ["x", "-1%", "nan", "100%", "inf"])
def test_other_shares_of_errors_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="allowed-errors"):
        percent(text, "--allowed-errors")


@pytest.mark.parametrize(
    "text", ["https://hooks.example/x", "http://127.0.0.1:8000/x", "sns:arn:aws:sns:eu-west-1:123456789012:t"]
)
def test_decisions_go_to_topics_and_web_hooks(text: str) -> None:
    assert receiver(text) == text


@pytest.mark.parametrize(
    "text", ["http://hooks.example/x", "ftp://x", "sns:topic", "x", "file:///etc/passwd", "https://"]
)
def test_other_receivers_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--notify"):
        receiver(text)


@pytest.mark.parametrize("minutes", [0, -1, 60 * 24 * 15])
def test_a_time_that_cloudwatch_does_not_remember_is_refused(minutes: float) -> None:
    with pytest.raises(BadInput, match="--guard-minutes"):
        checked(GuardOptions(minutes=minutes))


def test_an_option_of_rollouts_needs_guard() -> None:
    found = CliRunner().invoke(main, ["apply", "--function", "f", "--one-look"])
    assert found.exit_code == 1
    assert "--one-look goes with --guard" in found.stderr
