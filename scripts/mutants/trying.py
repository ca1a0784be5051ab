"""One guard taken out of a copy of the program, and its tests run against what is left."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from scripts.mutants.guard import Guard

ROOT = Path(__file__).parents[2]
KILLED, SURVIVED, NOT_TRIED = "killed", "SURVIVED", "NOT TRIED"
# pytest's exit codes: https://docs.pytest.org/en/stable/reference/exit-codes.html
_GREEN, _RED = 0, 1
_MOST_S = 600
# That it is red is all that is asked: no smaller example is looked for.
UNSHRUNK = "LAMBDA_TAILOR_UNSHRUNK"
_ENDS_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it, after how many seconds; ``said`` is the end of what pytest printed."""

    came: str
    seconds: float
    said: str = ""


def mutated(guard: Guard, source: Path) -> bool:
    """Whether the guard stands where it should, and is out now."""
    for edit in guard.edits:
        file = source / "lambda_tailor" / edit.file
        text = file.read_text()
        if text.count(edit.old) != 1:
            return False
        file.write_text(text.replace(edit.old, edit.new))
    return True


def tried(guard: Guard, *, whole: bool = False) -> Tried:
    """Whether the guard's tests turn red without it; ``whole`` leaves it in, and they have to be green."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        # The reference stack lies beside the package, and is looked for there.
        for each in ("src", "lib"):
            shutil.copytree(ROOT / each, Path(folder) / each, ignore=shutil.ignore_patterns("__pycache__"))
        if not whole and not mutated(guard, source):
            return Tried(NOT_TRIED, 0.0, "the guard does not stand where it is said to")
        report = Path(folder) / "report.xml"
        code, said = _run(guard, source, report)
        return Tried(_came(code, report), time.monotonic() - began, said)


def _run(guard: Guard, source: Path, report: Path) -> tuple[int | None, str]:
    """The exit code of pytest, None where it did not end; and what it said last."""
    path = f"{source} {source.with_name('lib')} {ROOT}"
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", "--show-capture=no", "-o",
        f"pythonpath={path}", "-o", "junit_family=xunit1", f"--junitxml={report}", *shlex.split(guard.tests),
    ]  # fmt: skip
    environment = {
        **os.environ, "PYTHONPATH": path.replace(" ", os.pathsep), "PYTHONDONTWRITEBYTECODE": "1", UNSHRUNK: "1",
    }  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=_MOST_S)
        except subprocess.TimeoutExpired:
            # So that it ends what it has started; only then the hard way.
            process.send_signal(signal.SIGINT)
            try:
                said, _ = process.communicate(timeout=_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                said, _ = process.communicate()
            return None, said[-3000:]
    return process.returncode, said[-3000:]


def _came(code: int | None, report: Path) -> str:
    """Red only where a test itself failed: one that could not begin shows nothing, nor does one that was skipped."""
    if code not in (_GREEN, _RED) or not report.is_file():
        return NOT_TRIED
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - pytest wrote it a moment ago
    failed = any(case.find("failure") is not None for case in cases)
    ran = any(all(case.find(each) is None for each in ("skipped", "error", "failure")) for case in cases)
    if code == _RED:
        return KILLED if failed else NOT_TRIED
    return SURVIVED if ran else NOT_TRIED
