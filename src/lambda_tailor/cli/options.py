"""The options that several commands share, as decorators."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
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


_HOURS: Mapping[str, float] = {"s": 1 / 3600, "m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}


class _Age(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """A time such as 90m, 24h or 7d, in hours; a number alone is hours."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The hours."""
        text = str(value).strip().lower()
        number, unit = (text[:-1], text[-1]) if text[-1:] in _HOURS else (text, "h")
        if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", number, re.ASCII):
            self.fail(f"{value!r} is no time: give it as 90m, 24h or 7d.", param, ctx)
        return float(number) * _HOURS[unit]


AGE = _Age()


def _handed_on(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Into the variable of that name, as long as the command runs: whatever assumes a role reads it there."""
    name = f"LAMBDA_TAILOR_{str(parameter.name).upper()}"
    if value is not None:
        before = os.environ.get(name, "")
        os.environ[name] = value
        context.call_on_close(lambda: os.environ.update({name: before}))


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
    click.option("--external-id", expose_value=False, callback=_handed_on, metavar="ID",
                 help="Goes along where a role is assumed, for roles that ask for one."),
    click.option("--source-identity", expose_value=False, callback=_handed_on, metavar="NAME",
                 help="Who CloudTrail of the other account says it was, where a role is assumed."),
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
SOURCE = _options(
    click.option("--source", type=click.Path(file_okay=False), metavar="DIR",
                 help="With --format sarif: point to where the source in DIR has each setting."),
    click.option("--state", type=click.Path(dir_okay=False), metavar="FILE",
                 help="With --source: Terraform's state, if it is not in DIR."),
)  # fmt: skip
JOURNAL = click.option("--journal", envvar="LAMBDA_TAILOR_JOURNAL", metavar="URL",
                       help="The journal's database URL.  [default: SQLite in the state folder]")  # fmt: skip
OUTPUT = _options(
    click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout and nothing else."),
    click.option("--quiet", "-q", is_flag=True, help="Only the result, no progress."),
    click.option("--verbose", "-v", is_flag=True, help="Also settings that are as they should be, and evidence."),
)
KMS_KEY = click.option("--kms-key", envvar="LAMBDA_TAILOR_KMS_KEY", metavar="KEY",
                       help="Sign and seal with this KMS key (HMAC or symmetric) instead of the key file.")  # fmt: skip
TRUST_PLAN = click.option("--trust-plan", is_flag=True,
                          help="Take a plan that your key did not sign; lists every operation.")  # fmt: skip
TRUST_JOURNAL = click.option("--trust-journal", is_flag=True,
                             help="Take what the journal says although your key did not sign it; lists every call."
                             )  # fmt: skip
MAX_AGE = click.option("--max-age", "max_age_h", type=AGE, default="24h", show_default=True, metavar="AGE",
                       help="How old a saved plan may be: 90m, 24h, 7d.")  # fmt: skip
APPROVE = click.option("--auto-approve", is_flag=True, help="Do not ask before writing.")
