"""Writing: whole files or none, on a branch or in place, and never over work that is not committed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lambda_tailor.errors import BadInput
from lambda_tailor.writeback.service import Done, WriteBackOptions, write_back
from tests.unit.writeback.sources import function, lay, state, want

MAIN = 'resource "aws_lambda_function" "f" {\n  memory_size = 3008\n}\n'


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "t")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@example.com")
    lay(tmp_path, {"infra/main.tf": MAIN, "infra/terraform.tfstate": state(function("orders")), "other.txt": "1\n"})
    _git(tmp_path, "init", "-q", "-b", "main")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def _run(folder: Path, **given: object) -> Done:
    wanted = [want("orders", "memory_mb", 3008, 1024)]
    return write_back(wanted, WriteBackOptions(source=folder / "infra", **given))  # type: ignore[arg-type]


def test_by_default_there_is_a_diff_that_git_applies_and_nothing_is_written(repository: Path) -> None:
    done = _run(repository)
    assert _git(repository, "status", "--porcelain") == ""
    (repository / "found.diff").write_text(done.diff)
    _git(repository, "apply", "--directory=infra", "found.diff")
    assert "memory_size = 1024" in (repository / "infra/main.tf").read_text()


def test_write_edits_the_file_and_twice_changes_nothing(repository: Path) -> None:
    mode = (repository / "infra/main.tf").stat().st_mode
    assert _run(repository, write=True).complete
    assert (repository / "infra/main.tf").read_text() == MAIN.replace("3008", "1024")
    assert (repository / "infra/main.tf").stat().st_mode == mode
    again = _run(repository, write=True)
    assert again.diff == "" and len(again.document.already) == 1


def test_a_file_with_uncommitted_changes_is_not_written_without_force(repository: Path) -> None:
    (repository / "infra/main.tf").write_text(MAIN + "# mine\n")
    with pytest.raises(BadInput, match=r"main\.tf has uncommitted changes.*--force"):
        _run(repository, write=True)
    assert "3008" in (repository / "infra/main.tf").read_text()
    _run(repository, write=True, force=True)
    assert "1024" in (repository / "infra/main.tf").read_text()


def test_a_branch_gets_a_commit_and_the_work_tree_stays(repository: Path) -> None:
    (repository / "other.txt").write_text("not committed\n")
    (repository / "new.txt").write_text("untracked\n")
    before = _git(repository, "status", "--porcelain")
    done = _run(repository, branch="tailor")
    assert done.commit == _git(repository, "rev-parse", "tailor").strip()
    assert _git(repository, "status", "--porcelain") == before
    assert _git(repository, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
    assert _git(repository, "diff", "--name-only", "main", "tailor").strip() == "infra/main.tf"
    assert "memory_size = 1024" in _git(repository, "show", "tailor:infra/main.tf")
    assert "orders: memory_mb 3008 -> 1024" in _git(repository, "log", "-1", "--format=%B", "tailor")


@pytest.mark.parametrize("force", [False, True])
def test_what_git_ignores_is_never_committed(repository: Path, force: bool) -> None:
    """Variables with secrets are often such a file."""
    (repository / "infra/main.tf").write_text(MAIN.replace("3008", "var.memory") + 'variable "memory" {}\n')
    (repository / "infra/terraform.tfvars").write_text('memory = 3008\ntoken = "canary"\n')
    (repository / ".gitignore").write_text("*.tfvars\n")
    _git(repository, "add", ".")
    _git(repository, "commit", "-qm", "second")
    with pytest.raises(BadInput, match=r"git ignores terraform\.tfvars"):
        _run(repository, branch="tailor", force=force)
    assert _git(repository, "branch", "--list", "tailor") == ""
    assert _run(repository, write=True).complete
    assert "memory = 1024" in (repository / "infra/terraform.tfvars").read_text()


def test_a_branch_that_is_there_is_only_moved_by_force(repository: Path) -> None:
    _git(repository, "branch", "tailor")
    with pytest.raises(BadInput, match="already"):
        _run(repository, branch="tailor")
    assert _run(repository, branch="tailor", force=True).commit
    with pytest.raises(BadInput, match="checked out"):
        _run(repository, branch="main", force=True)


def test_a_branch_needs_a_repository(tmp_path: Path) -> None:
    lay(tmp_path, {"infra/main.tf": MAIN, "infra/terraform.tfstate": state(function("orders"))})
    with pytest.raises(BadInput, match="no git repository"):
        _run(tmp_path, branch="tailor")
    assert _run(tmp_path, write=True).complete


def test_what_the_policy_ignores_is_left(repository: Path) -> None:
    assert _run(repository, ignore=("memory*",)).diff == ""
    assert _run(repository, ignore=("bills:*",)).diff != ""


def test_a_missing_extra_is_one_sentence(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lambda_tailor.writeback.terraform import parser

    monkeypatch.setattr(parser, "_PARSER", [])
    monkeypatch.setitem(__import__("sys").modules, "tree_sitter_hcl", None)
    with pytest.raises(BadInput, match=r"pip install 'lambda-tailor\[write-back\]'"):
        _run(repository)
