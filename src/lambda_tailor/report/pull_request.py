"""A pull request's title, body and labels, from a plan and what was written back of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lambda_tailor.model.plan import Plan
from lambda_tailor.planning.summing import summarize
from lambda_tailor.report import markdown
from lambda_tailor.report.figures import figures_of
from lambda_tailor.report.sentences import net_words
from lambda_tailor.writeback.model import NotEdited, WriteBack, by_cause, functions_of

# GitHub refuses a body of more than 65,536 characters; what was not written takes its part of it.
_REPORT = 50_000
_MOST_LEFT = 60
# So many functions are named of those that were not written for one reason.
_NAMES = 5
LABEL = "lambda-tailor"


def title(plan: Plan, document: WriteBack) -> str:
    """One line: how many functions, and the net a month."""
    functions = len({edit.function for edit in document.edits})
    what = "1 Lambda function to its" if functions == 1 else f"{functions} Lambda functions to their"
    return f"Fit {what} load: {net_words(figures_of(_part(plan, document)).net)}"


def _part(plan: Plan, document: WriteBack) -> Plan:
    """The part of the plan that the pull request has: what else is pending is not its merit, nor its risk."""
    settings = {(edit.function, edit.setting) for edit in document.edits}
    names = {name for name, _ in settings}
    functions = tuple(
        replace(f, changes=tuple(c for c in f.changes if not c.pending or (f.name, c.setting) in settings))
        for f in plan.functions
        if f.name in names
    )
    return replace(plan, functions=functions, summary=summarize(functions))


def body(plan: Plan, document: WriteBack) -> str:
    """The Markdown report, and before it what a reviewer has to know of the edits."""
    return "\n".join([*_head(document), "", markdown.render(_part(plan, document), limit=_REPORT)])


def labels(plan: Plan, document: WriteBack) -> list[str]:
    """The program's own, and one for the highest risk among the changes that were written."""
    order = ("none", "low", "medium", "high")
    risks = [change.risk.value for _, change in _part(plan, document).pending()]
    worst = max(risks, key=order.index, default="none")
    return [LABEL, f"risk: {worst}"]


def _head(document: WriteBack) -> Iterator[str]:
    files = len({edit.file for edit in document.edits})
    yield f"{len(document.edits)} settings in {files} {'file' if files == 1 else 'files'}, written by lambda-tailor."
    for edit in document.edits:
        if edit.also_changes:
            others = ", ".join(f"`{_safe(change)}`" for change in edit.also_changes)
            yield f"- `{_safe(edit.file)}:{edit.line}` also changes {others}"
    if document.not_edited:
        yield f"\n**Not written ({len(document.not_edited)}):**\n"
        causes = by_cause(document.not_edited)
        yield from map(_left, causes[:_MOST_LEFT])
        more = sum(map(len, causes[_MOST_LEFT:]))
        if more > 0:
            yield f"- and {more} more"
    for own in document.to_own:
        yield f"\nApplying the plan makes `{_safe(own.resource)}`; for the source to own it:\n"
        yield f"```hcl\n{own.block}\n```"
    for note in document.notes:
        yield f"\n> {_safe(note)}"


def _left(those: Sequence[NotEdited]) -> str:
    left = those[0]
    place = f"`{_safe(left.file)}:{left.line}` " if left.file else ""
    if len(those) == 1:
        return f"- {place}{_safe(left.function)} {left.setting}: {_safe(left.because)}"
    return f"- {_safe(functions_of(those, _NAMES))}, {len(those)} settings: {_safe(left.because)}"


def _safe(text: object) -> str:
    """On one line, and nothing in it is markup."""
    return " ".join(str(text).split()).replace("`", "'").replace("<", "&lt;").replace("|", "\\|")
