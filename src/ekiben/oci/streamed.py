"""`StreamedLayer`: a layer that is stored nowhere, and made anew from its entries for whoever reads it.

For files that lie on this disk already and do not compress, such as weights: writing a layer of them costs more than
reading them twice, and would fill a cache with second copies.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import Layer
from ekiben.oci.compression import blocks, layer_media_type
from ekiben.oci.entries import Entry
from ekiben.oci.lane import Lane
from ekiben.oci.layer_tar import layer_tar

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER = 128 * 1024  # bytes: what small reads are served from


@dataclass(frozen=True, slots=True)
class StreamedLayer:
    """A source of one blob, the tar of `entries`, uncompressed. `layer` may have been kept from an earlier time."""

    layer: Layer
    entries: tuple[Entry, ...]

    @classmethod
    def measured(cls, entries: Iterable[Entry], advance: Callable[[int], object]) -> StreamedLayer:
        """The layer of `entries`, after reading them once. `advance` and errors as in `BlobStore.make_layer`."""
        held = tuple(entries)
        tar_hash, size_bytes = hashlib.sha256(), 0
        with Lane(tar_hash.update) as hashing:
            for block in blocks(layer_tar(held)):
                hashing.put(block)
                size_bytes += len(block)
                advance(len(block))
        digest = Digest(tar_hash.hexdigest())
        return cls(Layer(digest, size_bytes, digest, layer_media_type("none")), held)

    def open(self, digest: Digest) -> BinaryIO:
        """The tar, forward only. Reading it raises ImageError where a file is no longer what it was, OSError where one
        cannot be read. Raises NotFound for any other digest."""
        if digest != self.layer.digest:
            raise NotFound(f"the layer `{self.layer.digest}` is not the blob `{digest}`")
        return io.BufferedReader(_Stream(self._blocks()), _BUFFER)

    def _blocks(self) -> Generator[bytes]:
        tar_hash = hashlib.sha256()
        with Lane(tar_hash.update) as hashing:
            for block in blocks(layer_tar(self.entries)):
                hashing.put(block)
                yield block
        if (found := Digest(tar_hash.hexdigest())) != self.layer.digest:
            raise ImageError(
                f"the layer `{self.layer.digest}` has become `{found}`: a file of it was changed",
                hint="build the image again",
            )


class _Stream(io.RawIOBase):
    """A generator of bytes as a stream; closing it closes the generator."""

    def __init__(self, pieces: Generator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills `buffer` from the piece at hand, or from the next."""
        view = memoryview(buffer).cast("B")
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Ends the generator, wherever it is."""
        self._pieces.close()
        super().close()
