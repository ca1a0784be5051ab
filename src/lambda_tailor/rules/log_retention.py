"""Log retention: logs that expire, on the group that the function really writes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field, field_validator

from lambda_tailor.model.evidence import Evidence
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Blocked, Kept, Key, Proposed, Risk, Transition, Verdict
from lambda_tailor.rules.rule import ConcurrencyPool, Judged, Options, Rule, always

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


def lookups(function: Function, options: LogRetentionOptions) -> Iterable[Lookup]:
    """The function's log group, and the groups that a tag holds, which other functions may write to as well."""
    if options.days is None:
        return ()
    return (Lookup("log-group", function.log_group), *(Lookup("legal-hold", tag) for tag in options.legal_hold_tags))


def judge(function: Function, _evidence: Evidence, options: LogRetentionOptions) -> Sequence[Verdict]:
    """Propose the retention unless a shorter one is there already."""
    days = options.days
    if days is None:
        return ()
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
            if (held := _held(function, options)) is not None:
                return (Blocked(SETTING, _days(current), days, held),)
            older = "kept for ever" if current is None else f"kept for {current} days"
            reason = f"logs are {older}; those older than {days} days are deleted for good"
            return (_proposed(function, _days(current), days, reason, exists=True),)


def _held(function: Function, options: LogRetentionOptions) -> str | None:
    """Why its logs have to be kept, or may have to be: by its own tags, its group's, or another writer's."""
    tags = options.legal_hold_tags
    if function.tags_unread and tags:
        return f"a tag may hold its logs, and its tags are not known: {function.tags_unread}"
    for tag in tags:
        if tag in function.tags:
            return f"tag {tag} holds its logs"
        match function.resource("legal-hold", tag):
            case Unreadable(because):
                return f"a tag may hold its log group, and the groups that one holds are not known: {because}"
            case Found(state) if function.log_group in (state["groups"] or ()):  # type: ignore[operator]  # a list
                return f"tag {tag} of the log group, or of a function that writes to it, holds its logs"
    return None


def settle(judged: Sequence[Judged], _pool: ConcurrencyPool | None) -> Sequence[Judged]:
    """What holds for one function that writes to a group holds for all of them."""
    held = {f.log_group: v.because for f, verdicts in judged for v in verdicts if isinstance(v, Blocked)}
    return [(f, [_with_group(f, v, held.get(f.log_group)) for v in verdicts]) for f, verdicts in judged]


def _with_group(function: Function, verdict: Verdict, because: str | None) -> Verdict:
    if because is None or not isinstance(verdict, Proposed):
        return verdict
    shared = f"{function.log_group} is shared with a function for which this is blocked: {because}"
    return Blocked(SETTING, verdict.before, verdict.after, shared)


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
    settle=settle,
    surprise="Logs older than a new retention are deleted for good, usually within three days; no rollback brings "
    "them back. Several functions may write to one group, and an account policy may override a group's own retention.",
    order=40,
)
