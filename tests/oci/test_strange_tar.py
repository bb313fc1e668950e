"""Tars whose headers lie: whatever they say, reading them ends, in little memory, and with one kind of error."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.blobs import BlobStore
from ekiben.oci.docker_archive import docker_archive
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.reference import Reference
from ekiben.oci.strange_tar import strange_tar
from tests.oci.images import small_image

BLOCK = 512
FIELDS = {"name": (0, 100), "mode": (100, 8), "size": (124, 12), "type": (156, 1), "link": (157, 100)}
LARGE = [b"\x80\0\0\0\x7f" + b"\xff" * 7, b"\xff" * 12, b"7" * 11 + b"\0", b"\x80" + bytes(7) + b"\x40\0\0\0"]
SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "10"}


def tar_of(form: int, extended: Mapping[str, str]) -> bytes:
    """A tar with a folder, files, one of a long name, and a link."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, kind in (("a", b"5"), ("a/b", b"0"), ("c" * 90, b"0"), (f"{'d' * 80}/{'e' * 90}", b"0"), ("f", b"2")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, "g" * 120, 600 if kind == b"0" else 0
            member.pax_headers = dict(extended) if name == "a/b" else {}
            archive.addfile(member, io.BytesIO(b"z" * 600))
    return stream.getvalue()


KINDS = [b"L", b"K", b"x", b"g", b"S", b"X", b"1"]
TARS = [tar_of(tarfile.GNU_FORMAT, {}), tar_of(tarfile.PAX_FORMAT, {"path": "\u00e4" * 40})]


def headers_of(content: bytes) -> list[int]:
    """Where they begin."""
    return [at for at in range(0, len(content), BLOCK) if content[at + 257 : at + 262] == b"ustar"]


def with_field(content: bytes, at: int, field: str, value: bytes) -> bytes:
    """The tar with another field in the header at `at`, and the checksum that belongs to it."""
    start, size = FIELDS[field]
    header = bytearray(content[at : at + BLOCK])
    header[start : start + size] = value[:size].ljust(size, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return content[:at] + bytes(header) + content[at + BLOCK :]


@st.composite
def lying_tars(draw: st.DrawFn) -> bytes:
    """Tars with a few fields of their headers, or bytes anywhere, exchanged, and maybe cut off."""
    content = draw(st.sampled_from([*TARS, tar_of(tarfile.PAX_FORMAT, SPARSE)]))
    values = st.sampled_from(LARGE) | st.binary(max_size=12) | st.sampled_from(KINDS)
    for at in draw(st.lists(st.sampled_from(headers_of(content)), max_size=3)):
        content = with_field(content, at, draw(st.sampled_from(sorted(FIELDS))), draw(values))
    for at in draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
        content = content[:at] + draw(st.binary(min_size=1, max_size=1)) + content[at + 1 :]
    return content[: draw(st.integers(0, len(content)) | st.just(len(content)))]


@contextmanager
def written(content: bytes, folder: Path) -> Iterator[Path]:
    """A file of that content."""
    path = folder / Digest.of_bytes(content).hex
    path.write_bytes(content)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tars")


@given(content=lying_tars())
def test_a_tar_that_lies_is_read_or_refused(folder: Path, content: bytes) -> None:
    with written(content, folder) as path:
        for source in (path, io.BytesIO(content)):
            with suppress(tarfile.TarError), strange_tar(source) as archive:
                for member in archive:
                    assert member.name is not None


@pytest.mark.parametrize("value", LARGE)
@pytest.mark.parametrize("kind", [b"0", b"L", b"x"])
def test_a_file_that_is_said_to_be_larger_than_all_disks_is_refused(folder: Path, kind: bytes, value: bytes) -> None:
    content = with_field(with_field(TARS[0], 0, "type", kind), 0, "size", value)
    with written(content, folder) as path:
        for source in (path, io.BytesIO(content)):
            with pytest.raises(tarfile.TarError), strange_tar(source) as archive:
                list(archive)


def test_a_whole_tar_is_read_as_by_tarfile(folder: Path) -> None:
    for content in TARS:
        with tarfile.open(fileobj=io.BytesIO(content)) as plain, strange_tar(io.BytesIO(content)) as archive:
            assert [(one.name, one.size) for one in archive] == [(one.name, one.size) for one in plain]


@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4))
def test_a_docker_archive_with_any_bytes_exchanged_is_refused_or_whole(
    folder: Path, changes: list[tuple[int, bytes]]
) -> None:
    image = small_image(BlobStore(folder / "blobs"))
    content = b"".join(docker_archive(image, [Reference.parse("iris:1")]))
    for place, new in changes:
        at = place % len(content)
        content = content[:at] + new + content[at + len(new) :]
    with written(content, folder) as path, suppress(ImageError):
        read = DockerArchive(path).image()
        for blob in read.blobs:
            with read.source.open(blob.digest) as stream:
                assert Digest.of_bytes(stream.read()) == blob.digest
