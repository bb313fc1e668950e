"""`BlobStore`: a folder of blobs by digest, that many processes read and fill at once; `Layer`: what it knows of one.

    blobs/sha256/<hex>      a blob; it has the bytes that its name says, or (after a power cut) other many
    layers/sha256/<hex>     by the digest of whatever a layer was made from: its `Layer`, as JSON
    drafts/                 blobs under way; swept when the next is begun

It is a cache: whoever removes any of it loses time alone. Nothing is synced to the disk for that reason; sizes tell a
blob that a power cut tore, and `open` can hold the bytes to the digest. An OSError passes: the caller knows whose
folder it is, and what to do.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidDigest, NotFound
from ekiben.oci.compression import Compression, blocks, compressor, layer_media_type
from ekiben.oci.drafts import Drafts
from ekiben.oci.entries import Entry
from ekiben.oci.lane import Lane
from ekiben.oci.layer_tar import layer_tar


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

    def open(self, digest: Digest, *, verify: bool = False) -> BinaryIO:
        """The blob, to be read. `verify` reads it once before: a damaged one is removed and raises DamagedItem.
        Raises NotFound where there is none."""
        path = self.path_of(digest)
        try:
            stream = path.open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob `{digest}` in `{self._folder}`") from error
        if verify and (found := Digest(hashlib.file_digest(stream, "sha256").hexdigest())) != digest:
            stream.close()
            path.unlink(missing_ok=True)
            raise DamagedItem(f"the blob `{digest}` had become `{found}`", hint="it was removed: try again")
        stream.seek(0)
        return stream

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
        """The layer that was kept under `key`, where its blob is still there and whole as far as its size tells. The
        blob counts as used: for an image that stands somewhere already, it will not be read."""
        try:
            layer = _read_record(self._record_path(key).read_bytes())
            is_whole = layer is not None and self.path_of(layer.digest).stat().st_size == layer.size_bytes
            if layer is None or not is_whole:
                return None
            with suppress(PermissionError):  # another user's: its times tell less
                os.utime(self.path_of(layer.digest))
        except FileNotFoundError:
            return None
        return layer

    def keep_layer(self, key: Digest, layer: Layer) -> None:
        """Remembers that what `key` is the digest of makes `layer`."""
        record = _Record(str(layer.digest), layer.size_bytes, str(layer.diff_id), layer.media_type)
        self._write(self._record_path(key), msgspec.json.encode(record))

    def _record_path(self, key: Digest) -> Path:
        return self._folder / "layers" / "sha256" / key.hex

    def _write(self, path: Path, content: bytes) -> None:
        with self._drafts.open() as draft:
            draft.stream.write(content)
            draft.put(path)


def _read_record(content: bytes) -> Layer | None:
    try:
        record = msgspec.json.decode(content, type=_Record)
        return Layer(Digest.parse(record.digest), record.size, Digest.parse(record.diff_id), record.media_type)
    except (msgspec.DecodeError, InvalidDigest):
        return None
