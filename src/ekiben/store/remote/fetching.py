"""Layers of an artifact become files of an item, in a folder of its own.

A large file that another version in the store has is not fetched. Any other comes straight into a file of the cache,
which then gets a second name: no second copy, and no second reading when it is committed. Smaller ones come as tars,
through the one extractor. What was fetched stays in the cache until the item is in the store, so that whoever was
stopped, while it was committed, too, goes on from there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, StoreError
from ekiben.oci.artifact_store import ArtifactStore, Download, Part
from ekiben.report import Reporter
from ekiben.store.archive.compression import CountedStream, decompressed
from ekiben.store.archive.entry import Entry, EntryKind
from ekiben.store.archive.extracting import UnpackedFile, extract
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.limits import Limits, Meter
from ekiben.store.archive.names import NameRegister, shown
from ekiben.store.archive.tar_reader import read_tar
from ekiben.store.archive.tree import Tree
from ekiben.store.receipt import RECEIPT
from ekiben.store.remote.artifacts.artifact import ArtifactLayer
from ekiben.store.sums import SUMS, is_beside

_FORMS = {"tar": ArchiveFormat.tar, "tar+gzip": ArchiveFormat.gz, "tar+zstd": ArchiveFormat.zst}
_DISK_BLOCK = 512  # bytes that a file's blocks are counted in, whatever the disk's are
_SPARE_BYTES = 64 * 1024 * 1024  # of the disk: what is left for small files and the rest of the world


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches out of one repository; `downloads` is the folder of the cache for this item alone. `find` knows where the
    store may have a content already: of large files it is looked at before they are fetched."""

    store: ArtifactStore
    repository: str
    downloads: Path
    reporter: Reporter
    find: Callable[[Digest], Path | None] = lambda _: None

    def fetch(self, layers: Sequence[ArtifactLayer], place: str, folder: Path, limits: Limits) -> Tree:
        """The files of `layers` in the empty `folder`, each held to its digest; in tars they lie in the folder `place`.

        Raises RemoteError, WrongBytes, ArchiveError for what no item holds, StoreError where the disk is too small,
        OSError.
        """
        here = self._take_here(layers, folder)
        alone = [one for one in layers if one.path not in here and (one.part or one.form == "raw")]
        packed = [one for one in layers if one.path not in here and one not in alone]
        wanted = list({one.blob.digest: self._download(one) for one in (*packed, *alone)}.values())
        self.downloads.mkdir(parents=True, exist_ok=True)
        self._require_room(wanted, packed)
        self.store.save_blobs(self.repository, wanted, self.reporter)
        files = {**here, **self._unpack(packed, place, folder, limits)}
        files |= {one.path: self._link(one, folder, alone[:index]) for index, one in enumerate(alone)}
        _check_names(files)
        return Tree(folder, files)

    def _take_here(self, layers: Sequence[ArtifactLayer], folder: Path) -> dict[str, UnpackedFile]:
        """Large files that another version in the store has, too, by a second name: whole, or not at all."""
        taken = {}
        for one in layers:
            found = self.find(one.part.digest) if one.part else None
            if one.part and found and _is_taken(found, folder / one.path, one.part):
                self.reporter.info(f"`{one.path}` is in the store already: it is not fetched")
                taken[one.path] = UnpackedFile(one.part.digest, one.part.size_bytes)
        return taken

    def _download(self, layer: ArtifactLayer) -> Download:
        return Download(layer.blob, self._path(layer), layer.part)

    def _path(self, layer: ArtifactLayer) -> Path:
        return self.downloads / layer.blob.digest.hex

    def _require_room(self, wanted: Iterable[Download], packed: Iterable[ArtifactLayer]) -> None:
        """Told before the first byte: a remote may claim anything. What is unpacked is there twice for a while."""
        missing = sum((one.part or one.blob).size_bytes - _size_of(one.path) for one in wanted)
        missing += sum(one.blob.size_bytes for one in packed)
        free = shutil.disk_usage(self.downloads).free
        if missing + _SPARE_BYTES > free:
            raise StoreError(
                f"{missing:,} bytes are to be fetched, with {_SPARE_BYTES:,} to spare, and `{self.downloads}` has "
                f"{free:,} free",
                hint="free some space (`ekiben prune`), or set EKIBEN_HOME to a folder elsewhere",
            )

    def _unpack(
        self, layers: Sequence[ArtifactLayer], place: str, folder: Path, limits: Limits
    ) -> dict[str, UnpackedFile]:
        packed = _Count()
        meter = Meter(limits, lambda: packed.read_bytes)

        def entries() -> Iterator[Entry]:
            for layer in layers:
                with self._path(layer).open("rb") as file:
                    stream = decompressed(CountedStream(file, packed.add), _FORMS[layer.form])
                    yield from _inside(read_tar(stream, meter.unpacked), place)

        return dict(extract(entries(), folder, meter))

    def _link(self, layer: ArtifactLayer, folder: Path, before: Sequence[ArtifactLayer]) -> UnpackedFile:
        source, target = self._path(layer), folder / layer.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            raise ArchiveError(f"the name `{shown(layer.path)}` is there twice")
        twin = next((one for one in before if one.blob.digest == layer.blob.digest), None)
        if twin:
            shutil.copyfile(folder / twin.path, target)
        else:
            _link(source, target)
        what = layer.part or layer.blob
        return UnpackedFile(what.digest, what.size_bytes)


@dataclass(slots=True)
class _Count:
    read_bytes: int = 0

    def add(self, amount: int) -> None:
        self.read_bytes += amount


def _size_of(path: Path) -> int:
    """What of a file is there: one that several connections fill has gaps."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0
    return min(found.st_size, found.st_blocks * _DISK_BLOCK)


def _is_taken(found: Path, target: Path, part: Part) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(found, target, follow_symlinks=False)
        if target.lstat().st_size == part.size_bytes and Digest.of_file(target) == part.digest:
            return True
        target.unlink()
    except OSError:  # gone this moment, another user's, too many links: then it is fetched
        target.unlink(missing_ok=True)
    return False


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links: who is stopped from here on fetches it again
        source.rename(target)


def _inside(entries: Iterable[Entry], place: str) -> Iterator[Entry]:
    """What lies in the folder `place`, by its path there. Raises ArchiveError for any file that lies elsewhere."""
    for entry in entries:
        path = entry.path.removesuffix("/") if entry.kind is EntryKind.folder else entry.path
        if not place:
            yield entry
        elif path.startswith(f"{place}/"):
            yield replace(entry, path=path.removeprefix(f"{place}/"))
        elif entry.kind is not EntryKind.folder or not f"{place}/".startswith(f"{path}/"):
            raise ArchiveError(f"`{shown(entry.path)}` lies outside of `{place}`")


def _check_names(files: Iterable[str]) -> None:
    register = NameRegister()
    for path in files:
        if path in (SUMS, RECEIPT) or is_beside(path):
            raise ArchiveError(f"`{shown(path)}` is written by the store, and comes in no layer")
        register.add_file(path)
