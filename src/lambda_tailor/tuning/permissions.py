"""Which IAM actions tunes take, beside those of plan."""

from __future__ import annotations

from lambda_tailor.tuning import copying, payloads

READ_ACTIONS = (*copying.READ_ACTIONS, *payloads.READ_ACTIONS)
WRITE_ACTIONS = copying.WRITE_ACTIONS
