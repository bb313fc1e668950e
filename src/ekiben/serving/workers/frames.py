"""How a message lies in a byte stream: lengths, a header, then bodies that nobody looks into.

    u32 header length · u32 block · u64 length of all bodies · header · bodies        (little-endian)

The header says how the bodies are divided. Where `block` is not 0 they do not follow: they lie in that block of shared
memory (`blocks`). A frame without a header says that the block is free again. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ekiben.serving.wire import Body

_LENGTHS = struct.Struct("<IIQ")
BUFFER_BYTES = 256 * 1024  # what a Unix socket holds at most, about: one read empties it
SMALL_BYTES = 16 * 1024  # a body up to this is copied out of shared memory rather than keep all of it


class Bodies(NamedTuple):
    """The bodies of one frame behind one another. `joined` is memory that stays, or else a buffer soon written over."""

    joined: memoryview
    is_lasting: bool

    def split(self, sizes: Sequence[int]) -> list[Body]:
        """The bodies of the given sizes: views of memory that stays, and one copy of what does not."""
        found: list[Body] = []
        start = 0
        for size in sizes:
            body = self.joined[start : start + size]
            found.append(body if self.is_lasting and size > SMALL_BYTES else bytes(body))
            start += size
        return found


class Frame(NamedTuple):
    """What came. With a `block` the `size` bytes of its bodies lie there, and `bodies` is empty."""

    header: memoryview
    block: int
    size: int
    bodies: Bodies


def frame(header: bytes, bodies: Sequence[Body] = (), *, block: int = 0) -> list[Body]:
    """The pieces of one frame, for one gathering write; large bodies are the same objects, small ones are joined."""
    size = sum(map(len, bodies))
    lengths = _LENGTHS.pack(len(header), block, size)
    if block:
        return [lengths + header]
    if size <= SMALL_BYTES:
        return [b"".join((lengths, header, *bodies))]
    return [lengths + header, *bodies]


class FrameReader:
    """Takes a stream in any pieces, into memory that it owns, and gives every frame that is complete.

    Reading goes by turns: bytes are written into `space()`, then `advance` is told how many. A frame that is larger
    than the buffer gets memory of its own and is received there.
    """

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._start = self._end = 0  # what of the buffer is filled and not yet given
        self._large: memoryview | None = None
        self._filled = 0  # bytes of `_large`

    def space(self) -> memoryview:
        """Where the next bytes belong; never empty."""
        return self._buffer[self._end :] if self._large is None else self._large[self._filled :]

    def advance(self, count: int) -> Iterator[Frame]:
        """The frames that `count` more bytes complete, in order. Each is good until the next one is asked for."""
        if self._large is not None:
            self._filled += count
            if self._filled == len(self._large):
                whole, self._large = self._large, None
                yield _parse(whole, is_lasting=True)
            return
        self._end += count
        while (size := self._next_size()) and size <= self._end - self._start:
            start, self._start = self._start, self._start + size
            yield _parse(self._buffer[start : start + size], is_lasting=False)
        self._make_room(size)

    def _next_size(self) -> int:
        """Bytes of the frame that begins at `_start`; 0 where its lengths are not here yet."""
        if self._end - self._start < _LENGTHS.size:
            return 0
        header_size, block, size = _LENGTHS.unpack_from(self._buffer, self._start)
        return int(_LENGTHS.size + header_size + (0 if block else size))

    def _make_room(self, wanted: int) -> None:
        """Sees to it that the rest of the next frame, of `wanted` bytes in all, can be received in one piece."""
        rest = self._buffer[self._start : self._end]
        if wanted > BUFFER_BYTES:
            self._large = memoryview(bytearray(wanted))
            self._filled = len(rest)
            self._large[: self._filled] = rest
            self._start = self._end = 0
        elif self._start == self._end:
            self._start = self._end = 0
        elif self._start + max(wanted, _LENGTHS.size) > BUFFER_BYTES:
            self._buffer[: len(rest)] = rest.tobytes()
            self._start, self._end = 0, len(rest)


def _parse(whole: memoryview, *, is_lasting: bool) -> Frame:
    header_size, block, size = _LENGTHS.unpack_from(whole)
    bodies_start = _LENGTHS.size + header_size
    return Frame(whole[_LENGTHS.size : bodies_start], block, size, Bodies(whole[bodies_start:], is_lasting))
