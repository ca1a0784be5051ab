"""Runs a command and writes down its wall and CPU seconds, peak MB and exit code: witness.py FILE COMMAND...

A small process of its own: a command's peak memory is never less than that of the process which starts it.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    file, *command = sys.argv[1:]
    began = time.monotonic()
    code = subprocess.call(command, stdin=subprocess.DEVNULL)
    wall_s = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(file).write_text(json.dumps([wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, code]))
