"""`KeptClaims`: the paths that a wheel claims, kept so that a wheel whose layer is known need not be opened, nor be
there, only to see that another one claims none of them.

<hex>.json      by the wheel's digest and what else its tree depends on: the digest of each file by its path
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.json_object import canonical
from ekiben.oci.placing import put_in_place
from ekiben.oci.records import read_record, spelled_record
from ekiben.packager.image.native.wheels.tree import TREE_REVISION, WheelTree

Claims = Mapping[str, str]  # digests in hex, by the paths of files


def claims_of(tree: WheelTree) -> Claims:
    """What the wheel of this tree claims."""
    return {path: digest.hex for path, digest in tree.file_index.items()}


def are_disjoint(claims: Iterable[Claims | None]) -> bool:
    """Whether nothing is claimed twice but by files of one content, and nothing as a file and as a folder; False where
    the claims of one are not known. What is not so may be no conflict yet: `conflicts` tells."""
    files: dict[str, str] = {}
    for one in claims:
        if one is None:
            return False
        for path, digest in one.items():
            if files.setdefault(path, digest) != digest:
                return False
    return files.keys().isdisjoint(_folders(files))


def _folders(paths: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            yield folder
            folder = folder.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class KeptClaims:
    """Those for the minor version `python`, in `folder`, a cache: what is damaged counts as absent."""

    folder: Path
    python: str

    def find(self, wheel: Digest) -> Claims | None:
        """What the wheel of this digest claims, where it was opened before."""
        return read_record(self._path(wheel), dict[str, str])

    def keep(self, wheel: Digest, claims: Claims) -> None:
        """Remembers it. Raises OSError."""
        put_in_place(self._path(wheel), spelled_record(claims))

    def _path(self, wheel: Digest) -> Path:
        key = Digest.of_bytes(canonical({"wheel": str(wheel), "tree": TREE_REVISION, "python": self.python}))
        return self.folder / f"{key.hex}.json"
