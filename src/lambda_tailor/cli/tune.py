"""``tune``: find the memory size that is wanted, by measuring a copy of the function."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from lambda_tailor.cli.group import DONE, session
from lambda_tailor.cli.options import APPROVE, AWS, JOURNAL, KMS_KEY, OUTPUT, TRUST_JOURNAL
from lambda_tailor.errors import BadInput

if TYPE_CHECKING:
    from lambda_tailor.cli.session import Session
    from lambda_tailor.model.tuning import Tuning
    from lambda_tailor.tuning.preparing import PreparedTunes


# How the ids of tunes begin; those of runs begin otherwise.
TUNE = "tune-"


@click.command(short_help="Find the memory size that is wanted, on a temporary copy.")
@click.argument("functions", nargs=-1, metavar="[FUNCTION]...")
@click.option("--payload", metavar="FILE|DIR|event:NAME",
              help="What to invoke it with: a JSON file, a folder of them taken in turn (NAME.weight=3.json three "
              "times), or a shareable test event of the console.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Every function that has a payload in --payloads.")
@click.option("--payloads", metavar="DIR", help="With --all: a folder with NAME.json or a folder NAME a function.")
@click.option("--objective", default="cheapest", show_default=True, metavar="WHAT",
              help="cheapest, fastest-within=10%, p95-under=800ms or balanced=0.5.")  # fmt: skip
@click.option("--sizes", metavar="MIN-MAX|LIST", help="The sizes that may be chosen, MB.  [default: 128-3008]")
@click.option("--max-invocations", type=int, default=24, show_default=True, metavar="N",
              help="Measured invocations at most; each size's first call is a warm-up beside them.")  # fmt: skip
@click.option("--budget-usd", type=float, metavar="USD", help="What all of it may cost.  [default: no limit]")
@click.option("--production-payloads", is_flag=True,
              help="The payloads are real ones in their real mix: production is believed as it is.")  # fmt: skip
@click.option("--region", "-r", "regions", multiple=True, metavar="R", help="A region; repeatable.")
@click.option("--html", type=click.Path(dir_okay=False), metavar="FILE", help="Write a page about it, too.")
@AWS
@JOURNAL
@OUTPUT
@APPROVE
@KMS_KEY
@TRUST_JOURNAL
def tune(functions: tuple[str, ...], **arguments: Any) -> int:
    """Find the memory size that is wanted in two dozen invocations of a temporary copy of FUNCTION.

    The function itself is not touched; its copy does for real whatever the function does.
    """
    asked = session(**arguments)
    prepared = _prepared(functions, arguments, asked)
    print("\n".join(_said_before(prepared)), file=sys.stderr)
    if not prepared.subjects:
        raise BadInput("No function is left to be tuned.")
    asked.confirm(arguments["auto_approve"], "Invoke copies of them?")
    return _tuned(prepared, arguments, asked)


def _prepared(functions: tuple[str, ...], arguments: dict[str, Any], asked: Session) -> PreparedTunes:
    """What is to be tuned. Raises BadInput."""
    from lambda_tailor import api

    everything = bool(arguments["everything"])
    if everything == bool(functions):
        raise BadInput("Say which functions to tune: FUNCTION and --payload, or --all and --payloads.")
    given = arguments["payloads"] if everything else arguments["payload"]
    if not given:
        wanted = "--payloads DIR, a file or folder a function" if everything else "--payload FILE, DIR or event:NAME"
        raise BadInput(f"A tune needs something to invoke with: give {wanted}.")
    same = ("objective", "sizes", "max_invocations", "budget_usd", "production_payloads", "regions")
    return api.prepare_tune(
        functions,
        payload=given,
        all_functions=everything,
        **{name: arguments[name] for name in same},
        **asked.asked.connecting(),
    )


def _tuned(prepared: PreparedTunes, arguments: dict[str, Any], asked: Session) -> int:
    """Tune, and show what was found."""
    from lambda_tailor import api, documents
    from lambda_tailor.report import tuning

    quiet = bool(arguments["quiet"]) or not sys.stderr.isatty()

    def told(function: str, calls: int, memory_mb: int) -> None:
        if not quiet:
            print(f"  {function}: {calls} measured, {memory_mb} MB", file=sys.stderr)

    with asked.watched() as watched:
        found = api.tune(prepared, **_kept(arguments), **asked.asked.connecting(), stop=watched["stop"], told=told)
    if arguments["html"] and found.tunings:
        write_page(found.tunings, arguments["html"])
    if asked.asked.as_json:
        print(documents.dumps(found))
        return DONE
    for each in found.tunings:
        print("\n" + "\n".join(tuning.lines(each)))
    for left in found.left_out:
        print(f"Left out: {left.function}: {left.because}", file=sys.stderr)
    return DONE


def _kept(arguments: dict[str, Any]) -> dict[str, Any]:
    """Where it is written down, and with which key."""
    return {name: arguments[name] for name in ("journal", "kms_key", "trust_journal")}


def _said_before(prepared: PreparedTunes) -> list[str]:
    """How many invocations at most, what they cost at most, and that they are real."""
    from lambda_tailor.tuning.preparing import MOST_WARM_UPS

    options, lines = prepared.options, []
    for one in prepared.subjects:
        likely = "" if one.likely_usd is None else f", about {one.likely_usd:.6f} USD by what it takes now"
        lines.append(
            f"{one.function.name}: at most {options.max_invocations} measured invocations and {MOST_WARM_UPS} warm-ups "
            f"of a temporary copy, at most {one.most_usd:.4f} USD (every call up to its timeout){likely}"
        )
        if len(prepared.subjects) > 1:
            lines.append(f"  To know its curve is expected to save {one.worth_usd:,.2f} USD a month")
        lines += [f"  Note: {note}." for note in one.notes]
    lines += [f"Left out: {left.function}: {left.because}" for left in prepared.left_out]
    if prepared.subjects:
        lines.append("Each invocation is real: it writes, sends and deletes whatever the function does.")
    return lines


def write_page(tunings: Sequence[Tuning], out: str) -> None:
    """Write a page about tunes, whole or not at all."""
    from lambda_tailor import documents
    from lambda_tailor.report import html

    documents.write_file(out, (html.render_tunes(tunings).encode(),), "The report")
    print(f"Report: {out}", file=sys.stderr)


def show(tune_id: str, arguments: dict[str, Any]) -> int:
    """What a tune of the journal found, as it was shown then."""
    from lambda_tailor import api, documents
    from lambda_tailor.model.tuning import Tunings
    from lambda_tailor.report import tuning

    found = api.tune_of(tune_id, journal=arguments["journal"])
    as_json = session(**arguments).asked.as_json
    print(documents.dumps(Tunings(tunings=(found,))) if as_json else "\n".join(tuning.lines(found)))
    return DONE


def report(tune_id: str, arguments: dict[str, Any], out: str) -> int:
    """A page about a tune of the journal."""
    from lambda_tailor import api

    write_page((api.tune_of(tune_id, journal=arguments["journal"]),), out)
    return DONE


def clean_up(tune_id: str, arguments: dict[str, Any]) -> int:
    """Remove the copy that a killed tune left; resuming and rolling back a tune are the same: it keeps nothing."""
    from lambda_tailor import api

    asked = session(**arguments)
    removed = api.clean_up_tune(tune_id, **_kept(arguments), **asked.asked.connecting())
    print(f"The copy of {tune_id} was removed." if removed else f"{tune_id} left nothing behind.", file=sys.stderr)
    return DONE
