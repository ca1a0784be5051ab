"""A command as a whole process: wall time, CPU time, peak memory, exit code; and the calls that AWS saw."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_tailor.demo.strict.control import StrictControl


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
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    throttled = sum(status in (429, 503) for _, _, _, status in control.log())
    return Measured(
        wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, control.calls(), throttled
    )
