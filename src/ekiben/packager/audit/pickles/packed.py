"""What is compressed, as a stream of what it unpacks to: read in pieces, counted, and broken in one way only."""

from __future__ import annotations

import bz2
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from ekiben.packager.audit.pickles.limits import MAX_READ_BYTES, Broken, Budget, LimitReached
from ekiben.packager.audit.pickles.source import CHUNK_BYTES, Readable

# What the standard library lets out where an archive or a compressed file is not what it says.
UNPACKING_ERRORS = (
    *(OSError, EOFError, ValueError, RuntimeError, LookupError, OverflowError, struct.error),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError),
)
UNREADABLE = {b"\x04\x22\x4d\x18": "lz4", b"\x28\xb5\x2f\xfd": "zstd"}  # what is not unpacked here
_GZIP, _BZIP2, _XZ, _LZMA = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00"
_LEAST_HEAD_BYTES = 128  # in which a text shows that it is none; what is shorter has to be whole
_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32
_MEMORY_BYTES = 128 * 1024**2  # of an xz dictionary; `xz -9` asks for 65 MiB


class CarefulFile:
    """A file that refuses to give more at once than an honest archive asks for, whatever a length in it says."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes. Raises LimitReached."""
        data = self._file.read(MAX_READ_BYTES + 1 if size < 0 else min(size, MAX_READ_BYTES + 1))
        if len(data) > MAX_READ_BYTES:
            raise LimitReached("its table of contents is too large")
        return data

    def seekable(self) -> bool:
        """Always."""
        return True


class Unpacked:
    """`stream`, which unpacks, with its bytes counted against `budget` and its errors in one form."""

    def __init__(self, stream: Readable, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int, /) -> bytes:
        """The next bytes. Raises Broken, LimitReached."""
        try:
            data = self._stream.read(size)
        except UNPACKING_ERRORS as error:
            raise Broken("it cannot be unpacked") from error
        self._budget.spend_unpacked(len(data))
        return data


def unpacked(head: bytes, stream: Readable, budget: Budget) -> Unpacked | None:
    """What `stream`, which begins with `head`, unpacks to; None where it is not compressed."""
    if head.startswith(_GZIP) or _is_zlib(head):
        return Unpacked(_Inflated(stream, _Zlib), budget)
    if head.startswith(_BZIP2):
        return Unpacked(_Inflated(stream, bz2.BZ2Decompressor), budget)
    if head.startswith((_XZ, _LZMA)):
        return Unpacked(_Inflated(stream, lambda: lzma.LZMADecompressor(memlimit=_MEMORY_BYTES)), budget)
    return None


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zlib:
    """zlib's decompressor, for gzip as well, in the shape of the others."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_ZLIB_OR_GZIP)

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflater.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inflater.decompress(self._inflater.unconsumed_tail + data, max_length)


class _Inflated:
    """A compressed stream, or several one after the other."""

    def __init__(self, stream: Readable, make: Callable[[], _Decompressor]) -> None:
        self._stream = stream
        self._make = make
        self._decompressor = make()

    def read(self, size: int, /) -> bytes:
        while True:
            packed = b""
            is_over = False
            if self._decompressor.eof:
                packed = self._decompressor.unused_data or self._stream.read(CHUNK_BYTES)
                if not packed.strip(b"\x00"):
                    return b""
                self._decompressor = self._make()
            elif self._decompressor.needs_input:
                packed = self._stream.read(CHUNK_BYTES)
                is_over = not packed
            data = self._decompressor.decompress(packed, size)
            if data:
                return data
            if is_over and not self._decompressor.eof:
                raise EOFError("a compressed stream ends too early")


def _is_zlib(head: bytes) -> bool:
    """Whether `head` unpacks: the two bytes that zlib begins with (RFC 1950, 2.2) are letters, too."""
    if head[:1] != b"\x78" or int.from_bytes(head[:2]) % 31:
        return False
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(head)
    except zlib.error:
        return False
    return inflater.eof or len(head) >= _LEAST_HEAD_BYTES
