"""Which process this is, told apart from every other: across machines, containers, restarts and reused numbers."""

from __future__ import annotations

import json
import os
import socket
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc")


@cache
def machine() -> str:
    """This boot of this machine and the processes that can be seen from here; empty where that cannot be known.

    Containers may share a host's name, its boot and even its process numbers: the namespace of
    process numbers tells them apart. https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
    """
    try:
        boot, namespace = _BOOT_ID.read_text().strip(), os.readlink(_PROCESSES / "self" / "ns" / "pid")
    except OSError:
        return ""
    return f"{boot} {namespace} {socket.gethostname()}"


def started(pid: int) -> str:
    """When a process of this machine began, in ticks since the boot; empty where there is none or nobody can tell.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    try:
        status = (_PROCESSES / str(pid) / "stat").read_text()
    except OSError:
        return ""
    # The second field is the program's name, in which anything may be; the twenty-second is the start.
    state, *fields = status.rpartition(")")[2].split()
    return "" if state in ("Z", "X") else fields[18]


def here() -> str:
    """This process, as the journal has it."""
    return json.dumps([machine(), os.getpid(), started(os.getpid())])


def is_over(process: str | None) -> bool:
    """Whether a process that the journal names is known to be over."""
    try:
        on_machine, pid, began = json.loads(process or "")
        return gone(str(on_machine), int(pid), str(began))
    except (ValueError, TypeError):
        return False


def gone(on_machine: str, pid: int, began: str) -> bool:
    """Whether a process is known to be over. Of another machine, or another container, nobody here can know."""
    if not on_machine or on_machine != machine():
        return False
    now = started(pid)
    return not now or (bool(began) and now != began)
