"""Log retention: logs that expire, on the group that the function really writes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field, field_validator

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import Options, Rule, always

SETTING = "retention_days"
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
ALLOWED_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


class LogRetentionOptions(Options):
    """How long logs are kept."""

    days: int | None = Field(
        default=None,
        description="Days to keep logs: one of CloudWatch's values.",
        json_schema_extra={"enum": [*ALLOWED_DAYS, None]},
    )
    legal_hold_tags: tuple[str, ...] = Field(
        default=("legal-hold", "LegalHold"), description="A function with one of these tags keeps its logs."
    )

    @field_validator("days")
    @classmethod
    def _allowed(cls, days: int | None) -> int | None:
        if days is not None and days not in ALLOWED_DAYS:
            raise ValueError(f"CloudWatch Logs keeps logs for one of {', '.join(map(str, ALLOWED_DAYS))} days")
        return days


def lookups(function: Function, _options: LogRetentionOptions) -> Iterable[Lookup]:
    """The function's log group."""
    return (Lookup("log-group", function.log_group),)


def judge(function: Function, _evidence: Evidence, options: LogRetentionOptions) -> Sequence[Verdict]:
    """Propose the retention unless a shorter one is there already."""
    days = options.days
    if days is None:
        return ()
    held = next((tag for tag in options.legal_hold_tags if tag in function.tags), None)
    match function.resource("log-group", function.log_group):
        case Unreadable(because):
            return (Blocked(SETTING, None, days, because),)
        case Missing():
            return (_proposed(function, None, days, "the function has not logged yet", exists=False),)
        case Found(state):
            current = state["retention_days"]
            if isinstance(current, int) and current <= days:
                kept = "as wanted" if current == days else f"shorter than {days} days already"
                return (Kept(SETTING, current, kept),)
            if function.tags_unread and options.legal_hold_tags:
                because = f"a tag may hold its logs, and its tags are not known: {function.tags_unread}"
                return (Blocked(SETTING, _days(current), days, because),)
            if held:
                return (Blocked(SETTING, _days(current), days, f"tag {held} holds its logs"),)
            older = "kept for ever" if current is None else f"kept for {current} days"
            return (_proposed(function, _days(current), days, f"logs are {older}", exists=True),)


def _days(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _proposed(function: Function, before: int | None, days: int, reason: str, *, exists: bool) -> Proposed:
    group = Key("log-group", function.log_group)
    create = () if exists else (Transition(group, "exists", False, True),)
    retention = Key("log-retention", function.log_group)
    put = Transition(retention, SETTING, before, days, () if exists else (group,))
    # Events older than the new retention are deleted by CloudWatch and no rollback brings them back.
    risk = Risk.MEDIUM if exists else Risk.NONE
    return Proposed(SETTING, before, days, reason, (*create, put), risk)


RULE = Rule(
    id="log-retention",
    title="Logs that expire",
    why="A log group without retention is paid for by the month, for ever.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    options=LogRetentionOptions,
    judge=judge,
    writes=always("log-group", "log-retention"),
    lookups=lookups,
    order=40,
)
