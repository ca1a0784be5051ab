"""The options that several commands share, as decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lambda_tailor.model.lanes import DEFAULT_SHARE

F = TypeVar("F", bound=Callable[..., Any])


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


TARGET = _options(
    click.option("--environment-suffix", "-e", "suffix", envvar="ENVIRONMENT_SUFFIX", metavar="S",
                 help="The stack whose names end in S: lambda-function-S and all around it."),
    click.option("--function", "names", multiple=True, metavar="NAME", help="A function by name; repeatable."),
    click.option("--name-pattern", metavar="GLOB", help="Functions whose name matches, with * and ?."),
    click.option("--tag", "tags", multiple=True, metavar="K=V", help="Functions with this tag; repeatable."),
    click.option("--all", "everything", is_flag=True, help="Every function."),
    click.option("--region", "-r", "regions", multiple=True, metavar="R", help="A region; repeatable."),
)  # fmt: skip
REACH = _options(
    click.option("--all-regions", is_flag=True, help="Every region that is enabled."),
    click.option("--role-arn", "role_arns", multiple=True, metavar="ARN",
                 help="Look at the account of this role, which is assumed, instead of your own; repeatable."),
    click.option("--role-arns", "roles_file", type=click.Path(dir_okay=False), metavar="FILE",
                 help="Such roles from a file, one a line."),
    click.option("--organization", metavar="ROLE",
                 help="Look at every account of the organization, under the role of that name."),
)  # fmt: skip
SCHEDULER = click.option("--scheduler", metavar="URL",
                         help="Let the workers of a Dask cluster do it: tcp://host:8786.")  # fmt: skip
AWS = _options(
    click.option("--profile", metavar="NAME", help="The AWS profile to use."),
    click.option("--endpoint-url", metavar="URL", help="Where AWS is, if not where it always is."),
    click.option("--quota-share", type=click.FloatRange(0.01), default=DEFAULT_SHARE, show_default=True,
                 help="The part of AWS's request quotas to use; over 1 where AWS raised yours."),
    click.option("--timeout", "timeout_s", type=click.FloatRange(1), default=60, show_default=True, metavar="SECONDS",
                 help="Give up where AWS gives no answer at all for so long."),
)  # fmt: skip
POLICY = _options(
    click.option("--policy", "policy_file", type=click.Path(dir_okay=False), metavar="FILE", help="A policy file."),
    click.option("--preset", metavar="NAME", help="A built-in policy, or several with commas: right-size, operate, "
                 "reference.  [default: reference for an environment suffix, "
                 "right-size for any other target]"),
    click.option("--rules", "only", metavar="ID,ID", help="Only these rules."),
    click.option("--force", multiple=True, metavar="FUNCTION:RULE", help="Make a blocked change all the same."),
    click.option("--lookback", type=click.IntRange(1, 60), default=14, show_default=True, metavar="DAYS",
                 help="How far back evidence goes."),
    click.option("--evidence-budget-usd", type=click.FloatRange(0), metavar="USD",
                 help="The most that AWS may charge for reading metrics and logs.  [default: no limit]"),
    click.option("--deep", is_flag=True,
                 help="Read also what takes calls for each function: triggers, versions, samples of all logs."),
    click.option("--assume-duration-ms", type=click.IntRange(1), metavar="MS",
                 help="Duration of an invocation where none was measured."),
    click.option("--assume-invocations", type=click.IntRange(0), metavar="N",
                 help="Invocations a month where none were measured."),
    click.option("--topic", metavar="ARN", help="The SNS topic that alarms tell.  [default: the policy's, or the one "
                 "that most alarms on Lambda use]"),
)  # fmt: skip
NARROW = _options(
    click.option("--risk", "max_risk", type=click.Choice(["none", "low", "medium", "high"]),
                 help="Only changes of at most this risk; the others are not made."),
    click.option("--min-saving", "min_saving_usd", type=click.FloatRange(0), metavar="USD",
                 help="Only functions that save so much a month; the others are not changed."),
)  # fmt: skip
VIEW = _options(
    click.option("--group-by", type=click.Choice(["rule", "function", "account"]),
                 help="What to sum up by.  [default: rule for more than ten functions]"),
    click.option("--sort", type=click.Choice(["money", "risk", "name"]), default="money", show_default=True,
                 help="In which order functions are shown."),
    click.option("--top", type=click.IntRange(1), metavar="N", help="Show N functions or groups; all are counted."),
    click.option("--full", is_flag=True, help="Show every change, however many functions there are."),
)  # fmt: skip
JOURNAL = click.option("--journal", envvar="LAMBDA_TAILOR_JOURNAL", metavar="URL",
                       help="The journal's database URL.  [default: SQLite in the state folder]")  # fmt: skip
OUTPUT = _options(
    click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout and nothing else."),
    click.option("--quiet", "-q", is_flag=True, help="Only the result, no progress."),
    click.option("--verbose", "-v", is_flag=True, help="Also settings that are as they should be, and evidence."),
)
APPROVE = click.option("--auto-approve", is_flag=True, help="Do not ask before writing.")
