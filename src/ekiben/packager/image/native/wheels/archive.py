"""`WheelArchive`: the members of a wheel's zip, each held to what may be installed.

Wheels come from strangers. What two readers of zips could understand differently, or what would unpack to more than
anybody meant, is refused here by the archive's directory alone; what is read later is held to the wheel's RECORD.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.contents import Contents
from ekiben.oci.entries import ZipPart
from ekiben.packager.image.native.wheels.refused import Refused

# Of 967 wheels in use, the largest unpacks to 1.7 GB, the fullest has 13,000 members and the most tightly packed one
# unpacks to 19 times its size.
MAX_MEMBERS = 500_000
MAX_UNPACKED_BYTES = 64 * 1024**3
MAX_RATIO = 200
_FREE_BYTES = 64 * 1024**2  # to which any archive may unpack, however small it is
_MAX_TEXT_BYTES = 64 * 1024**2  # of what is read whole; a RECORD takes 100 bytes for each file
_MAX_NAME_BYTES = 255  # NAME_MAX
_MAX_PATH_BYTES = 2048  # half of PATH_MAX: something stands before it

_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNIX_MODE = 16  # bits below the mode in a member's external attributes
_LOCAL_HEADER_BYTES = 30
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\\]")  # a backslash ends a folder's name to some, to others it is part of it
# What zipfile raises for bytes that are no archive: struct.error for fields cut short, ValueError for offsets that
# cannot be and names that are no UTF-8, NotImplementedError for formats to come.
_UNREADABLE = (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, struct.error)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the archive: what it unpacks to, and whether it may be run."""

    name: str
    size_bytes: int
    is_program: bool


@dataclass(frozen=True, slots=True)
class WheelArchive:
    """A wheel's file, and its members by name without the folders. `contents` keeps the file open."""

    path: Path
    members: Mapping[str, Member]
    contents: Contents

    @classmethod
    def open(cls, path: Path, contents: Contents) -> WheelArchive:
        """The archive at `path`. Raises Refused for one that cannot be read, or holds what no wheel may."""
        infos = _directory(path)
        _check_extent(infos, path.stat().st_size)
        for info in infos:
            _check_name(info)
            _check_kind(info)
        files = [info for info in infos if not info.is_dir()]
        _check_distinct(files)
        return cls(path, {info.filename: _member(info) for info in files}, contents)

    def part(self, name: str, digest: Digest | None = None) -> ZipPart:
        """The content of a member, which has to have that digest."""
        return ZipPart(self.path, name, self.members[name].size_bytes, digest)

    def read(self, name: str, digest: Digest | None = None) -> bytes:
        """The content of a small member. Raises Refused where it is not there, not small, or not what it should."""
        if name not in self.members:
            raise Refused(f"it has no `{name}`")
        part = self.part(name, digest)
        if part.size > _MAX_TEXT_BYTES:
            raise Refused(f"its `{name}` has {part.size} bytes")
        return b"".join(self.contents.pieces(name, part, part.size))

    def first_bytes(self, name: str) -> bytes:
        """What a member begins with: at most a megabyte, which nothing was held against."""
        part = self.part(name)
        return next(self.contents.pieces(name, part, part.size), b"")

    def text(self, name: str) -> str:
        """The same for a text in UTF-8."""
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            raise Refused(f"its `{name}` is no UTF-8") from error


def _directory(path: Path) -> Sequence[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except _UNREADABLE as error:
        raise Refused(f"it is no zip archive that can be read: {error}", hint="remove it and fetch it again") from error


def _check_extent(infos: Sequence[zipfile.ZipInfo], packed_bytes: int) -> None:
    """Nothing before the members, between them none that share bytes, and not more of them than disks hold."""
    if len(infos) > MAX_MEMBERS:
        raise Refused(f"it has {len(infos)} members")
    ordered = sorted(infos, key=lambda info: info.header_offset)
    if ordered and ordered[0].header_offset:
        raise Refused("something stands before its archive")
    for info, following in pairwise(ordered):
        if info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size > following.header_offset:
            raise Refused(f"`{info.filename}` and `{following.filename}` overlap")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > min(MAX_UNPACKED_BYTES, max(_FREE_BYTES, MAX_RATIO * packed_bytes)):
        raise Refused(f"it unpacks to {unpacked} bytes")


def _check_name(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename  # `filename` ends at a NUL
    parts = name.removesuffix("/").split("/")
    if _UNPRINTABLE.search(name) or any(part in ("", ".", "..") for part in parts):
        raise Refused(f"`{name!a}` is no path of a file in it")
    encoded = name.encode("utf-8", "surrogateescape")
    if len(encoded) > _MAX_PATH_BYTES or any(len(part.encode()) > _MAX_NAME_BYTES for part in parts):
        raise Refused(f"the path `{name[:_MAX_NAME_BYTES]}` in it is too long")


def _check_kind(info: zipfile.ZipInfo) -> None:
    """A file or a folder, stored or deflated. A mode without a kind is what archives not made on Unix have."""
    kind = stat.S_IFMT(info.external_attr >> _UNIX_MODE)
    if kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
        raise Refused(f"`{info.filename}` in it is no regular file")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise Refused(f"`{info.filename}` in it is encrypted, or compressed by other means than deflate")


def _check_distinct(files: Iterable[zipfile.ZipInfo]) -> None:
    """No name twice, also where case or the form of an accent does not count: disks and tools differ in that."""
    seen: dict[str, str] = {}
    for info in files:
        other = seen.setdefault(unicodedata.normalize("NFC", info.filename).casefold(), info.filename)
        if other is not info.filename:
            raise Refused(f"`{other}` and `{info.filename}` in it have one name, or differ in case alone")


def _member(info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> _UNIX_MODE
    return Member(info.filename, info.file_size, stat.S_ISREG(mode) and mode & 0o111 != 0)
