"""The program in a process of its own, forked from one that has imported everything: a start takes milliseconds.

``python -m tests.integration.warm SOCKET`` waits on a socket; what stands in for the command hands over its arguments,
folder, environment and standard streams, and ends with the code that the program ends with.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

# What starts of the program import, one or the other.
_IMPORTED = (
    "lambda_tailor.api", "lambda_tailor.applying.runner", "lambda_tailor.planning.workflow",
    "lambda_tailor.report.html", "lambda_tailor.report.sarif", "lambda_tailor.report.markdown",
    "lambda_tailor.writeback.engine", "alembic.command", "sqlalchemy",
    "boto3", "cryptography.fernet", "tree_sitter_hcl",
)  # fmt: skip
_STREAMS = 3
# As short as it can be: it is all that a start costs.
CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as to:
    to.connect(sys.argv[1])
    asked = {"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}
    socket.send_fds(to, [json.dumps(asked).encode()], [0, 1, 2])
    to.shutdown(socket.SHUT_WR)
    sys.exit(int(to.makefile().read() or 70))
"""


def serve(path: str) -> None:
    """Fork for each that connects, until it is ended."""
    from lambda_tailor.cli.commands import main
    from lambda_tailor.rules import all_rules

    for name in _IMPORTED:
        importlib.import_module(name)
    all_rules()
    # Who ends is nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            connected, _ = listening.accept()
            with connected:
                if not os.fork():
                    listening.close()
                    _run(main, connected)


def _run(main: Callable[..., Any], connected: socket.socket) -> NoReturn:
    code = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        said, streams, _, _ = socket.recv_fds(connected, 1 << 20, _STREAMS)
        while chunk := connected.recv(1 << 20):
            said += chunk
        asked = json.loads(said)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        code = _ended(main, asked["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
        connected.sendall(str(code).encode())
    finally:
        os._exit(code)


def _ended(main: Callable[..., Any], arguments: list[str]) -> int:
    sys.argv = ["lambda-tailor", *arguments]
    try:
        main(arguments)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
