"""`Habits`: what one registry was found to take, from its answers; shared by the uploads to it. No sockets.

Chunks are what can be gone on with, and each costs a round trip and, in docker-registry, waiting for the disk. So they
grow where they are through quickly, and are small again for good when a large one fails.
"""

from __future__ import annotations

from dataclasses import dataclass

from ekiben.oci.registry.quirks import CHUNK_BYTES, MIB, Quirks

# The first chunk that a registry gets: more than those take that want blobs whole, and what others want at least.
PROBE_BYTES = 8 * MIB
LONGEST_BYTES = 512 * MIB
_QUICK_S = 2.0  # a chunk that is through in less is followed by one twice as large: what is lost with one is seconds


@dataclass(slots=True)
class Habits:
    """`takes_chunks` is None until it was tried. Without `longest_bytes` chunks do not grow."""

    chunk_bytes: int = CHUNK_BYTES
    probe_bytes: int = PROBE_BYTES
    longest_bytes: int = 0
    takes_chunks: bool | None = None
    whole_first: bool = False
    _grown_bytes: int = 0

    @classmethod
    def guessed(cls, quirks: Quirks) -> Habits:
        """What is thought of a registry before it has answered."""
        if quirks.chunk_bytes is None:
            return cls(takes_chunks=False)
        probe_bytes = min(PROBE_BYTES, quirks.chunk_bytes)
        longest_bytes = LONGEST_BYTES if quirks.chunk_bytes == CHUNK_BYTES else 0
        return cls(quirks.chunk_bytes, probe_bytes, longest_bytes, whole_first=quirks.whole_first)

    def sends_whole(self, size_bytes: int, least_bytes: int) -> bool:
        """Whether a blob goes in one request; `least_bytes` is the smallest chunk that the registry takes."""
        is_small = size_bytes <= max(self.chunk_bytes, least_bytes)
        return is_small or self.takes_chunks is False or self.whole_first

    def next_bytes(self, least_bytes: int) -> int:
        """How large the next chunk should be."""
        if not self.takes_chunks:
            return max(self.probe_bytes, least_bytes)
        return max(self.chunk_bytes, self._grown_bytes, least_bytes)

    def took_chunk(self, size_bytes: int, seconds: float) -> None:
        """A chunk was taken: it takes chunks, unless another upload has found that it does not take every one."""
        if self.takes_chunks is None:
            self.takes_chunks = True
        if self.takes_chunks and size_bytes >= self.chunk_bytes and seconds < _QUICK_S:
            self._grown_bytes = min(2 * size_bytes, self.longest_bytes)

    def failed_chunk(self, size_bytes: int) -> bool:
        """A chunk was refused, or broke off. Whether it was larger than need be, which none is from now on."""
        if is_large := size_bytes > self.chunk_bytes:
            self.longest_bytes = self._grown_bytes = 0
        return is_large

    def broke_off(self) -> None:
        """A whole blob broke off: where there are chunks, however small, they get on better."""
        self.whole_first = False
