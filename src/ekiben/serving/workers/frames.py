"""How a message lies in a byte stream: lengths, a header, then bodies that nobody looks into.

    u32 header length · u64 length of all bodies · header · bodies        (little-endian)

The header says how the bodies are divided. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_LENGTHS = struct.Struct("<IQ")


def frame(header: bytes, bodies: Sequence[bytes] = ()) -> list[bytes]:
    """The pieces of one frame, for a gathering write; the bodies are the same objects, not copies."""
    return [_LENGTHS.pack(len(header), sum(map(len, bodies))) + header, *bodies]


def split(joined: memoryview, sizes: Sequence[int]) -> list[bytes]:
    """The bodies of the given sizes that lie behind one another in `joined`."""
    bodies = []
    start = 0
    for size in sizes:
        bodies.append(bytes(joined[start : start + size]))
        start += size
    return bodies


class FrameReader:
    """Takes a stream in any pieces and gives `(header, joined bodies)` of every frame that is complete."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._wanted = _LENGTHS.size  # bytes that must be here before anything new can be said

    def feed(self, data: bytes) -> Iterator[tuple[bytes, memoryview]]:
        """The frames that `data` completes, in order."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size < self._wanted:
            return
        joined = b"".join(self._pieces) if len(self._pieces) > 1 else data
        start = 0
        self._wanted = _LENGTHS.size
        while len(joined) - start >= _LENGTHS.size:
            header_size, bodies_size = _LENGTHS.unpack_from(joined, start)
            bodies_start = start + _LENGTHS.size + header_size
            end = bodies_start + bodies_size
            if len(joined) < end:
                self._wanted = end - start
                break
            yield joined[start + _LENGTHS.size : bodies_start], memoryview(joined)[bodies_start:end]
            start = end
        rest = joined[start:]
        self._pieces = [rest] if rest else []
        self._size = len(rest)
