"""`KeptBlobs`: a repository's blobs as files, each fetched when it is read first, by one process of several."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.oci.drafts import BLOB_MODE, put_over
from ekiben.oci.locking import locked_file
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.saving import Saving
from ekiben.oci.sealed import is_whole, seal
from ekiben.oci.transfer_progress import Meter, Progress
from ekiben.oci.verified import open_verified


@dataclass(frozen=True, slots=True)
class KeptBlobs:
    """The blobs of `repository` in `folder`, which other repositories may share: a blob is the same everywhere.

    A file there is sealed (`sealed`). What is under way ends in `.part`, and is gone on with by whoever needs it
    next.
    """

    client: Client
    repository: str
    folder: Path

    def open(self, digest: Digest) -> BinaryIO:
        """The blob, held to its digest while it is read: a damaged one raises ImageError at its end, and is removed.
        Raises RegistryError where it has to be fetched and cannot be, OSError from the disk."""
        path = self.folder / digest.hex
        if not is_whole(path, digest):
            self._fetch(digest, path)
        return open_verified(path, digest, discards=True)

    def path_of(self, digest: Digest) -> Path | None:
        """The blob's file, None where it was not fetched yet, or is damaged."""
        path = self.folder / digest.hex
        return path if is_whole(path, digest) else None

    def _fetch(self, digest: Digest, path: Path) -> None:
        part = path.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        with locked_file(part) as stream:
            if is_whole(path, digest):  # another process brought it while this one waited
                part.unlink()
                return
            Saving().save(RemoteBlob(self.client, self.repository, digest), part, Meter(Progress()))
            os.fsync(stream.fileno())
            os.fchmod(stream.fileno(), BLOB_MODE)
            seal(stream.fileno())
            put_over(part, path)
