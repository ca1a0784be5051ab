"""The commands that look at functions, change them and look back at it."""

from __future__ import annotations

from typing import Any

import click

from lambda_tailor.cli import guard, setup_commands
from lambda_tailor.cli.group import DONE, ERROR, PENDING, PROGRAM, main, session
from lambda_tailor.cli.options import (
    APPROVE,
    AWS,
    JOURNAL,
    KMS_KEY,
    MAX_AGE,
    NARROW,
    OUTPUT,
    POLICY,
    REACH,
    SCHEDULER,
    SOURCE,
    TARGET,
    TRUST_JOURNAL,
    TRUST_PLAN,
    VIEW,
)
from lambda_tailor.cli.tune import TUNE, clean_up, tune
from lambda_tailor.cli.tune import report as report_tune
from lambda_tailor.cli.tune import show as show_tune
from lambda_tailor.errors import BadInput

__all__ = ["DONE", "ERROR", "PENDING", "PROGRAM", "main"]


@main.command()
@TARGET
@REACH
@POLICY
@NARROW
@VIEW
@AWS
@SCHEDULER
@OUTPUT
@KMS_KEY
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Save the plan to apply it later.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "sarif", "csv"]),
    default="text",
    show_default=True,
    help="How to print the plan.",
)
@SOURCE
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there are changes to make.")
def plan(out: str | None, detailed_exitcode: bool, **arguments: Any) -> int:
    """Read, propose, show; changes nothing."""
    asked = session(**arguments)
    made = asked.plan(sign=bool(out) or asked.asked.as_json)
    if out:
        asked.save(made, out)
    asked.show_plan(made)
    if made.problems:
        return ERROR
    return PENDING if detailed_exitcode and made.has_changes else DONE


@main.command(short_help="Why a function's plan is what it is: policy, evidence, verdicts.")
@click.argument("function", metavar="FUNCTION")
@TARGET
@REACH
@POLICY
@AWS
@OUTPUT
@KMS_KEY
def explain(function: str, **arguments: Any) -> int:
    """Which policy, evidence and rule led to each proposal for FUNCTION, and what would change it.

    FUNCTION alone is read, unless a target says among which functions it is planned.
    """
    asked = session(**arguments)
    asked.show_explanation(asked.explain(function))
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
@KMS_KEY
@TRUST_PLAN
@TRUST_JOURNAL
@MAX_AGE
@click.option("--dry-run", is_flag=True, help="Show the same plan with every operation, and stop.")
@guard.guard_options
def apply(plan_file: str | None, dry_run: bool, auto_approve: bool, **arguments: Any) -> int:
    """Show the plan, ask, apply it, verify it."""
    guarded = guard.taken_from(arguments)
    asked = session(**arguments)
    made = asked.load(plan_file) if plan_file else asked.plan()
    if dry_run:
        asked.dry_run(made, saved=plan_file is not None)
        return ERROR if made.problems else DONE
    asked.examine(made, saved=plan_file is not None)
    if guarded is not None:
        from lambda_tailor.cli.roll_out import roll_out

        return roll_out(asked, made, guarded, saved=plan_file is not None, auto_approve=auto_approve)
    return asked.apply(made, saved=plan_file is not None, auto_approve=auto_approve)


@main.command(short_help="Whether what is deployed matches the policy; 2 where not.")
@TARGET
@REACH
@POLICY
@AWS
@SCHEDULER
@OUTPUT
@KMS_KEY
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
    asked = session(**arguments)
    found = asked.verify()
    asked.show_verification(found)
    if found.summary.unverified:
        return ERROR
    return DONE if found.matches else PENDING


@main.command(short_help="Put back exactly what a run changed.")
@click.argument("run", metavar="RUN")
@AWS
@SCHEDULER
@JOURNAL
@OUTPUT
@APPROVE
@KMS_KEY
@TRUST_JOURNAL
def rollback(run: str, auto_approve: bool, **arguments: Any) -> int:
    """Put back exactly what RUN changed ('latest': the newest run that wrote to AWS and was no rollback)."""
    if run.startswith(TUNE):
        return clean_up(run, arguments)
    return session(**arguments).rollback(run, auto_approve=auto_approve)


@main.command(short_help="Finish a run that was interrupted, or try again what failed.")
@click.argument("run", metavar="RUN")
@AWS
@SCHEDULER
@JOURNAL
@OUTPUT
@APPROVE
@KMS_KEY
@TRUST_JOURNAL
def resume(run: str, auto_approve: bool, **arguments: Any) -> int:
    """Finish a RUN that was interrupted, or try again what failed in it."""
    if run.startswith(TUNE):
        return clean_up(run, arguments)
    return session(**arguments).resume(run, auto_approve=auto_approve)


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
    asked = session(**arguments)
    if run is not None and run.startswith(TUNE):
        return show_tune(run, arguments)
    if realized:
        return asked.show_realized(run)
    asked.show_runs(run)
    return DONE


@main.command(short_help="Write a page about a plan, a run, a tune or all runs.")
@click.argument("shown", required=False, metavar="[PLAN.json|RUN|TUNE]")
@click.option("--history", is_flag=True, help="About all runs: saved since the first, promised against realized.")
@click.option("--realized", is_flag=True, help="Measure what a run, or each run, brought; reads AWS.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "sarif", "csv"]),
    default="html",
    show_default=True,
    help="What to write of a saved plan.",
)
@click.option("--policy", "policy_file", type=click.Path(dir_okay=False), metavar="FILE",
              help="With --format sarif: the policy file that it points to.")  # fmt: skip
@SOURCE
@JOURNAL
@AWS
@click.option("--out", type=click.Path(dir_okay=False), required=True, metavar="FILE", help="The page to write.")
def report(shown: str | None, out: str, history: bool, realized: bool, **arguments: Any) -> int:
    """Write one self-contained HTML page about a saved plan, a run, a tune or all runs ('latest': as for rollback)."""
    asked = session(**arguments)
    if history == (shown is not None):
        raise BadInput("What about? Give a saved plan, a run, or --history for all runs.")
    if history and arguments["form"] != "html":
        raise BadInput(f"--format {arguments['form']} is for a saved plan; the page of all runs is HTML.")
    if shown is not None and shown.startswith(TUNE) and not shown.endswith(".json"):
        return report_tune(shown, arguments, out)
    if shown is None:
        asked.report_history(out, realized=realized)
    else:
        asked.report(shown, out, realized=realized)
    return DONE


@main.command("write-back", short_help="Write what a plan or a run changes into its source.")
@click.argument("shown", metavar="PLAN.json|RUN")
@click.option("--source", type=click.Path(file_okay=False), required=True, metavar="DIR", help="Where the source is.")
@click.option("--state", type=click.Path(dir_okay=False), metavar="FILE",
              help="Terraform's state, if it is not in DIR: terraform state pull > FILE.")  # fmt: skip
@click.option("--var-file", "var_files", multiple=True, type=click.Path(dir_okay=False), metavar="FILE",
              help="Values that terraform is given with -var-file; repeatable.")  # fmt: skip
@click.option("--write", is_flag=True, help="Edit the files instead of printing the diff.")
@click.option("--branch", metavar="NAME", help="Commit on a new branch of git and leave the work tree alone.")
@click.option("--shared", is_flag=True, help="Write values that others share, too; they are named.")
@click.option("--check", is_flag=True, help="Ask the deployment's own tool what is left to change.")
@click.option("--force", is_flag=True, help="Write files with uncommitted changes; move a branch that is there.")
@click.option("--trust-plan", is_flag=True, help="Take a plan that is not signed.")
@click.option("--pull-request", type=click.Path(file_okay=False), metavar="DIR",
              help="Write a pull request's title.txt, body.md and labels.txt there.")  # fmt: skip
@JOURNAL
@OUTPUT
def write_back(shown: str, **arguments: Any) -> int:
    """Write what a plan or a run changes into the source that deploys it; needs no AWS.

    Prints a unified diff, unless told to write. Exits 2 where something could not be written or is left to change.
    """
    from lambda_tailor.cli.write_back import write_back as write

    return write(shown, arguments)


for command in (*setup_commands.COMMANDS, tune):
    main.add_command(command)
