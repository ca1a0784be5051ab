"""A function that does worse with less memory, behind an alias, and traffic that flows to it."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

# What happens under 2000 MB of memory, by name.
HARM = {
    "good": "",
    "slow": "time.sleep(0.12)",
    "fail": "raise ValueError('less memory does not suit it')",
    "oom": "os.kill(os.getpid(), signal.SIGKILL)",
}


def packed(harm: str) -> bytes:
    """The function's code."""
    source = f"""
import os, signal, time

def handler(event, context):
    time.sleep(0.02)
    if int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) < 2000:
        {HARM[harm] or "pass"}
    return event
"""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", source)
    return code.getvalue()


@dataclass(slots=True)
class Traffic:
    """What was sent and answered; ``failed`` are function errors, ``lost`` what had no answer at all."""

    sent: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    lost: list[str] = field(default_factory=list)


@contextmanager
def flowing(name: str, qualifier: str = "live", threads: int = 3) -> Iterator[Traffic]:
    """Events, one after another in each thread, until the block is left."""
    seen, stop, lock = Traffic(), threading.Event(), threading.Lock()
    client = boto3.client("lambda", config=Config(retries={"max_attempts": 0}, read_timeout=30))

    def send() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with lock:
                seen.sent += 1
            try:
                answer = client.invoke(
                    FunctionName=name, Qualifier=qualifier, Payload=json.dumps({"number": number}).encode()
                )
            except (ClientError, HTTPClientError) as error:
                with lock:
                    seen.lost.append(str(error))
                continue
            body = json.loads(answer["Payload"].read())
            with lock:
                seen.answered[answer["ExecutedVersion"]] += 1
                if "FunctionError" in answer:
                    seen.failed += 1
                elif body != {"number": number}:
                    seen.lost.append(f"another answer: {body}")

    running = [threading.Thread(target=send, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in running:
            thread.join(timeout=30)


def released(deploy: Any, harm: str, name: str = "f", **given: Any) -> Any:
    """The function with version 1 behind ``live``, and a client."""
    deploy(name, **{"Code": {"ZipFile": packed(harm)}, "MemorySize": 3008, "Timeout": 10, **given})
    functions = boto3.client("lambda")
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return functions
