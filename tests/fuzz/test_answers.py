"""AWS answers with parts missing, huge or of another kind: planned or told, never a traceback, never a write."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lambda_tailor.aws.gateway import Gateway
from lambda_tailor.settings.setting import Call
from tests.integration.conftest import Aws

HOSTILE: tuple[Any, ...] = (
    None, "", "x" * 10_000, -1, 0, 10**30, 1.5e308, True, [], {}, [None], [[]], {"": None}, "$(rm -rf /)",
    "\x1b]0;title\x07\x1b[2J", "<script>alert(1)</script>", "\u202egpj.exe", "Unknown-Enum", "\x00",
)  # fmt: skip


def mutated(value: Any, chance: random.Random, share: float) -> Any:
    """The answer with some of its parts dropped or replaced."""
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if chance.random() > share}
        return {
            key: chance.choice(HOSTILE) if chance.random() < share else mutated(item, chance, share)
            for key, item in kept.items()
        }
    if isinstance(value, list):
        return [mutated(item, chance, share) for item in value]
    return value


@pytest.fixture
def lying(stack: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, float, str], None]:
    """Lets AWS lie, reproducibly: by a seed, in a share of all parts, in one operation or in all."""
    real = Gateway._send

    def lie(seed: int, share: float, operation: str = "") -> None:
        chance = random.Random(seed)

        def sent(self: Gateway, call: Call) -> Any:
            answer = real(self, call)
            if call.name == "sts:GetCallerIdentity" or operation not in ("", call.name):
                return answer
            return mutated(answer, chance, share)

        monkeypatch.setattr(Gateway, "_send", sent)

    return lie


READS = (
    "lambda:GetFunction", "lambda:GetAccountSettings", "lambda:ListAliases", "cloudwatch:GetMetricData",
    "cloudwatch:DescribeAlarms", "logs:DescribeLogGroups", "sqs:GetQueueAttributes", "iam:SimulatePrincipalPolicy",
    "lambda:ListLayerVersions", "s3:ListBuckets", "s3:GetBucketVersioning", "secretsmanager:DescribeSecret",
)  # fmt: skip


@pytest.mark.parametrize("target", [("-e", "dev"), ("--all", "--preset", "right-size")])
def test_a_plan_on_lies_is_a_plan_or_a_sentence(
    stack: Aws, lying: Callable[[int, float, str], None], target: tuple[str, ...]
) -> None:
    for seed in range(24):
        # Everywhere a little, or one operation a lot.
        operation = READS[seed // 2 % len(READS)] if seed % 2 else ""
        lying(seed, 0.3 if operation else 0.05, operation)
        result = stack.run("plan", *target, "--json", exit_code=None)
        assert result.exit_code in (0, 1), (seed, operation)
        if result.exit_code == 0 or result.stdout:
            json.loads(result.stdout)
        else:
            assert result.stderr.startswith("Error: "), (seed, operation, result.stderr)
        shown = stack.run("plan", *target, exit_code=None)
        assert "\x1b" not in shown.output
        assert "\x07" not in shown.output
    assert not stack.control.writes()
