"""A blob, or the part of one, into a file: behind what an earlier process has left, and held to its digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.errors import NotInRegistry, WrongBytes
from ekiben.oci.artifact_store import Download
from ekiben.oci.locking import locked_file
from ekiben.oci.transfer_progress import Meter
from ekiben.store.remote.object_store.layout import blob_key, mended_by
from ekiben.store.remote.object_store.objects import Objects

_READ_BYTES = 1024 * 1024
_LOOK_AGAIN_S = 0.1  # whether another process has done with a file


@dataclass(frozen=True, slots=True)
class Saving:
    """One download."""

    objects: Objects
    download: Download
    meter: Meter

    def run(self) -> None:
        """Writes the file. Raises WrongBytes after removing it, OSError from the disk."""
        path = self.download.path
        self._check_part()
        with locked_file(path, lambda: self.meter.progress.pause(_LOOK_AGAIN_S)), path.open("r+b") as stream:
            try:
                self._continue(stream)
            except WrongBytes:  # what was there may have been damaged: once more from the first byte
                stream.truncate(0)
                try:
                    self._continue(stream)
                except WrongBytes:
                    path.unlink()
                    raise

    def _continue(self, stream: BinaryIO) -> None:
        offset, size_bytes, digest = self._wanted
        state = hashlib.sha256()
        stream.seek(0)
        while chunk := stream.read(_READ_BYTES):
            state.update(chunk)
        position = stream.tell()
        if position > size_bytes:
            raise self._wrong("what an earlier try left is longer than that")
        self.meter.reached(position)
        if position < size_bytes:
            self._check_there()
        for chunk in self.objects.chunks(blob_key(self.download.blob.digest), offset + position, offset + size_bytes):
            stream.write(chunk)
            state.update(chunk)
            position += len(chunk)
            self.meter.reached(position)
        stream.flush()
        if state.hexdigest() != digest.hex:
            raise self._wrong(f"the bytes are those of `sha256:{state.hexdigest()}`")

    @property
    def _wanted(self) -> tuple[int, int, Digest]:
        """From which byte of the blob on, how many, and what they are."""
        blob, part = self.download.blob, self.download.part
        return (part.offset, part.size_bytes, part.digest) if part else (0, blob.size_bytes, blob.digest)

    def _check_part(self) -> None:
        blob, part = self.download.blob, self.download.part
        if part and part.offset + part.size_bytes > blob.size_bytes:
            raise self._wrong(f"its part of {part.size_bytes} bytes at {part.offset} is said to end behind it")

    def _check_there(self) -> None:
        blob = self.download.blob
        found = self.objects.stat(blob_key(blob.digest))
        if found is None:
            raise NotInRegistry(
                f"`{self.objects.name}` has no blob `{blob.digest}`", hint=mended_by(blob.digest, is_there=False)
            )
        if found.size_bytes != blob.size_bytes:
            raise self._wrong(f"it has {found.size_bytes} bytes, and not {blob.size_bytes}")

    def _wrong(self, why: str) -> WrongBytes:
        return WrongBytes(
            f"`{self.objects.name}` did not send `{self.download.blob.digest}`: {why}",
            hint=mended_by(self.download.blob.digest, is_there=True),
        )
