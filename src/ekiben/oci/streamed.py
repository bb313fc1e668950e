"""`StreamedLayer`: a layer that is stored nowhere, and made anew from its entries for whoever reads it.

For files that lie on this disk already and do not compress, such as weights: writing a layer of them costs more than
reading them twice, and would fill a cache with second copies.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import Layer
from ekiben.oci.compression import blocks, layer_media_type
from ekiben.oci.entries import Entry, FilePart, ZipPart
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
        """The tar, held to the layer's digest alone: that of each file would be a second hash over the same bytes. The
        last block comes when the digest is known to hold, so that nobody ever has all of another layer."""
        tar_hash, last = hashlib.sha256(), b""
        with Lane(tar_hash.update) as hashing:
            for block in blocks(layer_tar(map(_unchecked, self.entries))):
                hashing.put(block)
                if last:
                    yield last
                last = block
        found = Digest(tar_hash.hexdigest())
        if found != self.layer.digest:
            self._blame_file()
            raise ImageError(
                f"the layer `{self.layer.digest}` has become `{found}`: a file of it was changed",
                hint="build the image again",
            )
        yield last

    def _blame_file(self) -> None:
        """Raises ImageError with the name of a file that has another digest than its entry says."""
        for _ in layer_tar(self.entries):
            pass


def _unchecked(entry: Entry) -> Entry:
    part = entry.content
    return replace(entry, content=replace(part, digest=None)) if isinstance(part, FilePart | ZipPart) else entry


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
