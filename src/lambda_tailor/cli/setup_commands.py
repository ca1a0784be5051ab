"""The commands that set up: rules, policies, IAM, prices, the MCP server, completion, the demo."""

from __future__ import annotations

from typing import Any

import click

from lambda_tailor.cli.group import DONE, PROGRAM, main, setup
from lambda_tailor.cli.group import arguments as arguments_of
from lambda_tailor.cli.options import AWS, JOURNAL, KMS_KEY, OUTPUT, REACH, TARGET
from lambda_tailor.errors import BadInput


def _rule_ids(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from lambda_tailor.rules import all_rules

    return [rule for rule in all_rules() if rule.startswith(incomplete)]


@click.command()
@click.argument("rule", required=False, metavar="[RULE]", shell_complete=_rule_ids)
@OUTPUT
def rules(rule: str | None, **arguments: Any) -> int:
    """The catalogue of rules, or one of them with its options."""
    setup().show_rules(arguments_of(arguments), rule)
    return DONE


@click.command(short_help="Say what is ready and what is missing.")
@click.option("--region", "-r", "regions", multiple=True, metavar="R", help="A region; repeatable.  [default: yours]")
@AWS
@JOURNAL
@OUTPUT
def doctor(**arguments: Any) -> int:
    """Check credentials, region, permissions, journal, clock and versions, and say what is missing."""
    from lambda_tailor.cli.doctor import doctor as look

    return look(arguments_of(arguments))


@click.group()
def prices() -> None:
    """What AWS asks for a month's usage."""


@prices.command("refresh")
@click.option("--region", "-r", "regions", multiple=True, metavar="R", help="A region; repeatable.  [default: yours]")
@AWS
def prices_refresh(**arguments: Any) -> int:
    """Write today's prices of the AWS Price List into the price file, which goes before the packaged ones."""
    setup().refresh_prices(arguments_of(arguments))
    return DONE


@click.command("iam-policy", short_help="Print the smallest IAM policy that is needed.")
@TARGET
@REACH
@click.option("--policy", "policy_file", type=click.Path(dir_okay=False), metavar="FILE", help="A policy file.")
@click.option("--preset", metavar="NAME", help="A built-in policy, chosen as by plan and apply.")
@click.option("--rules", "only", metavar="ID,ID", help="Only these rules.")
@click.option("--deep", is_flag=True, help="Also for what --deep reads.")
@click.option("--account", metavar="ID", default="*", help="The account that functions are in.  [default: any]")
@click.option("--plan/--apply", "only_plan", help="For making plans only, or for all commands.  [default: --apply]")
@click.option("--guard", is_flag=True, help="Also for guarded rollouts.")
@click.option("--tune", is_flag=True, help="Also for tunes.")
@click.option("--kms-key", envvar="LAMBDA_TAILOR_KMS_KEY", metavar="KEY", help="Also for signing with this KMS key.")
def iam_policy(only_plan: bool, **arguments: Any) -> int:
    """Print the smallest IAM policy that is needed, for every function where no target is given.

    With --role-arn or --organization it is what coming to those accounts takes; what their roles need
    is printed without.
    """
    import json

    click.echo(json.dumps(setup().iam_policy(arguments_of(arguments), writes=not only_plan), indent=2))
    return DONE


@click.group()
def policy() -> None:
    """Help for writing policies."""


@policy.command("schema")
@click.argument(
    "document",
    type=click.Choice(["plan", "run", "runs", "verify", "realized", "explain", "doctor", "tune", "policy"]),
    default="policy",
)
def policy_schema(document: str) -> int:
    """Print the JSON Schema of a document."""
    setup().show_schema(document)
    return DONE


@policy.command("init")
@click.option("--preset", default="right-size", show_default=True, metavar="NAME", help="The preset to write out.")
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Where to.  [default: stdout]")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def policy_init(preset: str, out: str | None, force: bool) -> int:
    """Write a policy with every key, its meaning and its default, and the schema for editors beside it."""
    setup().init_policy(preset, out, force=force)
    return DONE


@policy.command("check")
@click.argument("file", type=click.Path(dir_okay=False), metavar="FILE")
def policy_check(file: str) -> int:
    """Check a policy FILE; complaints name line, key and the nearest key that there is."""
    return int(setup().check_policy(file))


@click.command(short_help="Serve an MCP client over stdio; only reads by default.")
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
    serve(Started(**arguments_of(arguments).serving()), allow_writes=allow_writes)
    return DONE


@click.command(short_help="Print the script with which a shell completes commands.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script with which SHELL completes commands: source it, or put it where SHELL finds it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, PROGRAM, "_LAMBDA_TAILOR_COMPLETE").source())
    return DONE


@click.command()
@click.option("--keep", is_flag=True, help="Leave the embedded AWS running and say how to reach it.")
@click.option("--report", type=click.Path(dir_okay=False), metavar="FILE", help="Where to write the report.")
def demo(keep: bool, report: str | None) -> int:
    """The whole story on an embedded AWS; needs no AWS account."""
    try:
        from lambda_tailor.demo.story import tell
    except ImportError as error:
        raise BadInput(f"The demo needs more packages ({error.name}): pip install 'lambda-tailor[demo]'.") from error
    return tell(keep=keep, report=report)


@click.group(short_help="The team's key, which signs plans and the journal.")
def key() -> None:
    """The team's key, which signs plans and the journal, and seals values that are overwritten."""


@key.command("make")
@click.argument("file", required=False, type=click.Path(dir_okay=False), metavar="[FILE]")
def key_make(file: str | None) -> int:
    """Make a key in FILE, which only its owner may read.  [default: the key file that is used]"""
    from lambda_tailor.cli.key import make

    return make(file)


@key.command("fingerprint")
@AWS
@KMS_KEY
def key_fingerprint(**arguments: Any) -> int:
    """Print what names the key and tells nothing of it: the same wherever the same key is used."""
    from lambda_tailor.cli.key import fingerprint

    return fingerprint(arguments)


@key.command("export")
def key_export() -> int:
    """Print the key itself, for LAMBDA_TAILOR_KEY on another machine. It is a secret."""
    from lambda_tailor.cli.key import export

    return export()


COMMANDS: tuple[click.Command, ...] = (doctor, rules, prices, iam_policy, policy, key, mcp, completion, demo)
