"""The embedded AWS: an emulator that really runs functions, behind the strict layer, on free loopback ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from lambda_tailor.demo.strict.control import StrictControl
from lambda_tailor.demo.strict.signature import ROOT_SECRET
from lambda_tailor.errors import TailorError

ACCOUNT = "123456789012"
REGION = "us-east-1"
READY_WITHIN_S = 30.0
# On AWS a minute, for which nobody here waits.
QUEUE_REST_S = 1.0


class EmulatorError(TailorError):
    """The embedded AWS did not start."""


@dataclass(slots=True)
class Emulator:
    """A running embedded AWS. ``endpoint_url`` is where AWS is; ``backend_url`` the emulator without the layer."""

    endpoint_url: str
    backend_url: str
    folder: Path
    processes: list[subprocess.Popen[bytes]]

    @classmethod
    def start(
        cls,
        *,
        quota_scale: float = 1.0,
        auth: bool = False,
        account_concurrency: int = 1000,
        queue_rest_s: float = QUEUE_REST_S,
    ) -> Emulator:
        """Start emulator and layer.

        ``quota_scale`` multiplies AWS's request quotas (0: none). ``queue_rest_s`` is how long the name of a deleted
        queue is not free again. ``auth`` checks signatures and enforces
        IAM policies; the account's own key is its root and may do all.
        Raises EmulatorError.
        """
        folder = Path(tempfile.mkdtemp(prefix="lambda-tailor-"))
        backend_port, port = _free_port(), _free_port()
        backend_url, url = f"http://127.0.0.1:{backend_port}", f"http://127.0.0.1:{port}"
        emulator = cls(url, backend_url, folder, [])
        settings = {
            "GATEWAY_PORT": str(backend_port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR", "TMPDIR": str(folder),
            "LAMBDA_ACCOUNT_CONCURRENCY": str(account_concurrency), "AUTH": "true" if auth else "false",
            "S3_DATA_DIR": str(folder / "s3"), "MINISTACK_HOST": "127.0.0.1",
        }  # fmt: skip
        try:
            emulator._spawn("emulator", ["-m", "ministack"], settings)
            emulator._wait(f"{backend_url}/_ministack/health")
            layer = ["-m", "lambda_tailor.demo.strict", "--backend", backend_url, "--port", str(port)]
            emulator._spawn("layer", [*layer, "--quota-scale", str(quota_scale), "--queue-rest", str(queue_rest_s)], {})
            emulator._wait(f"{url}/_strict/state")
        except BaseException:
            emulator.stop()
            raise
        return emulator

    @property
    def control(self) -> StrictControl:
        """The layer's control channel."""
        return StrictControl(self.endpoint_url)

    def environment(self, account: str = ACCOUNT, region: str = REGION) -> Mapping[str, str]:
        """The standard AWS settings that lead here; the access key id is the account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url, "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def stop(self) -> None:
        """End both processes and remove their files."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _spawn(self, name: str, arguments: list[str], settings: Mapping[str, str]) -> None:
        # The user's own AWS settings must not reach the emulator, nor its functions.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**inherited, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                # Ctrl-C in the terminal is for the program, which then ends these two itself.
                start_new_session=True,
            )
        self.processes.append(process)

    def _wait(self, url: str) -> None:
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            if self.processes[-1].poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        log = "\n".join(file.read_text(errors="replace")[-2000:] for file in sorted(self.folder.glob("*.log")))
        raise EmulatorError(f"The embedded AWS did not start within {READY_WITHIN_S:.0f} s: {log.strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
