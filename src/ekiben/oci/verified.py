"""Blobs that lie with strangers, held to their digests while they are read."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from ekiben.digest import Digest
from ekiben.errors import ImageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER = 1024 * 1024  # bytes read at once


def open_verified(
    path: Path, digest: Digest, *, offset: int = 0, size_bytes: int | None = None, discards: bool = False
) -> BinaryIO:
    """The blob that `path` holds from `offset` on; without a size, to the end. Reading its last byte, or beyond, raises
    ImageError where the bytes are not what `digest` says; `discards` removes the file then, which is a cache's. Raises
    OSError."""
    stream = path.open("rb", buffering=0)
    end = stream.seek(0, io.SEEK_END)
    stream.seek(offset)
    expected = max(end - offset, 0) if size_bytes is None else size_bytes
    return io.BufferedReader(_Verified(stream, digest, expected, path, discards), _BUFFER)


class _Verified(io.RawIOBase):
    """`left` bytes of `stream`, which have to have `digest`."""

    def __init__(self, stream: io.FileIO, digest: Digest, left: int, path: Path, discards: bool) -> None:
        super().__init__()
        self._stream, self._digest, self._left, self._path = stream, digest, left, path
        self._discards = discards
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills `buffer` as far as there is anything."""
        view = memoryview(buffer).cast("B")
        count = self._stream.readinto(view[: self._left]) or 0
        self._hash.update(view[:count])
        self._left -= count
        if (self._left == 0 or (len(view) > 0 and count == 0)) and self._hash.hexdigest() != self._digest.hex:
            self._refuse()
        return count

    def _refuse(self) -> NoReturn:
        if self._discards:
            self._path.unlink(missing_ok=True)
        raise ImageError(
            f"the blob `{self._digest}` in `{self._path}` is damaged: it has other bytes than its digest says",
            hint="it was removed: try again" if self._discards else "fetch or build the image again",
        )

    def close(self) -> None:
        """Closes the file, too."""
        self._stream.close()
        super().close()
