"""A command as a whole process: wall time, CPU time, peak memory, exit code; and the calls that AWS saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_tailor.demo.strict.control import StrictControl

WITNESS = Path(__file__).with_name("witness.py")


@dataclass(frozen=True, slots=True)
class Measured:
    """Wall and CPU seconds, peak MB of the process itself, and calls by operation."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    exit_code: int
    calls: Counter[str]
    refused: int

    @property
    def total_calls(self) -> int:
        """All calls together."""
        return sum(self.calls.values())


def measure(command: Sequence[str], environment: Mapping[str, str], control: StrictControl, log: Path) -> Measured:
    """Run a command to its end; its output goes to ``log``."""
    control.reset()
    found = log.with_suffix(".json")
    with log.open("wb") as out:
        witness = [sys.executable, "-S", str(WITNESS), str(found), *command]
        subprocess.run(witness, env={**os.environ, **environment}, stdout=out, stderr=out, check=True)
    wall_s, cpu_s, peak_mb, exit_code = json.loads(found.read_text())
    throttled = sum(status in (429, 503) for _, _, _, status in control.log())
    return Measured(wall_s, cpu_s, peak_mb, exit_code, control.calls(), throttled)
