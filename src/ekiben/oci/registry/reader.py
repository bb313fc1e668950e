"""A blob in a registry as a file to read from: what is not read is not fetched."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, BinaryIO

from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.transport import CHUNK_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def open_blob(blob: RemoteBlob) -> BinaryIO:
    """The blob's bytes, seekable. Reads raise RegistryError.

    Who reads from front to end gets WrongBytes in place of the end where the bytes are not those of the digest; who
    seeks, or stops before, checks for himself.
    """
    return io.BufferedReader(_BlobReader(blob), CHUNK_BYTES)


class _BlobReader(io.RawIOBase):
    def __init__(self, blob: RemoteBlob) -> None:
        self._blob = blob
        self._position = 0
        self._chunks: Iterator[bytes] | None = None
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is: the next read asks for a range."""
        return True

    def tell(self) -> int:
        """The byte that is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a byte; from the end too, where the size is known or the registry says it."""
        self._checkClosed()
        match whence:
            case io.SEEK_SET:
                target = offset
            case io.SEEK_CUR:
                target = self._position + offset
            case io.SEEK_END:
                target = (
                    self._blob.size_bytes if self._blob.size_bytes is not None else self._blob.head() or 0
                ) + offset
            case _:
                raise ValueError(f"{whence} is no place to seek from")
        if target < 0:
            raise ValueError(f"{target} is before the blob's first byte")
        if target != self._position:
            self._stop()
            self._position = target
        return target

    def readinto(self, buffer: WriteableBuffer) -> int:
        """The next bytes, as many as are at hand."""
        view = memoryview(buffer).cast("B")
        if self._chunks is None:
            self._chunks = self._blob.verified() if self._position == 0 else self._blob.chunks(self._position)
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        taken = min(len(view), len(self._left))
        view[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        self._position += taken
        return taken

    def close(self) -> None:
        """Ends the transfer."""
        self._stop()
        super().close()

    def _stop(self) -> None:
        if isinstance(self._chunks, Generator):
            self._chunks.close()
        self._chunks, self._left = None, memoryview(b"")
