"""Runs the steps of action.yml as a runner of GitHub's does: expressions, variables and bash for real, gh a stub."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.integration.warm import CLIENT

ROOT = Path(__file__).parents[2]
ACTION = YAML(typ="safe").load((ROOT / "action.yml").read_text())
REPOSITORY = "shop/infra"
TOKEN = "writing-token"
# Without the right to write, as on a pull request from a fork.
READS_ONLY = "reads-only"
# A venv of its own for each run would take a minute; what is installed in it is written down instead. The program is
# forked from one that has everything imported.
PYTHON = f"""#!/bin/bash
if [ "$1 $2" != "-m venv" ]; then exec {sys.executable} "$@"; fi
mkdir -p "$3/bin"
ln -sf {sys.executable} "$3/bin/python"
printf '#!/bin/bash\\necho "$@" >> "$RUNNER_TEMP/pip.log"\\n[[ "$*" != *check || -z "$UNFIT" ]]\\n' > "$3/bin/pip"
printf '#!/bin/bash\\necho "$1" >> "$RUNNER_TEMP/tailor.log"\\n' > "$3/bin/lambda-tailor"
printf 'exec {sys.executable} -I -S "$WARM.py" "$WARM" "$@"\\n' >> "$3/bin/lambda-tailor"
chmod +x "$3/bin/pip" "$3/bin/lambda-tailor"
"""


@dataclass
class Ran:
    """How a run of the action ended: ``step`` is the one that failed, if one did."""

    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""
    step: str | None = None
    uploaded: list[str] = field(default_factory=list)


@contextmanager
def warm(folder: Path) -> Iterator[Path]:
    """The socket of a process that starts the program; beside it what stands in for the program's command."""
    path = folder / "warm"
    path.with_suffix(".py").write_text(CLIENT)
    serving = subprocess.Popen([sys.executable, "-m", "tests.integration.warm", str(path)], cwd=ROOT)
    try:
        until = time.monotonic() + 60
        while not path.exists():
            assert serving.poll() is None and time.monotonic() < until, "the program was not imported"
            time.sleep(0.02)
        yield path
    finally:
        serving.terminate()
        serving.wait()


class Runner:
    """A job's machine: a work tree, a folder for temporary files, and GitHub behind a stub of gh."""

    def __init__(self, folder: Path, warm: Path) -> None:
        self.folder = folder
        self.warm = warm
        self.unfit = ""
        self.work = folder / "work"
        self.work.mkdir()
        self.github = folder / "github.json"
        self.github.write_text(json.dumps({"comments": [], "pulls": [], "labels": []}))
        self.remote = folder / "remote.git"
        (folder / "bin").mkdir()
        for name, text in (("python", PYTHON), ("gh", f"#!{sys.executable}\n" + GH.read_text())):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

    @property
    def state(self) -> dict[str, Any]:
        """What GitHub knows: comments, pulls, labels."""
        found: dict[str, Any] = json.loads(self.github.read_text())
        return found

    def keep(self, **changed: Any) -> None:
        self.github.write_text(json.dumps({**self.state, **changed}))

    def refuse_packages(self) -> None:
        """From now on, pip finds that what is installed does not fit together."""
        self.unfit = "yes"

    def run(self, event: dict[str, Any] | None = None, token: str = TOKEN, **inputs: str) -> Ran:
        """All steps in order until one fails, in a fresh folder for temporary files."""
        temp = self.folder / "temp"
        shutil.rmtree(temp, ignore_errors=True)
        temp.mkdir()
        github = {"event": event or {}, "token": token, "ref_name": "main", "head_ref": ""}
        context: dict[str, Any] = {
            "github": {**github, "action_path": str(ROOT)},
            "runner": {"temp": str(temp)},
            "steps": {},
        }
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        context["inputs"] = {
            name: given.get(name, evaluated(str(said.get("default", "")), context))
            for name, said in ACTION["inputs"].items()
        }
        assert set(given) <= set(ACTION["inputs"])
        ran = Ran()
        for step in ACTION["runs"]["steps"]:
            if "if" in step and value(step["if"], context) in ("", "false", False):
                continue
            if "uses" in step:
                self._uses(step, context, ran)
                continue
            outputs, code = self._step(step, context, temp, ran)
            context["steps"][step.get("id", "")] = {"outputs": outputs}
            if code:
                ran.step = step.get("id", "last")
                break
        ran.outputs = {name: evaluated(said["value"], context) for name, said in ACTION["outputs"].items()}
        return ran

    def _uses(self, step: dict[str, Any], context: dict[str, Any], ran: Ran) -> None:
        if step["uses"].startswith("actions/upload-artifact@"):
            files = evaluated(step["with"]["path"], context).split()
            assert all(Path(file).is_file() for file in files), files
            ran.uploaded = [evaluated(step["with"]["name"], context), *(Path(file).name for file in files)]

    def _step(self, step: dict[str, Any], context: dict[str, Any], temp: Path, ran: Ran) -> tuple[dict[str, str], int]:
        out, summary = temp / "output", temp / "summary"
        out.write_text("")
        summary.write_text("")
        variables = {name: evaluated(str(said), context) for name, said in step.get("env", {}).items()}
        environment = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(temp),
            "GITHUB_OUTPUT": str(out),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_RUN_ID": "7",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.com",
            "STUB_GITHUB": str(self.github),
            "WARM": str(self.warm),
            "UNFIT": self.unfit,
            # The one push goes to a repository beside.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{self.remote}.insteadOf",
            "GIT_CONFIG_VALUE_0": f"https://x-access-token:{TOKEN}@github.com/{REPOSITORY}",
            **variables,
        }
        script = temp / "step.sh"
        script.write_text(step["run"])
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(
            command, cwd=self.work, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        ran.log += done.stdout + done.stderr
        ran.summary += summary.read_text()
        pairs = (line.partition("=") for line in out.read_text().splitlines())
        return {name: said for name, _, said in pairs}, done.returncode


GH = Path(__file__).with_name("stub_gh.py")


def evaluated(text: str, context: dict[str, Any]) -> str:
    """The text with its expressions carried out."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(value(found[1], context)), text)


def value(expression: str, context: dict[str, Any]) -> Any:
    """An expression of ``||``, ``&&``, ``==``, ``!=``, literals and paths; what is not there is empty."""
    parts = [part.strip() for part in expression.split("||")]
    if len(parts) > 1:
        return next((found for part in parts if (found := value(part, context)) not in ("", False)), "")
    parts = [part.strip() for part in expression.split("&&")]
    if len(parts) > 1:
        return all(value(part, context) not in ("", False) for part in parts)
    if compared := re.fullmatch(r"(.+?)\s*(==|!=)\s*(.+)", expression.strip()):
        one, other = (str(value(part, context)).lower() for part in (compared[1], compared[3]))
        return (one == other) == (compared[2] == "==")
    name = expression.strip()
    if name.startswith("'") or name in ("true", "false"):
        return name.strip("'")
    assert re.fullmatch(r"[a-z_]+(\.[A-Za-z_-]+)+", name), f"not understood: {expression}"
    found: Any = context
    for key in name.split("."):
        found = found.get(key, "") if isinstance(found, dict) else ""
    return found
