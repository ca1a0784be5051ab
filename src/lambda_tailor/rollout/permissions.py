"""Which IAM actions guarded rollouts take, beside those of plan and apply."""

from __future__ import annotations

from lambda_tailor.rollout import moves, notify, reading

READ_ACTIONS = reading.READ_ACTIONS
WRITE_ACTIONS = (*moves.WRITE_ACTIONS, *notify.WRITE_ACTIONS)
