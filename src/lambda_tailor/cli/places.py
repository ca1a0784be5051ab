"""Where in the repository a change is decided: the line of its rule in the policy file."""

from __future__ import annotations

from pathlib import Path

from lambda_tailor.policy.file import load_policy
from lambda_tailor.report.sarif import Places, in_the_policy


def policy_places(file: Path) -> Places:
    """Each change at its rule's line in the policy file, named from the working folder on.

    Raises PolicyError.
    """
    lines: dict[str, int] = {}
    for layer in load_policy(file).layers:
        lines |= {rule: layer.lines[rule] for rule in layer.rules if rule in layer.lines}
    try:
        name = file.resolve().relative_to(Path.cwd())
    except ValueError:
        name = Path(file.name)
    return in_the_policy(name.as_posix(), lines)
