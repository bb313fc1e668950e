"""Compressed streams, both ways; the only module that touches a compressor.

Written with fixed parameters and without a time, so that the same content and the same version of the compressor's
library give the same bytes. Read in bounded memory: no dictionary or window larger than 256 MiB, and never more output
than was asked for.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import BinaryIO, Protocol, cast

from ekiben.errors import ArchiveError
from ekiben.store.archive.entry import CHUNK_BYTES, Stream
from ekiben.store.archive.formats import ArchiveFormat

_GZIP_LEVEL = 6
_BZIP2_LEVEL = 9
_XZ_PRESET = 0  # a third of the time that the usual 6 needs; float32 weights come out no larger
_ZSTD_LEVEL = 3
_MAX_WINDOW_BYTES = 256 * 1024**2
_BZIP2_READ_BYTES = 8 * 1024  # what is left of it is copied for each stream, and a stream of nothing has 14 bytes


class Sink(Protocol):
    """What archives are written to: forward only."""

    def write(self, data: bytes, /) -> object:
        """Takes all of `data`."""


def decompressed(stream: Stream, form: ArchiveFormat) -> Stream:
    """The content of a tar's stream. What it reads later raises ArchiveError where the stream is damaged."""
    match form:
        case ArchiveFormat.gz:
            return _Guarded(gzip.GzipFile(fileobj=cast(BinaryIO, stream), mode="rb"))
        case ArchiveFormat.bz2:
            return _Guarded(_Bzip2Reader(stream))
        case ArchiveFormat.xz:
            return _Guarded(_XzReader(stream))
        case ArchiveFormat.zst:
            return _zstd_reader(stream)
        case _:
            return stream


def compressed(sink: Sink, form: ArchiveFormat) -> AbstractContextManager[Sink]:
    """Where to write a tar's content, so that it lands in `sink` in this form; complete when the block ends."""
    match form:
        case ArchiveFormat.gz:
            return gzip.GzipFile("", "wb", _GZIP_LEVEL, cast(BinaryIO, sink), mtime=0)
        case ArchiveFormat.bz2:
            return bz2.BZ2File(cast(BinaryIO, sink), "wb", compresslevel=_BZIP2_LEVEL)
        case ArchiveFormat.xz:
            return lzma.LZMAFile(cast(BinaryIO, sink), "wb", preset=_XZ_PRESET)
        case ArchiveFormat.zst:
            return _zstd_writer(sink)
        case _:
            return nullcontext(sink)


class _Guarded:
    """A reader whose own errors become ArchiveError. An OSError without a number is a compressor's, not the disk's."""

    def __init__(self, stream: Stream, *more: type[Exception]) -> None:
        self._stream = stream
        self._damage: tuple[type[Exception], ...] = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, *more)

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        try:
            return self._stream.read(size)
        except self._damage as error:
            raise _damaged(error) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise _damaged(error) from error


def _damaged(error: Exception) -> ArchiveError:
    reason = str(error) or type(error).__name__
    return ArchiveError(f"it cannot be decompressed: {reason}", hint="it was not copied or downloaded whole")


class _Bzip2Reader:
    """bzip2 streams, one behind the other as parallel compressors write them. The library's own reader passes over
    whatever else stands behind the last."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decompressor = bz2.BZ2Decompressor()

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        while True:
            packed = b""
            if self._decompressor.eof:
                packed = self._decompressor.unused_data or self._stream.read(_BZIP2_READ_BYTES)
                if not packed:
                    return b""
                self._decompressor = bz2.BZ2Decompressor()
            elif self._decompressor.needs_input:
                packed = self._stream.read(_BZIP2_READ_BYTES)
                if not packed:
                    raise EOFError("the stream ends too early")
            if data := self._decompressor.decompress(packed, size):
                return data


class _XzReader:
    """One xz stream and its padding. The library's own reader sets no bound to a dictionary's size."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_WINDOW_BYTES)

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        while not self._decompressor.eof:
            packed = b""
            if self._decompressor.needs_input:
                packed = self._stream.read(CHUNK_BYTES)
                if not packed:
                    raise EOFError("the stream ends too early")
            if data := self._decompressor.decompress(packed, size):
                return data
        rest = self._decompressor.unused_data
        while rest or (rest := self._stream.read(CHUNK_BYTES)):
            if rest.strip(b"\0"):
                raise ArchiveError("something follows its end")
            rest = b""
        return b""


def _zstd_reader(stream: Stream) -> Stream:
    import zstandard  # a tenth of a second: other forms do without

    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
    reader = decompressor.stream_reader(cast(BinaryIO, stream), read_across_frames=True, closefd=False)
    return _Guarded(reader, zstandard.ZstdError)


@contextmanager
def _zstd_writer(sink: Sink) -> Iterator[Sink]:
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True)
    with compressor.stream_writer(cast(BinaryIO, sink), closefd=False) as writer:
        yield writer


class CountedStream:
    """A stream that knows how much was read of it; `advance` is told as it happens."""

    def __init__(self, stream: Stream, advance: Callable[[int], None]) -> None:
        self._stream = stream
        self._advance = advance
        self.read_bytes = 0

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """Counts what is read. A compressor that asks for everything gets a piece."""
        data = self._stream.read(size if size >= 0 else CHUNK_BYTES)
        self.read_bytes += len(data)
        self._advance(len(data))
        return data
