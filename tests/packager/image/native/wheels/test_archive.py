"""Archives that are no wheel to install, each for one reason."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from ekiben.oci.contents import Contents
from ekiben.packager.image.native.wheels.archive import MAX_RATIO, WheelArchive
from ekiben.packager.image.native.wheels.refused import Refused
from tests.packager.image.native.wheels.wheels import make_wheel, make_zip

NAME = "made-1.0-py3-none-any.whl"


def opened(path: Path) -> WheelArchive:
    """The archive at `path`."""
    return WheelArchive.open(path, Contents())


def info(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    """A member as Unix has it."""
    one = zipfile.ZipInfo(name)
    one.create_system, one.external_attr = 3, mode << 16
    return one


def test_members_are_the_files_with_sizes_and_modes(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / NAME,
        [
            (info("made/", stat.S_IFDIR | 0o755), b""),
            (info("made/tool", stat.S_IFREG | 0o711), b"abc"),
            (info("made/plain", stat.S_IFREG | 0o666), b""),
            ("made/without_a_mode", b"x"),
        ],
    )
    members = opened(path).members
    assert {one.name: (one.size_bytes, one.is_program) for one in members.values()} == {
        "made/tool": (3, True),
        "made/plain": (0, False),
        "made/without_a_mode": (1, False),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("../made.py", "made/../../made.py", "made/..", "/made.py", "made//made.py", "./made.py", "made/./made.py"),
        *("made\\made.py", "C:\\made.py", "made\nmade.py", "made\x7f", ""),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="is no path of a file in it"):
        opened(make_zip(tmp_path / NAME, [(info(name), b"x")]))


def test_a_path_that_ends_at_a_nul_for_some_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / NAME, [(info("made.pyX.txt"), b"x")])
    path.write_bytes(path.read_bytes().replace(b"made.pyX.txt", b"made.py\0.txt"))
    with pytest.raises(Refused, match="is no path of a file in it"):
        opened(path)


@pytest.mark.parametrize("name", ["m" * 256, "/".join(["folder" * 20] * 20), "ü" * 128])
def test_paths_that_no_disk_holds_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="is too long"):
        opened(make_zip(tmp_path / NAME, [(info(name), b"x")]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: int) -> None:
    with pytest.raises(Refused, match="`made` in it is no regular file"):
        opened(make_zip(tmp_path / NAME, [(info("made", kind | 0o777), b"/etc/passwd")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("other", ["made/a.py", "made/A.py", "MADE/a.py"])
def test_two_files_of_one_name_are_refused(tmp_path: Path, other: str) -> None:
    with pytest.raises(Refused, match="have one name, or differ in case alone"):
        opened(make_zip(tmp_path / NAME, [(info("made/a.py"), b"x"), (info(other), b"y")]))


def test_two_spellings_of_one_accent_are_one_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="have one name"):
        opened(make_zip(tmp_path / NAME, [(info("u\u0308.py"), b"x"), (info("\u00fc.py"), b"y")]))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = make_zip(tmp_path / NAME, [(info(f"{number}.bin"), bytes(40_000_000)) for number in range(2)])
    assert path.stat().st_size * MAX_RATIO < 80_000_000
    with pytest.raises(Refused, match="it unpacks to 80000000 bytes"):
        opened(path)


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / NAME, [(info("a.py"), b"x" * 99), (info("b.py"), b"x" * 99)])
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<I", 8)  # where its local header is
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"`a\.py` and `b\.py` overlap"):
        opened(path)


def test_what_stands_before_the_archive_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / NAME, [(info("a.py"), b"x")])
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    with pytest.raises(Refused, match="something stands before its archive"):
        opened(path)


def test_other_compression_than_deflate_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / NAME, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.py", "x")
    with pytest.raises(Refused, match="compressed by other means than deflate"):
        opened(tmp_path / NAME)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / NAME, [(info("a.py"), b"x")])
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(Refused, match="encrypted"):
        opened(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(Refused, match="it is no zip archive that can be read"):
        opened(tmp_path / NAME)


def test_a_wheel_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file"):
        opened(tmp_path / NAME)


def test_texts_are_read_whole_and_in_utf_8(tmp_path: Path) -> None:
    with Contents() as contents:
        archive = WheelArchive.open(make_wheel(tmp_path, {"a.txt": "ü", "b.txt": b"\xff"}), contents)
        assert archive.text("a.txt") == "ü"
        with pytest.raises(Refused, match=r"its `b\.txt` is no UTF-8"):
            archive.text("b.txt")
        with pytest.raises(Refused, match=r"it has no `c\.txt`"):
            archive.text("c.txt")
