"""A base made of the interpreter that runs these tests."""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.image import Image
from ekiben.packager.image.native.bases.facts import look_at
from ekiben.packager.image.native.host.image import host_image
from ekiben.report import SilentReporter
from ekiben.store.receipt import host_platform

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
HERE = Platform.parse(host_platform())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host")


@pytest.fixture(scope="module")
def image(folder: Path) -> Image:
    return host_image(HERE, folder, os.environ, SilentReporter())


@pytest.fixture(scope="module")
def members(image: Image) -> dict[str, tarfile.TarInfo]:
    with image.source.open(image.layers[0].digest) as stream, tarfile.open(fileobj=stream, mode="r|gz") as archive:
        return {member.name: member for member in archive}


def test_it_is_a_base_like_any_other(image: Image) -> None:
    facts = look_at(image)
    assert (facts.interpreter, facts.python) == ("/usr/local/bin/python3", VERSION)
    assert facts.glibc == os.confstr("CS_GNU_LIBC_VERSION").removeprefix("glibc ")  # type: ignore[union-attr]
    assert facts.in_the_way is None


def test_it_holds_the_standard_library_compiled_and_no_package(members: dict[str, tarfile.TarInfo]) -> None:
    library = f"usr/local/lib/python{VERSION}"
    assert f"{library}/json/__init__.py" in members
    assert f"{library}/json/__pycache__/__init__.cpython-{VERSION.replace('.', '')}.pyc" in members
    unwanted = ("/site-packages/", "/test/", "/idlelib/", "/tkinter/")
    assert [path for path in members if any(part in path for part in unwanted)] == []


def test_anybody_may_write_to_tmp_and_nowhere_else(members: dict[str, tarfile.TarInfo]) -> None:
    writable = {path for path, member in members.items() if member.mode & 0o022 and not member.issym()}
    assert writable == {"tmp", "var/tmp"}
    assert members["tmp"].mode == 0o1777


def test_the_loader_is_where_programs_look_for_it(image: Image, members: dict[str, tarfile.TarInfo]) -> None:
    loaders = [path for path in members if path.rpartition("/")[2].startswith("ld-linux")]
    assert loaders
    assert members["lib"].linkname == "usr/lib"
    assert members["lib64"].linkname == "usr/lib64"


def test_it_is_made_once_and_again_when_it_is_damaged(image: Image, folder: Path) -> None:
    assert host_image(HERE, folder, os.environ, SilentReporter()).digest == image.digest
    (blob,) = (folder / "blobs/sha256").iterdir()
    before = blob.stat().st_ino
    blob.chmod(0o644)
    blob.write_bytes(b"")
    assert host_image(HERE, folder, os.environ, SilentReporter()).digest == image.digest
    assert blob.stat().st_ino != before


def test_what_a_killed_process_left_half_compiled_is_swept(image: Image, folder: Path) -> None:
    (folder / "compiled/bytecode-1").mkdir(parents=True)
    (folder / "compiled/bytecode-1/output").write_bytes(b"half")
    for blob in (folder / "blobs/sha256").iterdir():
        blob.unlink()
    assert host_image(HERE, folder, os.environ, SilentReporter()).digest == image.digest
    assert {path.name for path in folder.iterdir()} == {"blobs", "layers", "drafts", "lock"}


def test_it_is_for_this_machine_alone(folder: Path) -> None:
    with pytest.raises(ImageError, match="the base `host` is for `linux/"):
        host_image(Platform("linux", "s390x"), folder, os.environ, SilentReporter())
