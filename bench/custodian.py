"""Cloud Custodian on the same work, in a virtual environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

VERSION = "0.9.53"
POLICIES = {
    "policies": [
        {
            "name": "memory",
            "resource": "aws.lambda",
            "filters": [{"type": "value", "key": "MemorySize", "op": "ne", "value": 1024}],
            "actions": [{"type": "update", "properties": {"MemorySize": 1024}}],
        },
        {
            "name": "timeout",
            "resource": "aws.lambda",
            "filters": [{"type": "value", "key": "Timeout", "op": "ne", "value": 30}],
            "actions": [{"type": "update", "properties": {"Timeout": 30}}],
        },
        {
            "name": "tracing",
            "resource": "aws.lambda",
            "filters": [{"type": "value", "key": "TracingConfig.Mode", "op": "ne", "value": "Active"}],
            "actions": [{"type": "set-xray-tracing", "state": True}],
        },
        {
            "name": "concurrency",
            "resource": "aws.lambda",
            "filters": [{"type": "reserved-concurrency", "value": "absent"}],
            "actions": [{"type": "set-concurrency", "value": 50}],
        },
        {
            "name": "retention",
            "resource": "aws.log-group",
            "filters": [{"retentionInDays": "absent"}],
            "actions": [{"type": "retention", "days": 7}],
        },
    ]
}


def install(folder: Path) -> Path:
    """Cloud Custodian's command, installed where it is not yet."""
    command = folder / "bin" / "custodian"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q", f"c7n=={VERSION}"], check=True)
    return command


def write_policies(file: Path) -> Path:
    """The five policies as a file."""
    file.write_text(json.dumps(POLICIES))
    return file
