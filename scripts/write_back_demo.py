"""Deploys examples/terraform on the embedded AWS with the real Terraform, optimizes it, and writes that back.

python -m scripts.write_back_demo
Ends with what Terraform says of the edited source: No changes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from lambda_tailor.demo.emulator import Emulator

EXAMPLE = Path(__file__).parent.parent / "examples/terraform"
# Where Terraform itself looks for providers that are not to be downloaded.
# https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
_MIRRORS = ("~/.terraform.d/plugins", "~/.local/share/terraform/plugins", "/usr/share/terraform/plugins",
            "/usr/local/share/terraform/plugins", "/opt/tf-plugins", "/opt/terraform/plugins")  # fmt: skip


def mirror() -> Path | None:
    """A folder with Terraform's AWS provider, where the machine has one."""
    named = [os.environ[name] for name in ("TF_PLUGIN_MIRROR", "TF_PLUGIN_MIRROR_DIR") if os.environ.get(name)]
    for folder in (Path(name).expanduser() for name in (*named, *_MIRRORS)):
        if any(folder.glob("*/hashicorp/aws/*")):
            return folder
    return None


def environment(folder: Path, aws: Mapping[str, str]) -> dict[str, str]:
    """What Terraform is run with: the embedded AWS, and the provider from the machine where it has one."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_"))}
    found = mirror()
    configured = Path(os.environ.get("TF_CLI_CONFIG_FILE", "")).is_file()
    if found is not None and not configured:
        settings = folder / "terraform.rc"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{found}"\n  }}\n}}\n')
        inherited["TF_CLI_CONFIG_FILE"] = str(settings)
    elif not configured:
        inherited.pop("TF_CLI_CONFIG_FILE", None)
    return {**inherited, **aws, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def copy_of(example: Path, folder: Path) -> Path:
    """The example in a folder of its own, with its archive built."""
    source = folder / "shop"
    shutil.copytree(example, source, ignore=shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "build"))
    (source / "build").mkdir()
    with zipfile.ZipFile(source / "build/function.zip", "w") as archive:
        archive.write(source / "code/index.py", "index.py")
    return source


def main() -> int:
    """The exit code of the last step: 0 where Terraform has nothing left to change."""
    if shutil.which("terraform") is None:
        print("Terraform is not installed: https://developer.hashicorp.com/terraform/install", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="lambda-tailor-") as temporary, Emulator.start() as emulator:
        folder = Path(temporary)
        source = copy_of(EXAMPLE, folder)
        settings = environment(folder, emulator.environment())
        settings["LAMBDA_TAILOR_JOURNAL"] = f"sqlite:///{folder / 'journal.db'}"
        settings["LAMBDA_TAILOR_KEY_FILE"] = str(folder / "tailor.key")
        for command in _steps(source):
            print(f"\n$ {' '.join(command)}", flush=True)
            program = [sys.executable, "-m", "lambda_tailor"] if command[0] == "lambda-tailor" else [command[0]]
            code = subprocess.run([*program, *command[1:]], cwd=source, env=settings, check=False).returncode
            if code:
                return code
    return 0


def _steps(source: Path) -> Iterator[list[str]]:
    yield ["terraform", "init", "-no-color"]
    yield ["terraform", "apply", "-no-color", "-auto-approve", "-compact-warnings"]
    yield ["lambda-tailor", "apply", "--all", "--policy", "policy.yaml", "--auto-approve", "--quiet"]
    yield ["lambda-tailor", "write-back", "latest", "--source", "."]
    yield ["lambda-tailor", "write-back", "latest", "--source", ".", "--write"]
    yield ["terraform", "plan", "-no-color", "-detailed-exitcode"]


if __name__ == "__main__":
    sys.exit(main())
