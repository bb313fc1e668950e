"""Which blobs an item is: how its files are put into tars, so that a changed file is all that travels again. Pure.

A file of at least a megabyte is a blob of its own; smaller ones share one, in the order of their paths. No blob says
which version it is of: what two versions have in common is one blob, in an image as in a registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.artifact_store import Part
from ekiben.oci.entries import FILE_MODE, Entry, FilePart
from ekiben.oci.json_object import canonical
from ekiben.oci.layer_tar import LAYER_TIME_S, complete
from ekiben.oci.tar_header import header

ALONE_BYTES = 1024 * 1024  # a file this large has a blob of its own
BUNDLE_BYTES = 256 * 1024 * 1024  # how much smaller ones share at most
_REVISION = 1  # one more whenever the same files become other blobs


@dataclass(frozen=True, slots=True)
class ItemFile:
    """A file of an item: `path` is relative and POSIX, `digest` what SHA256SUMS says."""

    path: str
    size_bytes: int
    digest: Digest
    mode: int = FILE_MODE


@dataclass(frozen=True, slots=True)
class Pack:
    """The files of one blob, a tar in which each lies at `<place>/<path>`."""

    place: str
    files: tuple[ItemFile, ...]

    @property
    def is_alone(self) -> bool:
        """Whether it is one large file."""
        return len(self.files) == 1 and self.files[0].size_bytes >= ALONE_BYTES

    @property
    def size_bytes(self) -> int:
        """What its files hold."""
        return sum(one.size_bytes for one in self.files)

    @property
    def key(self) -> Digest:
        """What the blob's bytes depend on, known without reading a file."""
        files = [[one.path, str(one.digest), one.size_bytes, one.mode] for one in self.files]
        return Digest.of_bytes(canonical({"pack": _REVISION, "place": self.place, "files": files}))

    @property
    def part(self) -> Part | None:
        """Where in the blob the content of its one large file is; None for one of small files."""
        if not self.is_alone:
            return None
        (file,) = self.files
        entry = Entry.file(f"{self.place}/{file.path}", b"", file.mode)
        folders = sum(len(header(one, 0, LAYER_TIME_S)) for one in complete([entry]) if one.kind == "folder")
        return Part(folders + len(header(entry, file.size_bytes, LAYER_TIME_S)), file.size_bytes, file.digest)

    def entries(self, folder: Path) -> Iterator[Entry]:
        """The tar's entries, for the item that lies in `folder`; each file is held to its digest when it is read."""
        for one in self.files:
            content = FilePart(folder / one.path, 0, one.size_bytes, one.digest)
            yield Entry.file(f"{self.place}/{one.path}", content, one.mode)


def pack_files(files: Iterable[ItemFile], place: str) -> tuple[Pack, ...]:
    """The packs of an item's `files`, those of small files first."""
    ordered = sorted(files, key=lambda one: one.path)
    alone = [Pack(place, (one,)) for one in ordered if one.size_bytes >= ALONE_BYTES]
    return (*_bundles((one for one in ordered if one.size_bytes < ALONE_BYTES), place), *alone)


def _bundles(files: Iterable[ItemFile], place: str) -> Iterator[Pack]:
    held: list[ItemFile] = []
    size_bytes = 0
    for one in files:
        if held and size_bytes + one.size_bytes > BUNDLE_BYTES:
            yield Pack(place, tuple(held))
            held, size_bytes = [], 0
        held.append(one)
        size_bytes += one.size_bytes
    if held:
        yield Pack(place, tuple(held))
