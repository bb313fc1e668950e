"""What is sealed is trusted unread; what was written to since is read, and believed if it is right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.sealed import is_sealed, is_whole, seal

DIGEST = Digest.of_bytes(b"content")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sealed file."""
    path = tmp_path / "blob"
    path.write_bytes(b"content")
    seal(path)
    return path


def test_a_sealed_file_is_not_read(path: Path) -> None:
    assert is_sealed(path)
    assert is_whole(path, Digest.of_bytes(b"other"))


@pytest.mark.parametrize("content", [b"CONTENT", b"conten", b""])
def test_a_file_that_was_written_to_is_not_whole(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert not is_sealed(path)
    assert not is_whole(path, DIGEST)


def test_one_byte_changed_in_place_breaks_the_seal(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"C")
    assert not is_whole(path, DIGEST)


def test_a_copy_is_read_once_and_sealed(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    assert not is_sealed(copy)
    assert is_whole(copy, DIGEST)
    assert is_sealed(copy)


def test_a_size_that_differs_is_enough(path: Path) -> None:
    assert is_whole(path, DIGEST, 7)
    assert not is_whole(path, DIGEST, 8)


def test_what_is_no_file_is_not_whole(path: Path, tmp_path: Path) -> None:
    os.utime(tmp_path, (path.stat().st_mtime, path.stat().st_mtime))
    for other in (tmp_path, tmp_path / "none", path / "below"):
        assert not is_sealed(other)
        assert not is_whole(other, DIGEST)
