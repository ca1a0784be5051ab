"""What machine code a deployment package carries: its files are looked at, none is run.

https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

# Unpacked, package and layers together may have 250 MB; a packed one is smaller.
MOST_BYTES = 262_144_000
# The machine number stands at byte 18 of an ELF header, in the byte order that byte 5 tells.
_HEADER = 20
_X86 = {3, 62}  # EM_386, EM_X86_64
_READ_S = 60.0
# What zipfile raises for archives that are damaged or made to do harm.
_DAMAGED = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, struct.error, zlib.error,
    lzma.LZMAError, IndexError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NotRead:
    """The package could not be looked at, because …"""

    because: str


def fetch(url: str) -> bytes | NotRead:
    """The package behind a pre-signed URL, which is a secret: no message names it."""
    import urllib3

    try:
        pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5.0, read=_READ_S), retries=2)
        answer = pool.request("GET", url, preload_content=False)
        try:
            data: bytes = answer.read(MOST_BYTES + 1)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        return NotRead(f"its code could not be fetched ({type(error).__name__})")
    if answer.status != 200:
        return NotRead(f"its code could not be fetched (HTTP status {answer.status})")
    return NotRead("its code is larger than Lambda allows") if len(data) > MOST_BYTES else data


def x86_files(package: bytes) -> list[str] | NotRead:
    """The files of a ZIP that are machine code for x86, in its order; a JAR in it is looked into as well."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as packed:
            return list(_found(packed))
    except _DAMAGED as error:
        return NotRead(f"its code is no ZIP that can be read ({type(error).__name__})")


def _found(packed: zipfile.ZipFile, inside: str = "") -> Iterator[str]:
    for entry in packed.infolist():
        if entry.is_dir():
            continue
        with packed.open(entry) as opened:
            if is_x86(opened.read(_HEADER)):
                yield inside + entry.filename
        if not inside and entry.filename.endswith(".jar"):
            with packed.open(entry) as opened:
                yield from _in_jar(opened, entry.filename)


def _in_jar(opened: IO[bytes], name: str) -> Iterator[str]:
    data = opened.read(MOST_BYTES)
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as jar:
            yield from _found(jar, f"{name}!")


def is_x86(header: bytes) -> bool:
    """Whether a file that begins so is machine code for x86."""
    if len(header) < _HEADER or header[:4] != b"\x7fELF":
        return False
    return int.from_bytes(header[18:20], "big" if header[5] == 2 else "little") in _X86
