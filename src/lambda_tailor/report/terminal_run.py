"""A run, all runs and a verification in the terminal: what changed, failed or differs; the rest is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from lambda_tailor.model.rollout import RolloutStatus
from lambda_tailor.model.run import CheckedSetting, Outcome, Run, Runs, Status, Verification
from lambda_tailor.model.tuning import TuneOverview
from lambda_tailor.report import rollout as words
from lambda_tailor.report.outcomes import End, end_of
from lambda_tailor.report.texts import clean, count, duration, minute, sentence, value
from lambda_tailor.report.writer import Writer

# So many changes are named; of more, how many by rule.
NAMED = 20
# So many that failed for one reason are told in one line, with the names of so many functions.
ALIKE, _NAMES = 3, 3
_MARKS = {
    End.FAILED: "!", End.NOT_REACHED: "?", End.GONE_BACK: "<", End.BLOCKED: "x", End.IN_PLACE: "~",
    End.PUT_BACK: "~", End.UNCHANGED: "=",
}  # fmt: skip
_WORDS = {
    End.IN_PLACE: "changed", End.PUT_BACK: "put back", End.UNCHANGED: "as they were", End.BLOCKED: "blocked",
    End.GONE_BACK: "gone back", End.FAILED: "failed", End.NOT_REACHED: "not reached",
}  # fmt: skip
_BAD = (End.FAILED, End.GONE_BACK, End.NOT_REACHED)


def write_run(run: Run, to: Writer, *, verbose: bool, quiet: bool) -> None:
    """A run: what it changed, its counts, what failed, and what to type next."""
    ended = [(outcome, end_of(outcome, run)) for outcome in run.outcomes]
    counts = Counter(end for _, end in ended)
    to.line()
    if verbose:
        _each(ended, to)
    elif not quiet:
        _changed([outcome for outcome, end in ended if end in (End.IN_PLACE, End.PUT_BACK)], to)
    told = ", ".join(f"{counts[end]:,} {word}" for end, word in _WORDS.items() if counts[end]) or "nothing to change"
    done = counts[End.IN_PLACE] + counts[End.PUT_BACK]
    plain = run.status in (Status.SUCCEEDED, Status.FAILED) or counts[End.GONE_BACK]
    state = "" if plain else f" {_state(run.status)};"
    if not quiet:
        to.line(f"Successes: {done:,}, failures: {counts[End.FAILED]:,}")
    to.line(f"Run {run.run_id}:{state} {told}{_took(run)}.", "bold")
    for rollout in run.rollouts:
        to.line(f"  {words.ended(rollout)}")
    _bad([(o, e) for o, e in ended if e in _BAD], to, run_id=run.run_id, named=NAMED)
    _next(run, counts, to)


def _state(status: Status) -> str:
    return {Status.ROLLED_BACK: "rolled back since"}.get(status, status.value)


def _each(ended: Sequence[tuple[Outcome, End]], to: Writer) -> None:
    before = None
    for outcome, end in ended:
        if (where := (outcome.function, outcome.account_id, outcome.region)) != before:
            to.line(f"  {outcome.function} ({outcome.account_id}, {outcome.region})", "bold")
            before = where
        detail = f" ({outcome.detail})" if outcome.detail else ""
        to.line(
            f"    {_MARKS[end]} {_WORDS[end]:<12} {_step(outcome)}{detail}", "bold red" if end is End.FAILED else ""
        )


def _changed(outcomes: Sequence[Outcome], to: Writer) -> None:
    if len(outcomes) <= NAMED:
        for outcome in outcomes:
            to.line(f"  ~ {outcome.function} {_step(outcome)}")
        return
    by_rule = Counter(outcome.rule for outcome in outcomes)
    for rule, number in by_rule.most_common():
        functions = len({(o.account_id, o.region, o.function) for o in outcomes if o.rule == rule})
        to.line(f"  ~ {rule:<22} {count(number, 'change'):>14} in {count(functions, 'function')}")


def _bad(ended: Sequence[tuple[Outcome, End]], to: Writer, *, run_id: str, named: int) -> None:
    """What failed, by name, and once what many have in common; what was not reached 'resume' does, and is counted."""
    groups: dict[tuple[End, str], list[Outcome]] = {}
    for outcome, end in ended:
        if end is not End.NOT_REACHED:
            groups.setdefault((end, outcome.detail), []).append(outcome)
    shown = left = 0
    for (end, detail), outcomes in groups.items():
        alike = detail and len(outcomes) >= ALIKE
        lines = [_together(outcomes)] if alike else [f"{o.function} {_step(o)}" for o in outcomes]
        for line in lines:
            if shown >= named:
                left += len(outcomes) if alike else 1
                continue
            shown += 1
            style = "bold red" if end is End.FAILED else "yellow"
            to.line(f"  {_MARKS[end]} {line}{f': {detail}' if detail else ''}", style)
    if left:
        to.line(f"  ... {left:,} more: lambda-tailor runs {run_id} -v")


def _together(outcomes: Sequence[Outcome]) -> str:
    """Changes that ended alike, with the names of a few of their functions."""
    names = list(dict.fromkeys(outcome.function for outcome in outcomes))
    more = ", ..." if len(names) > _NAMES else ""
    changes, functions = count(len(outcomes), "change"), count(len(names), "function")
    return f"{changes} in {functions} ({', '.join(names[:_NAMES])}{more})"


def _next(run: Run, counts: Counter[End], to: Writer) -> None:
    rolling = any(rollout.status is RolloutStatus.RUNNING for rollout in run.rollouts)
    open_ = run.status is Status.INTERRUPTED or counts[End.NOT_REACHED] or rolling
    if open_:
        to.line(f"Go on: lambda-tailor resume {run.run_id}")
    elif counts[End.FAILED]:
        to.line(f"Again: lambda-tailor resume {run.run_id}")
    # What was put back cannot be put back again.
    if run.of_run is None and run.status is not Status.ROLLED_BACK and (counts[End.IN_PLACE] or open_):
        to.line(f"Undo:  lambda-tailor rollback {run.run_id}")


def _took(run: Run) -> str:
    if run.finished_at is None:
        return ""
    try:
        took = datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)
    except (ValueError, TypeError):
        return ""
    return f" in {duration(took.total_seconds())}"


def _step(outcome: Outcome) -> str:
    before, after = value(outcome.setting, outcome.before), value(outcome.setting, outcome.after)
    return f"{outcome.setting}: {after}" if before == after else f"{outcome.setting}: {before} -> {after}"


def write_runs(runs: Runs, to: Writer) -> None:
    """One line for each run, oldest first."""
    for text in words.unfinished_lines(runs.unfinished):
        to.line(text, "bold yellow")
    for note in runs.notes:
        to.line(f"! {sentence(note)}", "bold red")
    for tune in runs.tunes:
        to.line(_tune(tune))
    if not runs.runs and not runs.tunes:
        to.line("No run yet.")
    for run in runs.runs:
        s = run.summary
        undoes = f" undoes {run.of_run}" if run.of_run else ""
        rest = ((s.unchanged, "as they were"), (s.blocked, "blocked"), (s.failed, "failed"))
        counts = ", ".join(f"{n:,} {said}" for n, said in ((s.applied + s.rolled_back, "changed"), *rest) if n)
        at = minute(run.started_at)
        to.line(f"{run.run_id}  {at}  {run.status.value:<11}  {counts or 'nothing changed'}  {run.user}{undoes}")


def _tune(tune: TuneOverview) -> str:
    """One line for a tune; of one that was cut short, what removes its copy."""
    said = "nothing was kept"
    if tune.copy is not None:
        said = f"its copy may be there: lambda-tailor rollback {tune.tune_id}"
        if tune.status == "running":
            said = f"measures {tune.copy}"
    elif tune.status == "succeeded":
        said = "no size will do" if tune.chosen_mb is None else f"{tune.chosen_mb} MB"
    return clean(
        f"{tune.tune_id}  {minute(tune.started_at)}  {tune.status:<11}  {tune.function} ({tune.region}): {said}"
    )


def write_verification(verification: Verification, to: Writer, *, verbose: bool) -> None:
    """How many functions are as the policy wants, and each setting that is not."""
    settings = verification.settings
    differing = [setting for setting in settings if not setting.matches]
    functions, wrong = _functions(settings), _functions(differing)
    if verbose:
        for setting in settings:
            if setting.matches:
                to.line(f"  = {setting.function} {setting.setting}: {value(setting.setting, setting.actual)}")
    good = len(functions) - len(wrong)
    verb = "is" if len(functions) == 1 else "are"
    rest = f"; {len(wrong):,} differ{'s' if len(wrong) == 1 else ''}" if wrong else ""
    unread = verification.summary.unverified
    missing = f" {count(unread, 'target')} could not be read." if unread else ""
    told = f"{good:,} of {count(len(functions), 'function')} {verb} as the policy wants{rest}."
    to.line(f"{told} {count(len(settings), 'setting')} looked at, {len(differing):,} differ.{missing}", "bold")
    for setting in differing:
        expected, actual = value(setting.setting, setting.expected), value(setting.setting, setting.actual)
        detail = f" ({setting.detail})" if setting.detail else ""
        to.line(f"  ~ {setting.function} {setting.setting}: wanted {expected}, is {actual}{detail}", "yellow")


def _functions(settings: Iterable[CheckedSetting]) -> set[tuple[str, str, str]]:
    return {(s.account_id, s.region, s.function) for s in settings}
