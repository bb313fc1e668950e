"""How a message lies in a byte stream: lengths, a header, then bodies that nobody looks into.

    u32 header length · u32 block · u64 length of all bodies · header · bodies        (little-endian)

The header says how the bodies are divided. Where `block` is not 0 they do not follow: they lie in that block of shared
memory (`blocks`). A frame without a header says that the block is free again. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ekiben.serving.wire import Body

_LENGTHS = struct.Struct("<IIQ")
BUFFER_BYTES = 256 * 1024  # what a Unix socket holds at most, about: one read empties it
ATTACHED = -1  # the size that says of a body that it came ahead, by itself
SMALL_BYTES = 16 * 1024  # a body up to this is copied out of shared memory rather than keep all of it


class Bodies(NamedTuple):
    """The bodies of one frame behind one another. `joined` is memory that stays, or else a buffer soon written over.

    `attached` are those that came ahead of it, each by itself, the first one first.
    """

    joined: memoryview
    is_lasting: bool
    attached: deque[Body] | None = None

    def split(self, sizes: Sequence[int]) -> list[Body]:
        """The bodies of the given sizes: views of memory that stays, and one copy of what does not."""
        found: list[Body] = []
        start = 0
        for size in sizes:
            if size == ATTACHED:
                assert self.attached is not None, "a body came by itself"
                found.append(self.attached.popleft())
                continue
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
        self._wanted = _LENGTHS.size  # bytes from `_start` on without which nothing new can be said
        self._large: memoryview | None = None
        self._filled = 0  # bytes of `_large`

    def space(self) -> memoryview:
        """Where the next bytes belong; never empty. The frames given before are over now."""
        if self._large is not None:
            return self._large[self._filled :]
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start + self._wanted > BUFFER_BYTES:
            rest = self._buffer[self._start : self._end].tobytes()
            self._buffer[: len(rest)] = rest
            self._start, self._end = 0, len(rest)
        return self._buffer[self._end :]

    def advance(self, count: int) -> list[Frame]:
        """The frames that `count` more bytes complete, in order. They are good until `space` is asked for again."""
        if self._large is not None:
            self._filled += count
            if self._filled < len(self._large):
                return []
            whole, self._large = self._large, None
            return [_frame_in(whole, 0, *_LENGTHS.unpack_from(whole), is_lasting=True)]
        self._end += count
        frames = []
        while True:
            self._wanted = _LENGTHS.size
            if self._end - self._start < self._wanted:
                break
            header_size, block, size = _LENGTHS.unpack_from(self._buffer, self._start)
            self._wanted += header_size + (0 if block else size)
            if self._end - self._start < self._wanted:
                break
            frames.append(_frame_in(self._buffer, self._start, header_size, block, size, is_lasting=False))
            self._start += self._wanted
        if self._wanted > BUFFER_BYTES:
            self._begin_large()
        return frames

    def _begin_large(self) -> None:
        begun = self._buffer[self._start : self._end]
        self._filled = len(begun)
        self._large = memoryview(bytearray(self._wanted))
        self._large[: self._filled] = begun
        self._start = self._end = 0


def _frame_in(memory: memoryview, start: int, header_size: int, block: int, size: int, *, is_lasting: bool) -> Frame:
    header_start = start + _LENGTHS.size
    bodies_start = header_start + header_size
    bodies = memory[bodies_start : bodies_start + (0 if block else size)]
    return Frame(memory[header_start:bodies_start], block, size, Bodies(bodies, is_lasting))
