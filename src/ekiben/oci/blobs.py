"""`BlobStore`: a folder of blobs by digest, that many processes read and fill at once; `Layer`: what it knows of one.

    blobs/sha256/<hex>      a blob, sealed (`sealed`)
    layers/sha256/<hex>     by the digest of whatever a layer was made from: its `Layer`
    drafts/                 blobs under way; swept when the next is begun

It is a cache: whoever removes or damages any of it loses time alone. Nothing is synced to the disk for that reason;
sizes tell a blob that a power cut tore. An OSError passes: the caller knows whose folder it is, and what to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, NotFound
from ekiben.oci.compression import Compression, blocks, compressor, layer_media_type
from ekiben.oci.drafts import Drafts
from ekiben.oci.entries import Entry
from ekiben.oci.lane import Lane
from ekiben.oci.layer_tar import layer_tar
from ekiben.oci.records import read_record, spelled_record
from ekiben.oci.sealed import is_whole, note_use
from ekiben.oci.verified import open_verified

_CHUNK = 1024 * 1024  # bytes read at once


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer's blob, and `diff_id`: the digest of the tar that it unpacks to."""

    digest: Digest
    size_bytes: int
    diff_id: Digest
    media_type: str


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    """A `Layer` on disk."""

    digest: str
    size: int
    diff_id: str
    media_type: str


def _nothing(_: int) -> None:
    """Tells nobody."""


class BlobStore:
    """The blobs in `folder`, which is made when the first is put there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drafts = Drafts(folder / "drafts")

    def path_of(self, digest: Digest) -> Path:
        """Where the blob is, or would be: a file that others may link to, not write to."""
        return self._folder / "blobs" / "sha256" / digest.hex

    def has(self, digest: Digest) -> bool:
        """Whether there is such a blob."""
        return self.path_of(digest).is_file()

    def open(self, digest: Digest) -> BinaryIO:
        """The blob, held to its digest while it is read: a damaged one raises ImageError at its end, and is removed.
        Raises NotFound where there is none."""
        try:
            return open_verified(self.path_of(digest), digest, discards=True)
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob `{digest}` in `{self._folder}`") from error

    def check(self, digest: Digest) -> None:
        """Reads the blob, sealed or not, for those who will read parts of its file. Raises as `open`, and ImageError
        where it is damaged."""
        with self.open(digest) as stream:
            while stream.read(_CHUNK):
                pass

    def put_bytes(self, content: bytes) -> Digest:
        """Stores a small blob."""
        digest = Digest.of_bytes(content)
        self._write(self.path_of(digest), content)
        return digest

    def make_layer(
        self,
        entries: Iterable[Entry],
        compression: Compression = "gzip",
        *,
        advance: Callable[[int], object] = _nothing,
    ) -> Layer:
        """The layer of `entries`: tarred, hashed, compressed and stored in one pass, in bounded memory.

        `advance` is told the bytes of the tar as they are done, in this thread; what it raises ends the work. Raises
        what `layer_tar` raises.
        """
        tar_hash, stream = hashlib.sha256(), compressor(compression)
        blob_hash = hashlib.sha256() if compression != "none" else None  # which is its own tar
        with self._drafts.open() as draft:

            def write(packed: bytes) -> None:
                if blob_hash:
                    blob_hash.update(packed)
                draft.stream.write(packed)

            with Lane(tar_hash.update) as hashing, Lane(lambda block: write(stream.compress(block))) as packing:
                for block in blocks(layer_tar(entries)):
                    hashing.put(block)
                    packing.put(block)
                    advance(len(block))
            write(stream.flush())
            diff_id = Digest(tar_hash.hexdigest())
            digest = Digest(blob_hash.hexdigest()) if blob_hash else diff_id
            size_bytes = draft.stream.tell()
            draft.put(self.path_of(digest))
        return Layer(digest, size_bytes, diff_id, layer_media_type(compression))

    def known_layer(self, key: Digest) -> Layer | None:
        """The layer that was kept under `key`, where its blob is still there and whole. The blob counts as used: for an
        image that stands somewhere already, it will not be read."""
        layer = _layer_of(read_record(self._record_path(key), _Record))
        if layer is None or not is_whole(self.path_of(layer.digest), layer.digest, layer.size_bytes):
            return None
        with suppress(OSError):  # another user's, or gone this moment: then its times tell less
            note_use(self.path_of(layer.digest))
        return layer

    def keep_layer(self, key: Digest, layer: Layer) -> None:
        """Remembers that what `key` is the digest of makes `layer`."""
        record = _Record(str(layer.digest), layer.size_bytes, str(layer.diff_id), layer.media_type)
        self._write(self._record_path(key), spelled_record(record))

    def _record_path(self, key: Digest) -> Path:
        return self._folder / "layers" / "sha256" / key.hex

    def _write(self, path: Path, content: bytes) -> None:
        with self._drafts.open() as draft:
            draft.stream.write(content)
            draft.put(path)


def _layer_of(record: _Record | None) -> Layer | None:
    if record is None:
        return None
    try:
        return Layer(Digest.parse(record.digest), record.size, Digest.parse(record.diff_id), record.media_type)
    except InvalidDigest:
        return None
