"""`ZipArchive`: members of a zip archive, inflated in half the time that `zipfile` takes for the thousands of a wheel.

`zipfile` reads the archive's directory, and what that says of a member is held against what is found. Whether an
archive may be trusted (names, sizes, overlaps) is for those to tell who make entries of it.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from isal import isal_zlib
from isal.igzip_lib import IsalError

from ekiben.errors import ImageError

PIECE_BYTES = 1024 * 1024

_LOCAL_HEADER_BYTES = 30
_LOCAL_MAGIC = b"PK\3\4"
_ENCRYPTED = 0x1
_RAW_DEFLATE = -15
# What `zipfile` raises for a directory that is none: its own error, and others for names and numbers
_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error)
_Damage = cast("type[Exception]", IsalError)  # which its stub calls an exception, and not a class of them


class ZipArchive:
    """An open archive. Raises OSError where the file cannot be opened, ImageError where it is no zip archive."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as stream:
            try:
                directory = zipfile.ZipFile(stream)
            except _UNREADABLE as error:
                raise self._damaged(str(error)) from error
            self._members = {member.filename: member for member in directory.infolist()}
            self._size_bytes = stream.seek(0, os.SEEK_END)
            self._descriptor = os.dup(stream.fileno())

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of the member `name`. Raises ImageError where there is none, or it is damaged."""
        member = self._members.get(name)
        if member is None:
            raise ImageError(f"`{self._path.name}` has no member `{name}`")
        if member.flag_bits & _ENCRYPTED or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ImageError(f"`{name}` in `{self._path.name}` is encrypted, or compressed by other means than deflate")
        packed = self._packed(member)
        checksum = 0
        for piece in packed if member.compress_type == zipfile.ZIP_STORED else self._inflated(member, packed):
            checksum = isal_zlib.crc32(piece, checksum)
            yield piece
        if checksum != member.CRC:
            raise self._damaged(f"the checksum of `{name}` does not hold")

    def _packed(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """The member's bytes as they lie in the archive."""
        at, last = member.header_offset, self._size_bytes - _LOCAL_HEADER_BYTES
        local = os.pread(self._descriptor, _LOCAL_HEADER_BYTES, at) if 0 <= at <= last else b""
        if not local.startswith(_LOCAL_MAGIC):
            raise self._damaged(f"`{member.filename}` is not where its directory says")
        at += _LOCAL_HEADER_BYTES + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
        end = at + member.compress_size
        while at < end:
            piece = os.pread(self._descriptor, min(PIECE_BYTES, end - at), at)
            if not piece:
                raise self._damaged(f"it ends within `{member.filename}`")
            yield piece
            at += len(piece)

    def _inflated(self, member: zipfile.ZipInfo, packed: Iterator[bytes]) -> Iterator[bytes]:
        """`packed` inflated, a megabyte at most at a time whatever the ratio."""
        inflater = isal_zlib.decompressobj(_RAW_DEFLATE)
        try:
            for piece in packed:
                rest = piece
                while rest and not inflater.eof:
                    yield inflater.decompress(rest, PIECE_BYTES)
                    rest = inflater.unconsumed_tail
            while not inflater.eof:
                if not (last := inflater.decompress(b"", PIECE_BYTES)):
                    raise self._damaged(f"`{member.filename}` ends too early")
                yield last
        except _Damage as error:
            raise self._damaged(f"`{member.filename}` cannot be inflated") from error

    def _damaged(self, what: str) -> ImageError:
        return ImageError(f"`{self._path}` is damaged: {what}", hint="remove it and fetch it again")

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._descriptor)
