"""Log class: much written and seldom read logs cost half as much in the class Infrequent Access.

That no metrics are extracted there from records that embed them (EMF) is not confirmed in documentation that could be
read; that there are no metric filters is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from lambda_tailor.model.evidence import Evidence, Measured
from lambda_tailor.model.function import Found, Function, Lookup, Missing, Unreadable
from lambda_tailor.model.verdict import Finding, Kept, Risk, Verdict
from lambda_tailor.rules.rule import Options, Rule

SETTING = "log_class"
_GB = 1e9
_DAYS_A_MONTH = 365 / 12


class LogClassOptions(Options):
    """From when on it is worth a word."""

    min_gb_per_month: float = Field(default=10, gt=0, description="GB of logs a month from which it is reported.")


def lookups(function: Function, _options: LogClassOptions) -> Iterable[Lookup]:
    """The function's log group."""
    return (Lookup("log-group", function.log_group),)


def judge(function: Function, evidence: Evidence, options: LogClassOptions) -> Sequence[Verdict]:
    """Report it: AWS gives a log group its class when it is made, and never changes it."""
    match function.resource("log-group", function.log_group):
        case Unreadable(because):
            return (Kept(SETTING, None, f"its log group is not known: {because}"),)
        case Missing():
            return (Kept(SETTING, None, "the function has not logged yet"),)
        case Found(state):
            current = str(state.get("class"))
    written, quotes = evidence.log_bytes, evidence.quote("log_bytes")
    if current != "STANDARD":
        return (Kept(SETTING, current, "it is no Standard class", quotes),)
    if not isinstance(written, Measured):
        return (Kept(SETTING, current, f"how much it logs is not known: {written.because}"),)
    gb = written.value / _GB / written.window_days * _DAYS_A_MONTH
    if gb < options.min_gb_per_month:
        return (Kept(SETTING, current, f"{gb:.1f} GB a month are not worth it", quotes),)
    note = (
        f"{gb:.1f} GB of logs a month go into the class STANDARD; INFREQUENT_ACCESS takes them in for half, without "
        "metric filters, subscriptions and metrics embedded in records (EMF); "
        "a group's class is fixed, so it takes a new log group"
    )
    return (Finding(SETTING, current, note, Risk.LOW, quotes),)


RULE = Rule(
    id="log-class",
    title="A cheaper class for logs that are seldom read",
    why="Taking logs in is the larger part of their cost, and Infrequent Access halves it.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html",
    options=LogClassOptions,
    judge=judge,
    lookups=lookups,
    surprise="Infrequent Access extracts no metrics: those that code embeds in its records (EMF, Powertools) stop "
    "without an error. Lambda Insights and Live Tail do not work there either.",
    evidence=("log_bytes",),
    order=140,
)
