"""A base without Python gets that of another image: what is copied, and what that depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import EkibenError, ImageError
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image
from ekiben.packager.image.native.bases.copied_python import with_copied_python
from ekiben.packager.image.native.bases.facts import BaseFacts, look_at
from ekiben.packager.image.native.bases.files import FileNode, read_files
from ekiben.packager.image.native.bases.naming import CopiedPython
from ekiben.report import SilentReporter
from tests.packager.image.native.cuda_bases import CUDA, CUDA_ENV, LIBRARIES, SLIM, SLIM_ENV
from tests.packager.image.native.tiny_base import GLIBC, base_of

COPIED = CopiedPython("3.11", "python:3.11-slim-bookworm")


@pytest.fixture
def cuda(tmp_path: Path) -> Image:
    return base_of(tmp_path / "cuda", CUDA, env=CUDA_ENV)


@pytest.fixture
def slim(tmp_path: Path) -> Image:
    return base_of(tmp_path / "slim", SLIM, env=SLIM_ENV)


def copied(base: Image, python: Image, folder: Path, what: CopiedPython = COPIED) -> tuple[Image, BaseFacts]:
    return with_copied_python(base, look_at(base), python, look_at(python), what, folder, SilentReporter())


def new_files(image: Image, base: Image) -> dict[str, FileNode]:
    """What `image` has beyond `base`, without bytecode and folders."""
    before = read_files(base, lambda *_: False).nodes
    after = read_files(image, lambda *_: True).nodes
    return {
        path: node
        for path, node in after.items()
        if path not in before and node.kind != "folder" and not path.endswith(".pyc")
    }


def test_interpreter_and_standard_library_come_and_packages_stay(cuda: Image, slim: Image, tmp_path: Path) -> None:
    image, _ = copied(cuda, slim, tmp_path / "layers")
    found = new_files(image, cuda)
    assert sorted(path for path in found if path.startswith("usr/local/")) == [
        "usr/local/bin/python",
        "usr/local/bin/python3",
        "usr/local/bin/python3.11",
        "usr/local/lib/libpython3.11.so",
        "usr/local/lib/libpython3.11.so.1.0",
        "usr/local/lib/python3.11/lib-dynload/_sqlite3.so",
        "usr/local/lib/python3.11/os.py",
        "usr/local/lib/python3.11/posix.py",
    ]
    assert found["usr/local/bin/python3.11"].mode == 0o755
    assert found["usr/local/bin/python3"].target == "python3.11"


def test_the_libraries_that_it_needs_come_where_the_base_lacks_them(cuda: Image, slim: Image, tmp_path: Path) -> None:
    image, _ = copied(cuda, slim, tmp_path / "layers")
    libraries = [path for path in new_files(image, cuda) if path.startswith(LIBRARIES)]
    assert sorted(libraries) == [f"{LIBRARIES}/libsqlite3.so.0", f"{LIBRARIES}/libtinfo.so.6"]


def test_what_comes_out_has_the_python_and_is_the_base_otherwise(cuda: Image, slim: Image, tmp_path: Path) -> None:
    image, facts = copied(cuda, slim, tmp_path / "layers")
    looked = look_at(image)
    assert (
        (facts.interpreter, facts.python) == (looked.interpreter, looked.python) == ("/usr/local/bin/python3", "3.11")
    )
    assert facts.glibc == looked.glibc == "2.39"
    assert image.config.variables == CUDA_ENV
    assert image.config.labels == {"io.ekiben.python": "3.11 python:3.11-slim-bookworm"}
    assert image.layers[: len(cuda.layers)] == cuda.layers


def test_the_layer_is_the_same_wherever_it_is_made_and_found_again(cuda: Image, slim: Image, tmp_path: Path) -> None:
    first, _ = copied(cuda, slim, tmp_path / "one")
    again, _ = copied(cuda, slim, tmp_path / "one")
    other, _ = copied(cuda, slim, tmp_path / "two")
    assert first.content == again.content == other.content


def test_a_patched_base_with_the_same_libraries_gets_the_same_layer(cuda: Image, slim: Image, tmp_path: Path) -> None:
    patch = Entry.file("etc/patched", b"")
    patched = base_of(tmp_path / "patched", [*CUDA, patch], env=CUDA_ENV)
    before, _ = copied(cuda, slim, tmp_path / "layers")
    after, _ = copied(patched, slim, tmp_path / "layers")
    assert before.layers[-1] == after.layers[-1]


def test_a_python_for_a_newer_c_library_is_refused(slim: Image, tmp_path: Path) -> None:
    old = (*CUDA[:1], Entry.file(f"{LIBRARIES}/libc.so.6", GLIBC.replace(b"2.36", b"2.35")))
    base = base_of(tmp_path / "old", old, env=CUDA_ENV)
    with pytest.raises(ImageError, match=r"is made for glibc 2\.36, and the base has 2\.35"):
        copied(base, slim, tmp_path / "layers")


def test_another_python_than_was_asked_for_is_refused(cuda: Image, slim: Image, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"has no Python 3\.12 at /usr/local to copy"):
        copied(cuda, slim, tmp_path / "layers", CopiedPython("3.12", "python:3.12"))
    with pytest.raises(ImageError, match="to copy, but none"):
        copied(slim, cuda, tmp_path / "layers")


def test_a_python_that_is_elsewhere_is_refused(cuda: Image, tmp_path: Path) -> None:
    program = Entry.file("opt/python/bin/python3.11", b"\x7fELF", 0o755)
    linked = [one for one in SLIM if one.path != "usr/local/bin/python3.11"]
    linked += [program, Entry.link("usr/local/bin/python3.11", f"/{program.path}")]
    python = base_of(tmp_path / "linked", linked, env=SLIM_ENV)
    with pytest.raises(ImageError, match="is not all in /usr/local"):
        copied(cuda, python, tmp_path / "layers")


@pytest.mark.parametrize("text", ["", "3.11", "python:3.11", "3.x python", "3.11 a b", "3.11 oci:/etc"])
def test_what_says_of_no_python_is_refused(text: str) -> None:
    with pytest.raises(EkibenError):
        CopiedPython.parse(text)


def test_where_a_python_is_from_can_be_written_and_read() -> None:
    assert CopiedPython.parse(str(COPIED)) == COPIED
