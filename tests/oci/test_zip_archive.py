"""Members of zip archives: what `zipfile` reads of them, in pieces, and never more, less or other than was promised."""

from __future__ import annotations

import io
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.entries import Entry, ZipPart
from ekiben.oci.layer_tar import write_layer_tar
from ekiben.oci.zip_archive import PIECE_BYTES, ZipArchive
from tests.oci.trees import seen, tar_of

NOISE = random.Random(2).randbytes(3 * PIECE_BYTES + 17)
MEMBERS = {"empty": b"", "text.py": b"import this\n" * 5, "zeros": bytes(5 * PIECE_BYTES + 3), "noise": NOISE}


def archive_of(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def read(path: Path, name: str) -> bytes:
    archive = ZipArchive(path)
    try:
        return b"".join(archive.pieces(name))
    finally:
        archive.close()


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_whole_in_small_pieces(tmp_path: Path, method: int) -> None:
    archive = ZipArchive(archive_of(tmp_path / "a.zip", MEMBERS, method))
    for name, content in MEMBERS.items():
        pieces = list(archive.pieces(name))
        assert b"".join(pieces) == content
        assert max(map(len, pieces), default=0) <= PIECE_BYTES
    archive.close()


@given(content=st.binary(max_size=2000), level=st.integers(0, 9))
def test_any_member_reads_as_zipfile_reads_it(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, level: int
) -> None:
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr("a", content)
    assert read(path, "a") == content


def test_an_archive_that_was_written_as_a_stream_behind_something_else_is_read(tmp_path: Path) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    written = Stream()
    written.write(b"#!/usr/bin/env python\n")
    with (
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a", "w", force_zip64=True) as out,
    ):
        out.write(NOISE)
    (tmp_path / "a.zip").write_bytes(written.getvalue())
    assert read(tmp_path / "a.zip", "a") == NOISE


def test_a_layer_takes_its_files_from_more_archives_than_are_kept_open(tmp_path: Path) -> None:
    archives = [archive_of(tmp_path / f"{n}.zip", {"x": bytes([n]), "y": bytes([n, n])}) for n in range(40)]
    entries = [
        Entry.file(f"{name}/{n}", ZipPart(archive, name, size))
        for n, archive in enumerate(archives)
        for name, size in (("x", 1), ("y", 2))
    ]
    before = open_files()
    contents = {one.path: one.content for one in seen(tar_of(entries)) if one.kind == "file"}
    assert open_files() <= before
    assert contents == {f"{name}/{n}": bytes([n]) * size for n in range(40) for name, size in (("x", 1), ("y", 2))}


def test_a_member_has_to_have_its_digest(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", MEMBERS)
    part = ZipPart(archive, "noise", len(NOISE), Digest.of_bytes(NOISE))
    assert seen(tar_of([Entry.file("a", part)]))[0].content == NOISE
    with pytest.raises(ImageError, match="`a` is `sha256:"):
        tar_of([Entry.file("a", ZipPart(archive, "zeros", len(MEMBERS["zeros"]), part.digest))])


@pytest.mark.parametrize("size", [0, 59, 61])
def test_a_member_of_another_size_than_the_entry_says_is_refused(tmp_path: Path, size: int) -> None:
    archive = archive_of(tmp_path / "a.zip", MEMBERS)
    with pytest.raises(ImageError, match=f"`a` has not the {size} bytes"):
        tar_of([Entry.file("a", ZipPart(archive, "text.py", size))])


def test_no_more_is_read_of_a_member_than_the_entry_says(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", MEMBERS)
    pieces: list[bytes] = []
    with pytest.raises(ImageError, match="`a` has not the 1 bytes"):
        write_layer_tar([Entry.file("a", ZipPart(archive, "zeros", 1))], pieces.append)
    assert sum(map(len, pieces)) <= 513


def test_a_member_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"`a\.zip` has no member `missing`"):
        read(archive_of(tmp_path / "a.zip", MEMBERS), "missing")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path: Path, method: int) -> None:
    with pytest.raises(ImageError, match="by other means than deflate"):
        read(archive_of(tmp_path / "a.zip", {"text.py": b""}, method), "text.py")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.zip", {"a": b"secret"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ImageError, match="encrypted"):
        read(path, "a")


def test_what_is_no_archive_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(ImageError, match="is damaged") as raised:
        ZipArchive(tmp_path / "a.zip")
    assert raised.value.hint


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_bit_that_changed_is_seen_or_changes_nothing(tmp_path: Path, method: int) -> None:
    content = random.Random(7).randbytes(8) * 3
    path = archive_of(tmp_path / "a.zip", {"a": content}, method)
    whole = path.read_bytes()
    bits = range((30 + len("a")) * 8, whole.index(b"PK\1\2") * 8)
    unseen = 0
    for bit in bits:
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert read(path, "a") == content
            unseen += 1
        except ImageError:
            continue
    assert unseen < 8  # a deflated stream ends within a byte


def test_a_member_that_is_cut_short_or_not_where_it_should_be_is_seen(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.zip", {"a": NOISE})
    whole = path.read_bytes()
    directory = whole.index(b"PK\1\2")
    for at, value in ((directory + 20, 10), (directory + 20, 2**31 - 1), (directory + 42, 3)):
        path.write_bytes(whole[:at] + value.to_bytes(4, "little") + whole[at + 4 :])
        with pytest.raises(ImageError, match="is damaged"):
            read(path, "a")


@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([0, 1, 0x7F, 0xFF])), min_size=1, max_size=4))
def test_an_archive_that_is_damaged_anywhere_gives_errors_of_ours_alone(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    path = archive_of(tmp_path_factory.mktemp("zip") / "a.zip", {"a": b"a" * 70, "größe": NOISE[:50], "b/c": b""})
    content = bytearray(path.read_bytes())
    for at, value in changes:
        content[at % len(content)] = value
    path.write_bytes(content)
    for name in ("a", "größe", "b/c"):
        with suppress(ImageError):
            read(path, name)


@pytest.mark.parametrize("offset", [2**62, 2**64 - 1])
def test_a_member_far_behind_the_end_is_damage(tmp_path: Path, offset: int) -> None:
    path = archive_of(tmp_path / "a.zip", {"a": b""})
    whole = path.read_bytes()
    directory, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    far = b"\1\0\x08\0" + offset.to_bytes(8, "little")  # a field of ZIP64 in the place of the 32 bits
    entry = bytearray(whole[directory:end])
    entry[30:32], entry[42:46] = len(far).to_bytes(2, "little"), b"\xff" * 4
    size = len(entry) + len(far)
    tail = whole[end : end + 12] + size.to_bytes(4, "little") + whole[end + 16 :]
    path.write_bytes(whole[:directory] + entry + far + tail)
    with pytest.raises(ImageError, match="is damaged"):
        read(path, "a")
