"""The command line: arguments, one workflow call, one report, an exit code. Heavy imports are late."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lambda_tailor import __version__
from lambda_tailor.errors import BadInput, TailorError
from lambda_tailor.model.lanes import DEFAULT_SHARE

if TYPE_CHECKING:
    from lambda_tailor.cli.arguments import Arguments
    from lambda_tailor.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])

PROGRAM = "lambda-tailor"
DONE, ERROR, PENDING = 0, 1, 2


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
    click.option("--preset", metavar="NAME", help="A built-in policy.  [default: reference for an environment suffix, "
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


class _Group(click.Group):
    """A group that ends with our exit codes: 1 for every error, usage errors included."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        # The same name however it was called: completion goes by it.
        kwargs |= {"standalone_mode": False, "prog_name": PROGRAM}
        try:
            code = super().main(*args, **kwargs)
            sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            code = ERROR
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            code = ERROR
        except TailorError as error:
            click.echo(f"Error: {error}", err=True)
            code = error.exit_code
        except BrokenPipeError:
            sys.stderr.close()
            code = ERROR
        except OSError as error:
            code = _unwritten(error)
        sys.exit(code if isinstance(code, int) else DONE)


def _unwritten(error: OSError) -> int:
    """Say that the output could not be written, such as to a full disk; other errors of the system are ours."""
    if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG):
        raise error
    click.echo(f"Error: The output could not be written: {error.strerror}. Nothing else was changed by that.", err=True)
    # What is still buffered cannot be written either; closing the descriptor keeps the end of the program quiet.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ERROR


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM)
def main() -> None:
    """Make deployed AWS Lambda functions fit the load they really carry.

    Reads what is deployed and what it did, proposes what to change and what that is worth, changes
    it safely, proves it, and can put all of it back.
    """


def _session(**arguments: Any) -> Session:
    if "lambda_tailor.cli.session" not in sys.modules:
        _import_once()
    from lambda_tailor.cli.session import Session

    return Session.from_arguments(arguments)


def _setup() -> Any:
    return importlib.import_module("lambda_tailor.cli.setup")


def _arguments(given: dict[str, Any]) -> Arguments:
    from lambda_tailor.cli.arguments import Arguments

    return Arguments(given)


def _import_once() -> None:
    """Import what every command needs. It stays to the end, so the garbage collector need not look at it again.

    Looking for garbage among modules, while they are imported and at exit, took a fifth of a plan's time.
    """
    gc.disable()
    importlib.import_module("lambda_tailor.cli.session")
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@main.command()
@TARGET
@REACH
@POLICY
@NARROW
@VIEW
@AWS
@SCHEDULER
@OUTPUT
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Save the plan to apply it later.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "sarif", "csv"]),
    default="text",
    show_default=True,
    help="How to print the plan.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there are changes to make.")
def plan(out: str | None, detailed_exitcode: bool, **arguments: Any) -> int:
    """Read, propose, show; changes nothing."""
    session = _session(**arguments)
    made = session.plan()
    if out:
        session.save(made, out)
    session.show_plan(made)
    if made.problems:
        return ERROR
    return PENDING if detailed_exitcode and made.has_changes else DONE


@main.command()
@click.argument("function", metavar="FUNCTION")
@TARGET
@REACH
@POLICY
@AWS
@OUTPUT
def explain(function: str, **arguments: Any) -> int:
    """Which policy, evidence and rule led to each proposal for FUNCTION, and what would change it.

    FUNCTION alone is read, unless a target says among which functions it is planned.
    """
    session = _session(**arguments)
    session.show_explanation(session.explain(function))
    return DONE


@main.command()
@click.argument("plan_file", required=False, type=click.Path(dir_okay=False), metavar="[PLAN.json]")
@TARGET
@REACH
@POLICY
@NARROW
@VIEW
@AWS
@SCHEDULER
@JOURNAL
@OUTPUT
@APPROVE
@click.option("--dry-run", is_flag=True, help="Show the same plan and stop.")
def apply(plan_file: str | None, dry_run: bool, auto_approve: bool, **arguments: Any) -> int:
    """Show the plan, ask, apply it, verify it."""
    session = _session(**arguments)
    made = session.load(plan_file) if plan_file else session.plan()
    if dry_run:
        session.show_plan(made)
        return ERROR if made.problems else DONE
    return session.apply(made, saved=plan_file is not None, auto_approve=auto_approve)


@main.command()
@TARGET
@REACH
@POLICY
@AWS
@SCHEDULER
@OUTPUT
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="How to print what was found.",
)
def verify(**arguments: Any) -> int:
    """Does what is deployed match the policy? Prints expected and actual; exits 2 where it does not."""
    session = _session(**arguments)
    found = session.verify()
    session.show_verification(found)
    if found.summary.unverified:
        return ERROR
    return DONE if found.matches else PENDING


@main.command()
@click.argument("run", metavar="RUN")
@AWS
@SCHEDULER
@JOURNAL
@OUTPUT
@APPROVE
def rollback(run: str, auto_approve: bool, **arguments: Any) -> int:
    """Put back exactly what RUN changed ('latest' is the last run)."""
    return _session(**arguments).rollback(run, auto_approve=auto_approve)


@main.command()
@click.argument("run", metavar="RUN")
@AWS
@SCHEDULER
@JOURNAL
@OUTPUT
@APPROVE
def resume(run: str, auto_approve: bool, **arguments: Any) -> int:
    """Finish a RUN that was interrupted, or try again what failed in it."""
    return _session(**arguments).resume(run, auto_approve=auto_approve)


@main.command()
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--realized", is_flag=True, help="Compare the time after RUN with as long a time before it.")
@click.option(
    "--lookback",
    type=click.FloatRange(0.03, 60),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="With --realized: the longest time to compare.",
)
@click.option(
    "--worse-percent",
    type=click.FloatRange(0),
    default=25,
    show_default=True,
    metavar="N",
    help="With --realized: how much longer or more erroneous is too much.",
)
@AWS
@JOURNAL
@OUTPUT
def runs(run: str | None, realized: bool, **arguments: Any) -> int:
    """What was done, when, by whom; and what it brought."""
    session = _session(**arguments)
    if realized:
        return session.show_realized(run)
    session.show_runs(run)
    return DONE


@main.command()
@click.argument("shown", required=False, metavar="[PLAN.json|RUN]")
@click.option("--history", is_flag=True, help="About all runs: saved since the first, promised against realized.")
@click.option("--realized", is_flag=True, help="Measure what a run, or each run, brought; reads AWS.")
@JOURNAL
@AWS
@click.option("--out", type=click.Path(dir_okay=False), required=True, metavar="FILE", help="The page to write.")
def report(shown: str | None, out: str, history: bool, realized: bool, **arguments: Any) -> int:
    """Write one self-contained HTML page about a saved plan, a run ('latest' is the last one) or all runs."""
    session = _session(**arguments)
    if history == (shown is not None):
        raise BadInput("What about? Give a saved plan, a run, or --history for all runs.")
    if shown is None:
        session.report_history(out, realized=realized)
    else:
        session.report(shown, out, realized=realized)
    return DONE


def _rule_ids(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from lambda_tailor.rules import all_rules

    return [rule for rule in all_rules() if rule.startswith(incomplete)]


@main.command()
@click.argument("rule", required=False, metavar="[RULE]", shell_complete=_rule_ids)
@OUTPUT
def rules(rule: str | None, **arguments: Any) -> int:
    """The catalogue of rules, or one of them with its options."""
    _setup().show_rules(_arguments(arguments), rule)
    return DONE


@main.group()
def prices() -> None:
    """What AWS asks for a month's usage."""


@prices.command("refresh")
@click.option("--region", "-r", "regions", multiple=True, metavar="R", help="A region; repeatable.  [default: yours]")
@AWS
def prices_refresh(**arguments: Any) -> int:
    """Write today's prices of the AWS Price List into the price file, which goes before the packaged ones."""
    _setup().refresh_prices(_arguments(arguments))
    return DONE


@main.command("iam-policy")
@TARGET
@REACH
@click.option("--policy", "policy_file", type=click.Path(dir_okay=False), metavar="FILE", help="A policy file.")
@click.option("--preset", metavar="NAME", help="A built-in policy, chosen as by plan and apply.")
@click.option("--rules", "only", metavar="ID,ID", help="Only these rules.")
@click.option("--deep", is_flag=True, help="Also for what --deep reads.")
@click.option("--account", metavar="ID", default="*", help="The account that functions are in.  [default: any]")
@click.option("--plan/--apply", "only_plan", help="For making plans only, or for all commands.  [default: --apply]")
def iam_policy(only_plan: bool, **arguments: Any) -> int:
    """Print the smallest IAM policy that is needed, for every function where no target is given.

    With --role-arn or --organization it is what coming to those accounts takes; what their roles need
    is printed without.
    """
    import json

    click.echo(json.dumps(_setup().iam_policy(_arguments(arguments), writes=not only_plan), indent=2))
    return DONE


@main.group()
def policy() -> None:
    """Help for writing policies."""


@policy.command("schema")
@click.argument(
    "document", type=click.Choice(["plan", "run", "runs", "verify", "realized", "explain", "policy"]), default="policy"
)
def policy_schema(document: str) -> int:
    """Print the JSON Schema of a document."""
    _setup().show_schema(document)
    return DONE


@policy.command("init")
@click.option("--preset", default="right-size", show_default=True, metavar="NAME", help="The preset to write out.")
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Where to.  [default: stdout]")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def policy_init(preset: str, out: str | None, force: bool) -> int:
    """Write a policy with every key, its meaning and its default, and the schema for editors beside it."""
    _setup().init_policy(preset, out, force=force)
    return DONE


@policy.command("check")
@click.argument("file", type=click.Path(dir_okay=False), metavar="FILE")
def policy_check(file: str) -> int:
    """Check a policy FILE; complaints name line, key and the nearest key that there is."""
    return int(_setup().check_policy(file))


@main.command()
@click.option("--allow-writes", is_flag=True, help="Offer apply and rollback too.")
@click.option("--policy", "policy_file", type=click.Path(dir_okay=False), metavar="FILE", help="The policy that holds.")
@click.option("--preset", metavar="NAME", help="The built-in policy that holds.")
@click.option("--region", "-r", "regions", multiple=True, metavar="R", help="A region to serve; repeatable.")
@AWS
@JOURNAL
def mcp(allow_writes: bool, **arguments: Any) -> int:
    """Serve plan, explain, verify and runs to an MCP client over stdio."""
    try:
        from lambda_tailor.mcp.server import Started, serve
    except ImportError as error:
        raise BadInput(
            f"The MCP server needs more packages ({error.name}): pip install 'lambda-tailor[mcp]'."
        ) from error
    serve(Started(**_arguments(arguments).serving()), allow_writes=allow_writes)
    return DONE


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script with which SHELL completes commands: source it, or put it where SHELL finds it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, PROGRAM, "_LAMBDA_TAILOR_COMPLETE").source())
    return DONE


@main.command()
@click.option("--keep", is_flag=True, help="Leave the embedded AWS running and say how to reach it.")
@click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="Where to write the report.")
def demo(keep: bool, report: str | None) -> int:
    """The whole story on an embedded AWS; needs no AWS account."""
    try:
        from lambda_tailor.demo.story import tell
    except ImportError as error:
        raise BadInput(f"The demo needs more packages ({error.name}): pip install 'lambda-tailor[demo]'.") from error
    return tell(keep=keep, report=report)
