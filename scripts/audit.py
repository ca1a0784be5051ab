"""Known vulnerabilities of what is locked: python -m scripts.audit.

Where no advisories can be had it says so, and passes.
pip-audit lives in an environment of its own, so that what it needs is not taken for what we need.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable

from scripts.locked import LOCK, ROOT, locked

# https://google.github.io/osv.dev/api/
ADVISORIES = "https://api.osv.dev/v1/vulns/PYSEC-2023-228"
ASKED_FOR_S = 10.0
INSTALLED_WITHIN_S, AUDITED_WITHIN_S = 120, 300
_TOOL = "pip-audit==2.10.1"


def unreachable(url: str = ADVISORIES, within_s: float = ASKED_FOR_S) -> str | None:
    """Why there are no advisories to be had from here; None where there are."""
    try:
        with urllib.request.urlopen(url, timeout=within_s) as answer:  # noqa: S310 - ours
            answer.read(1)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        return str(getattr(error, "reason", error))
    return None


def audit(reached: Callable[[], str | None] = unreachable) -> int:
    """The exit code: 0 where nothing is known against it or nothing can be known, 1 otherwise."""
    because = reached()
    if because is not None:
        print(f"audit: skipped, no advisories can be had here ({because})")
        return 0
    folder = ROOT / ".venv-audit"
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=60)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", _TOOL]
        subprocess.run(install, check=True, timeout=INSTALLED_WITHIN_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"audit: skipped, {_TOOL} could not be installed ({error})")
        return 0
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        # The advisories go by name and version; the hashes are pip's to check.
        pins.write("".join(f"{each.name}=={each.version}\n" for each in locked(LOCK.read_text()).values()))
        pins.flush()
        command = [str(folder / "bin" / "pip-audit"), "--requirement", pins.name, "--no-deps", "--disable-pip"]
        try:
            return subprocess.run([*command, "--vulnerability-service", "osv"], timeout=AUDITED_WITHIN_S).returncode
        except subprocess.TimeoutExpired:
            print(f"audit: skipped, no answer about all packages within {AUDITED_WITHIN_S} s")
            return 0


if __name__ == "__main__":
    sys.exit(audit())
