"""`Source`: the bytes of a file that nobody trusts, read forward in pieces. What is skipped is not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ekiben.packager.audit.pickles.limits import MAX_READ_BYTES, Broken, LimitReached

CHUNK_BYTES = 64 * 1024


class Readable(Protocol):
    """What gives at most `size` bytes, and none at its end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""


class Source:
    """Reads from `stream`; `seek` moves it forward by a number of bytes where it can do so without reading them."""

    def __init__(self, stream: Readable, seek: Callable[[int], object] | None = None) -> None:
        self._stream = stream
        self._seek = seek
        self._buffer = b""
        self._at = 0
        self._fetched = 0

    @property
    def position(self) -> int:
        """How many bytes are behind."""
        return self._fetched - len(self._buffer) + self._at

    def byte(self) -> int:
        """The next byte. Raises Broken at the end, as all that takes bytes does."""
        if self._at == len(self._buffer):
            self._fill(1)
        self._at += 1
        return self._buffer[self._at - 1]

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if self._at + size > len(self._buffer):
            self._fill(size)
        start, self._at = self._at, self._at + size
        return self._buffer[start : self._at]

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end, which stay where they are."""
        if self._at + size > len(self._buffer):
            self._fetch(size)
        return self._buffer[self._at : self._at + size]

    def some(self, size: int) -> bytes:
        """At least one and at most `size` of the next bytes; none at the end."""
        if self._at == len(self._buffer):
            self._fetch(1)
        start, self._at = self._at, min(self._at + size, len(self._buffer))
        return self._buffer[start : self._at]

    def skip(self, size: int) -> None:
        """Passes over `size` bytes."""
        here = min(size, len(self._buffer) - self._at)
        self._at += here
        rest = size - here
        if rest and self._seek is not None:
            try:
                self._seek(rest)
            except (OSError, OverflowError, ValueError) as error:  # farther than any file is long
                raise _ended() from error
            self._fetched += rest
            self._buffer, self._at = b"", 0
            return
        while rest:
            passed = len(self.some(rest))
            if not passed:
                raise _ended()
            rest -= passed

    def line(self, kept: int) -> tuple[bytes, bool]:
        """The next line without its newline: its first `kept` bytes, and whether that is all of it."""
        pieces, size = [], 0
        while True:
            piece = self.some(CHUNK_BYTES)
            if not piece:
                raise _ended()
            end = piece.find(b"\n")
            if end >= 0:
                self._at -= len(piece) - end - 1
                piece = piece[:end]
            if size < kept:
                pieces.append(piece[: kept - size])
            size += len(piece)
            if end >= 0:
                return b"".join(pieces), size <= kept

    def _fill(self, size: int) -> None:
        if size > MAX_READ_BYTES:
            raise LimitReached("it has a part that is too large to be looked at")
        self._fetch(size)
        if len(self._buffer) - self._at < size:
            raise _ended()

    def _fetch(self, size: int) -> None:
        """Has at least `size` bytes in the buffer, if there are so many."""
        pieces = [self._buffer[self._at :]]
        have = len(pieces[0])
        while have < size:
            piece = self._stream.read(max(CHUNK_BYTES, size - have))
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
            self._fetched += len(piece)
        self._buffer, self._at = b"".join(pieces), 0


class Window:
    """The next `size` bytes of a source as a stream of their own; `finish` passes over what nobody read."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._left = size

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end of the window or of the source."""
        if not self._left:
            return b""
        piece = self._source.some(min(size, self._left))
        self._left -= len(piece)
        return piece

    def finish(self) -> None:
        """Leaves the source behind the window. Raises Broken where the source ends before."""
        self._source.skip(self._left)
        self._left = 0


def _ended() -> Broken:
    return Broken("it ends too early")
