"""Blobs that lie with strangers: what is read is what the digest says, or the reader is told before the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.verified import open_verified

CONTENT = bytes(range(256)) * 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(CONTENT)
    return path


@given(start=st.integers(0, len(CONTENT)), size=st.integers(0, len(CONTENT)), at_once=st.integers(1, 3_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stretch_of_a_file_is_read_whole_and_no_further(path: Path, start: int, size: int, at_once: int) -> None:
    expected = CONTENT[start : start + size]
    read = b""
    with open_verified(path, Digest.of_bytes(expected), offset=start, size_bytes=len(expected)) as stream:
        while piece := stream.read(at_once):
            read += piece
    assert read == expected


def test_without_a_size_all_of_the_rest_is_read(path: Path) -> None:
    with open_verified(path, Digest.of_bytes(CONTENT[7:]), offset=7) as stream:
        assert stream.read() == CONTENT[7:]


def test_a_reader_that_knows_the_size_is_told_with_the_last_byte(path: Path) -> None:
    with open_verified(path, Digest.of_bytes(b"other")) as stream, pytest.raises(ImageError, match="is damaged"):
        stream.read(len(CONTENT))


def test_a_blob_that_was_cut_off_is_found_out(path: Path) -> None:
    with (
        open_verified(path, Digest.of_bytes(CONTENT + b"more"), size_bytes=len(CONTENT) + 4) as stream,
        pytest.raises(ImageError, match="is damaged"),
    ):
        stream.read()


def test_an_empty_blob_is_held_to_its_digest_too(path: Path) -> None:
    path.write_bytes(b"")
    with open_verified(path, Digest.of_bytes(b"")) as stream:
        assert stream.read() == b""
    with open_verified(path, Digest.of_bytes(b"x")) as stream, pytest.raises(ImageError, match="is damaged"):
        stream.read()


def test_several_readers_read_one_file(path: Path) -> None:
    digest = Digest.of_bytes(CONTENT)
    with open_verified(path, digest) as one, open_verified(path, digest) as other:
        assert one.read(10) == other.read(10) == CONTENT[:10]
        assert (one.read(), other.read()) == (CONTENT[10:], CONTENT[10:])
