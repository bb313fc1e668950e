"""What programs and libraries say that they need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.image.native.bases.elf import needed_libraries
from tests.packager.image.native.tiny_elf import elf

NAMES = st.lists(st.from_regex(r"lib[a-z]{1,8}\.so\.[0-9]", fullmatch=True), max_size=5)


@given(NAMES)
def test_names_are_read_in_their_order(names: list[str]) -> None:
    assert needed_libraries(elf(*names)) == tuple(names)


def test_the_running_interpreter_needs_what_ldd_says() -> None:
    program = Path(sys.executable).resolve()
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    needed = needed_libraries(program.read_bytes())
    assert "libc.so.6" in needed
    assert set(needed) <= set(re.findall(r"^\s+(\S+)", said, re.MULTILINE)) | {"ld-linux-x86-64.so.2"}


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + bytes(100)])
def test_what_is_none_needs_nothing(content: bytes) -> None:
    assert needed_libraries(content) == ()


@given(st.binary(max_size=300), st.integers(0, 300), st.binary(max_size=8))
def test_damaged_files_raise_nothing(more: bytes, at: int, patch: bytes) -> None:
    whole = elf("libz.so.1", "libssl.so.3")
    assert isinstance(needed_libraries(whole[:at] + patch + whole[at + len(patch) :]), tuple)
    assert isinstance(needed_libraries(whole[:at]), tuple)
    assert isinstance(needed_libraries(b"\x7fELF\x02\x01" + more), tuple)
