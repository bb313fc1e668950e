"""Programs without what only debuggers read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ekiben.oci.entries import Entry, FilePart
from ekiben.packager.image.native.host.library import HostPython
from ekiben.packager.image.native.host.stripping import stripped, stripper_version


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the interpreter's largest extension module."""
    largest = max(HostPython.running().extensions, key=lambda path: path.stat().st_size)
    return Path(shutil.copy(largest, tmp_path / largest.name))


def test_an_extension_module_is_no_larger_and_is_still_one(program: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    entry = Entry.file("lib/module.so", FilePart(program))
    (made,) = stripped([entry], tmp_path / "out", os.environ)
    assert isinstance(made.content, FilePart)
    assert made.size_bytes <= entry.size_bytes
    module = program.name.partition(".")[0]
    load = "import importlib.util as u, sys; s = u.spec_from_file_location(*sys.argv[1:]); u.module_from_spec(s)"
    subprocess.run([sys.executable, "-I", "-S", "-c", load, module, made.content.path.rename(program)], check=True)


def test_what_is_no_program_goes_as_it_is(tmp_path: Path) -> None:
    text = tmp_path / "text.py"
    text.write_bytes(b"x" * 100_000)
    entries = [Entry.file("a", FilePart(text)), Entry.file("b", b"held"), Entry.link("c", "a")]
    assert list(stripped(entries, tmp_path, os.environ)) == entries


def test_a_program_that_cannot_be_stripped_goes_as_it_is(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.so"
    damaged.write_bytes(b"\x7fELF" + b"x" * 100_000)
    entry = Entry.file("lib/damaged.so", FilePart(damaged))
    assert list(stripped([entry], tmp_path, os.environ)) == [entry]


def test_a_machine_may_have_no_strip(tmp_path: Path) -> None:
    assert stripper_version({"PATH": str(tmp_path)}) is None
