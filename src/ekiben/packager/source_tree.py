"""`SourceTree`: a Bento's source by digest, which the bill of materials and the provenance both tell of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.packager.parts import SOURCE
from ekiben.packager.selection.staging import StagedSource
from ekiben.store.disk import disk_errors
from ekiben.store.sums import format_sums


@dataclass(frozen=True, slots=True)
class SourceTree:
    """`digests` by path in the Bento (`src/...`)."""

    digests: Mapping[str, Digest]
    size_bytes: int

    @property
    def digest(self) -> Digest:
        """Of all files at once: the sha256 of their lines in SHA256SUMS."""
        return Digest.of_bytes(format_sums(self.digests))


def read_source_tree(source: StagedSource) -> SourceTree:
    """The tree that lies in the staged folder. Raises StoreError."""
    with disk_errors(source.folder):
        digests = {f"{SOURCE}/{path}": Digest.of_file(source.folder / path) for path in source.fingerprints}
    return SourceTree(digests, sum(one.size_bytes for one in source.fingerprints.values()))
