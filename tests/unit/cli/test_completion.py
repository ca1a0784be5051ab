"""Shell completion, in a real bash where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lambda_tailor.cli.commands import main

BASH = shutil.which("bash")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0 and "_LAMBDA_TAILOR_COMPLETE" in result.stdout


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["lambda-tailor", "ver"], {"verify"}),
        (["lambda-tailor", "policy", ""], {"check", "init", "schema"}),
        (["lambda-tailor", "rules", "dead"], {"dead-letter-queue"}),
        (["lambda-tailor", "plan", "--role"], {"--role-arn", "--role-arns"}),
    ],
)
def test_bash_completes(typed: list[str], offered: set[str], tmp_path: Path) -> None:
    program = tmp_path / "lambda-tailor"
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from lambda_tailor.cli.commands import main; main()" "$@"\n'
    )
    program.chmod(0o755)
    words = " ".join(f"'{word}'" for word in typed)
    script = f"""
        eval "$(lambda-tailor completion bash)"
        COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}
        _lambda_tailor_completion lambda-tailor
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert BASH is not None
    done = subprocess.run([BASH, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == offered, done.stderr
