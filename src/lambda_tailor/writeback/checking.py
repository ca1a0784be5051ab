"""What the deployment's own tool says of the source: Terraform's plan, and the linters of templates."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.files import Tree
from lambda_tailor.writeback.model import Check

# A plan reads everything in the state from AWS.
_WITHIN_S = 1800


def check(
    tree: Tree, texts: Mapping[str, bytes], roots: Sequence[Path], *, written: bool, state: Path | None = None,
    var_files: Sequence[Path] = (),
) -> list[Check]:  # fmt: skip
    """What is left after the edits. Where they are not ``written``, a copy of the folder has them."""
    with _with_edits(tree, texts, written=written) as folder:
        found = [
            _terraform(folder / root.relative_to(tree.root), state, var_files, tree.key(root))
            for root in roots
            if root.is_relative_to(tree.root)
        ]
        templates = [
            f for f in texts if f.endswith((".yaml", ".yml", ".json", ".template")) and b"Resources" in texts[f]
        ]
        linted = [_lint(folder, file) for file in templates if shutil.which("cfn-lint")]
        return [*found, *linted, *(_validate(folder, file) for file in templates if shutil.which("sam"))]


@contextmanager
def _with_edits(tree: Tree, texts: Mapping[str, bytes], *, written: bool) -> Iterator[Path]:
    if written:
        yield tree.root
        return
    with tempfile.TemporaryDirectory(prefix="lambda-tailor-") as temporary:
        folder = Path(temporary).resolve() / "source"
        shutil.copytree(tree.root, folder, symlinks=True, ignore=_left_out)
        for providers in tree.root.rglob(".terraform/providers"):
            (folder / providers.relative_to(tree.root)).symlink_to(providers)
        for file, text in texts.items():
            (folder / file).write_bytes(text)
        yield folder


def _left_out(folder: str, names: list[str]) -> list[str]:
    """Only what the deployment reads is copied; providers are hundreds of megabytes, and the copy leads to them."""
    in_terraform = Path(folder).name == ".terraform"
    hidden = [name for name in names if name.startswith(".") and not name.startswith(".terraform")]
    large = ["node_modules", *(["providers"] if in_terraform else [])]
    return [name for name in names if name in large or name in hidden or name.endswith(".tfstate.lock.info")]


def _terraform(root: Path, state: Path | None, var_files: Sequence[Path], name: str) -> Check:
    """``terraform plan -detailed-exitcode``: what it would still change."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        raise BadInput("Neither terraform nor tofu is installed: leave out --check, or run it where one is.")
    tool = f"{Path(program).name} plan"
    arguments = ["plan", "-detailed-exitcode", "-input=false", "-lock=false", "-json"]
    if state is not None and not (root / ".terraform/terraform.tfstate").is_file():
        arguments.append(f"-state={state.resolve()}")
    arguments += [f"-var-file={path.resolve()}" for path in var_files]
    run = _run([program, *arguments], root)
    left = list(dict.fromkeys(_told(run.stdout)))
    if run.returncode not in (0, 2):
        because = (
            left[0] if left else (run.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[0]
        )
        raise BadInput(f"{tool} fails in {name}: {because}: run terraform init there first if you have not.")
    return Check(tool=tool, folder=name, clean=run.returncode == 0, left=tuple(left))


def _told(output: bytes) -> Iterator[str]:
    """https://developer.hashicorp.com/terraform/internals/machine-readable-ui"""
    for line in output.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        kind = message.get("type")
        if kind == "planned_change":
            change = message.get("change") or {}
            yield f"{change.get('action')} {(change.get('resource') or {}).get('addr')}"
        elif kind == "outputs":
            changed = (
                name for name, o in (message.get("outputs") or {}).items() if o.get("action") not in (None, "noop")
            )
            yield from (f"output {name}" for name in changed)
        elif kind == "diagnostic" and message.get("@level") == "error":
            yield str((message.get("diagnostic") or {}).get("summary"))


def _lint(folder: Path, file: str) -> Check:
    run = _run(["cfn-lint", "--non-zero-exit-code", "error", "--format", "parseable", file], folder)
    lines = run.stdout.decode(errors="replace").splitlines()
    # file:line:column:line:column:rule:text
    left = [f"{p[0]}:{p[1]} {p[6]}" for p in (line.split(":", 6) for line in lines) if len(p) == 7 and p[5][:1] == "E"]
    return Check(tool="cfn-lint", folder=file, clean=run.returncode == 0, left=tuple(left))


def _validate(folder: Path, file: str) -> Check:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-validate.html"""
    run = _run(["sam", "validate", "--lint", "--template", file], folder)
    left = run.stderr.decode(errors="replace").strip().splitlines()[-1:] if run.returncode else []
    return Check(tool="sam validate", folder=file, clean=run.returncode == 0, left=tuple(left))


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_WITHIN_S, check=False,
            env={**os.environ, "TF_IN_AUTOMATION": "1"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(f"{Path(command[0]).name} did not end: run it by hand in {folder}.") from error
