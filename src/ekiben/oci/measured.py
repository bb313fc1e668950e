"""`MeasuredLayers`: what is known of layers that are streamed and not stored, so that an unchanged model is not read.

<hex>.json      by the digest of what a layer was made from: a record of its own digest and size
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ekiben.digest import Digest
from ekiben.oci.blobs import Layer
from ekiben.oci.compression import layer_media_type
from ekiben.oci.placing import put_in_place
from ekiben.oci.records import read_record, spelled_record


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class MeasuredLayers:
    """The records in `folder`, a cache: what is damaged counts as absent."""

    folder: Path

    def find(self, key: Digest) -> Layer | None:
        """The uncompressed layer that `key` makes, where it was measured before."""
        record = read_record(self._path(key), _Record)
        if record is None:
            return None
        digest = Digest.parse(record.digest)
        return Layer(digest, record.size, digest, layer_media_type("none"))

    def keep(self, key: Digest, layer: Layer) -> None:
        """Remembers the layer. Raises OSError."""
        put_in_place(self._path(key), spelled_record(_Record(str(layer.digest), layer.size_bytes)))

    def _path(self, key: Digest) -> Path:
        return self.folder / f"{key.hex}.json"
