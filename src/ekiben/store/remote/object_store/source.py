"""The blobs of a store as streams, fetched while they are read."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ekiben.digest import Digest
from ekiben.errors import NotInRegistry, WrongBytes
from ekiben.store.remote.object_store.layout import blob_key, mended_by
from ekiben.store.remote.object_store.objects import Objects

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A BlobSource."""

    objects: Objects

    def open(self, digest: Digest) -> BinaryIO:
        """The blob's bytes; WrongBytes comes in place of the end where they are not those of the digest. Raises
        NotInRegistry."""
        found = self.objects.stat(blob_key(digest))
        if found is None:
            raise NotInRegistry(f"`{self.objects.name}` has no blob `{digest}`", hint=mended_by(digest, is_there=False))
        return io.BufferedReader(_Reader(self._verified(digest, found.size_bytes)), _BUFFER_BYTES)

    def _verified(self, digest: Digest, size_bytes: int) -> Iterator[bytes]:
        state = hashlib.sha256()
        for chunk in self.objects.chunks(blob_key(digest), 0, size_bytes):
            state.update(chunk)
            yield chunk
        if state.hexdigest() != digest.hex:
            raise WrongBytes(
                f"`{self.objects.name}` did not send `{digest}`: the bytes are those of `sha256:{state.hexdigest()}`",
                hint=mended_by(digest, is_there=True),
            )


class _Reader(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """The next bytes, as many as are at hand."""
        view = memoryview(buffer).cast("B")
        if not self._left:
            self._left = memoryview(next(self._chunks, b""))
        taken = min(len(view), len(self._left))
        view[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken

    def close(self) -> None:
        """Ends the transfer."""
        if isinstance(self._chunks, Generator):
            self._chunks.close()
        super().close()
