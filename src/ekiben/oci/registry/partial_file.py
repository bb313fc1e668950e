"""`PartialFile`: a file that fills from several places at once, and says after any kill what of it is there.

    a file that grows at its end      is as far as it is long
    a file with gaps                  content, as long as it will be | header | bytes that have come, piece by piece

What it says stands behind the content, in the same file: it is renamed, removed and locked with it, and goes with one
cut when all has come. It is a hint, and no more: whoever fills the file holds it to its digest in the end.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.registry.ranges import PIECE_BYTES, Pieces

_HEADER = struct.Struct("<8s32sQQ")  # the magic, whose bytes these are, how many, and how many make a piece
_MAGIC = b"EKIBENP1"
_COUNT = struct.Struct("<Q")


@dataclass(slots=True)
class PartialFile:
    """The open file `descriptor`, to hold `size_bytes` (None where nobody knows) of content with `digest`."""

    descriptor: int
    digest: Digest
    size_bytes: int | None
    piece_bytes: int = PIECE_BYTES
    _has_record: bool = False

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, digest: Digest, size_bytes: int | None, piece_bytes: int = PIECE_BYTES
    ) -> Iterator[PartialFile]:
        """The file at `path`, made if need be, for the block. Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            yield cls(descriptor, digest, size_bytes, piece_bytes)
        finally:
            os.close(descriptor)

    def found(self) -> Pieces:
        """What is there. A file that cannot be gone on with is emptied. Raises OSError."""
        pieces, length = Pieces.of_size(self.size_bytes, self.piece_bytes), os.fstat(self.descriptor).st_size
        if length <= pieces.size_bytes:
            pieces.note_front(length)
        elif not self._read_record(pieces):
            self.clear()
        return pieces

    def write(self, position: int, content: memoryview) -> None:
        """Raises OSError."""
        while content:
            written = os.pwrite(self.descriptor, content, position)
            content, position = content[written:], position + written

    def record(self, pieces: Pieces) -> None:
        """From now on `note` keeps what has come, and the file may have gaps. Raises OSError."""
        if not self._has_record:
            counts = b"".join(_COUNT.pack(pieces.come(index)) for index in range(pieces.count()))
            self.write(pieces.size_bytes, memoryview(self._header() + counts))
            self._has_record = True

    def note(self, index: int, come: int) -> None:
        """The first bytes of a piece are written, `come` of them. Raises OSError."""
        if self._has_record:
            place = (self.size_bytes or 0) + _HEADER.size + index * _COUNT.size
            self.write(place, memoryview(_COUNT.pack(come)))

    def read_into(self, buffer: memoryview, position: int) -> int:
        """Bytes of the content, up to the end of `buffer` or the file; how many. Raises OSError."""
        return os.preadv(self.descriptor, [buffer], position)

    def finish(self) -> None:
        """All is there: what is no content goes. Raises OSError."""
        if self._has_record and self.size_bytes is not None:
            os.ftruncate(self.descriptor, self.size_bytes)
            self._has_record = False

    def clear(self) -> None:
        """Nothing is there. Raises OSError."""
        os.ftruncate(self.descriptor, 0)
        self._has_record = False

    def _header(self) -> bytes:
        return _HEADER.pack(_MAGIC, bytes.fromhex(self.digest.hex), self.size_bytes or 0, self.piece_bytes)

    def _read_record(self, pieces: Pieces) -> bool:
        """Whether there is one, of this content; `pieces` knows what it says then."""
        wanted = _HEADER.size + pieces.count() * _COUNT.size
        content = os.pread(self.descriptor, wanted + 1, pieces.size_bytes)
        if len(content) != wanted or not content.startswith(self._header()):
            return False
        counts = [count for (count,) in _COUNT.iter_unpack(content[_HEADER.size :])]
        reached = [index * self.piece_bytes + count for index, count in enumerate(counts)]
        if any(position > pieces.end(index) for index, position in enumerate(reached)):
            return False
        for index, position in enumerate(reached):
            pieces.note(index, position)
        self._has_record = True
        return True
