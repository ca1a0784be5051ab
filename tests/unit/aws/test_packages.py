"""Packages are looked at for machine code, whatever they are."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_tailor.aws.packages import NotRead, fetch, is_x86, x86_files


def elf(machine: int, *, big: bool = False) -> bytes:
    order = "big" if big else "little"
    return b"\x7fELF" + bytes([2, 2 if big else 1, 1, 0]) + bytes(10) + machine.to_bytes(2, order) + bytes(44)


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (elf(62), True),
        (elf(3), True),
        (elf(183), False),
        (elf(62, big=True), True),
        (b"#!/bin/sh", False),
        (b"", False),
    ],
)
def test_only_x86_machine_code_is_recognised(header: bytes, expected: bool) -> None:
    assert is_x86(header) is expected


def test_the_files_made_for_x86_are_named() -> None:
    files = {"index.py": b"x = 1\n", "lib/fast.so": elf(62), "lib/arm.so": elf(183), "bin/tool": elf(62)}
    assert x86_files(packed(files)) == ["lib/fast.so", "bin/tool"]


def test_a_jar_is_looked_into() -> None:
    jar = packed({"native/linux-x86_64/lib.so": elf(62)})
    assert x86_files(packed({"lib/netty.jar": jar})) == ["lib/netty.jar!native/linux-x86_64/lib.so"]


def test_what_is_no_zip_is_not_judged() -> None:
    assert isinstance(x86_files(b"not a zip"), NotRead)


@given(st.binary(max_size=400))
def test_no_package_raises(data: bytes) -> None:
    assert isinstance(x86_files(data), list | NotRead)


@example(at=312, garbage=b"\x00")  # an entry without a name
@given(st.integers(0, 5000), st.binary(min_size=1, max_size=30))
def test_no_damaged_package_raises(at: int, garbage: bytes) -> None:
    whole = packed({"index.py": b"x" * 300, "a.jar": packed({"b.so": elf(62)}), "lib/fast.so": elf(62)})
    at %= len(whole)
    assert isinstance(x86_files(whole[:at] + garbage + whole[at + len(garbage) :]), list | NotRead)


def test_a_package_that_cannot_be_fetched_is_told_without_its_url() -> None:
    answer = fetch("http://127.0.0.1:9/code?X-Amz-Signature=canary")
    assert isinstance(answer, NotRead)
    assert "canary" not in answer.because
