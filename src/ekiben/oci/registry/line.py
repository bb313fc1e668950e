"""`Line`: one connection of those that bring a blob, which does not ask again for what it is being sent already."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.ranges import ENDLESS


@dataclass(slots=True)
class Line:
    """An answer that is read on as long as what comes next in it is what is wanted next. Its positions
    count from the blob's byte `offset`."""

    blob: RemoteBlob
    offset: int
    position: int | None = field(default=None, init=False)  # the byte that comes next
    has_ended: bool = field(default=False, init=False)
    _chunks: Generator[bytes] | None = field(default=None, init=False)
    _left: memoryview = field(default=memoryview(b""), init=False)
    _until: int | None = field(default=None, init=False)  # the byte that the answer ends before

    def begin(self, start: int, until: int) -> None:
        """Waits for bytes from `start` on, of an answer that is to end before `until`."""
        self.close()
        self._chunks = self.blob.chunks(self.offset + start, None if until == ENDLESS else self.offset + until)
        self.position, self._until = start, until
        self._left = memoryview(next(self._chunks, b""))

    def read(self, start: int, end: int, until: int) -> Iterator[memoryview]:
        """The bytes from `start` up to `end`, of an answer that is to end before `until` where one has to be asked
        for."""
        if self._chunks is None or start == self._until or start != self.position:
            self.begin(start, until)
        assert self._chunks is not None
        while start < end:
            chunk = self._left or memoryview(next(self._chunks, b""))
            if not chunk:
                self.has_ended = True
                return
            chunk, self._left = chunk[: end - start], chunk[end - start :]
            start += len(chunk)
            self.position = start
            yield chunk

    def close(self) -> None:
        """Ends the answer."""
        if self._chunks is not None:
            self._chunks.close()
        self._chunks, self._left, self.position = None, memoryview(b""), None
