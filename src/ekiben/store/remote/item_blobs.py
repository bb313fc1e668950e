"""`item_blobs`: the blobs of an item in the store, each a tar made from its files for whoever reads it.

Digests of tars are kept in the cache by what the tars are made of, so that an item is read once to be known, and never
again, whether an image or a registry wants it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.blobs import Layer
from ekiben.oci.entries import FILE_MODE, PROGRAM_MODE
from ekiben.oci.image import BlobSource, JoinedSource
from ekiben.oci.measured import MeasuredLayers
from ekiben.oci.parallel import run_all
from ekiben.oci.streamed import StreamedLayer
from ekiben.oci.transfer_progress import Progress
from ekiben.report import Reporter
from ekiben.store.remote.packing import ItemFile, Pack, pack_files
from ekiben.store.sums import SUMS, parse_sums
from ekiben.tag import Tag

_MODELS = "models"
_BENTO = "bento"
_AT_ONCE = 2  # tars that are measured side by side: more would wait for the disk


@dataclass(frozen=True, slots=True)
class ItemBlob:
    """A blob of an item, and the files in it."""

    pack: Pack
    content: StreamedLayer

    @property
    def layer(self) -> Layer:
        """Its digest and size; the media type is that of a layer of an image."""
        return self.content.layer


def model_place(tag: Tag) -> str:
    """The folder of a model in its blobs. It names no version: see `packing`."""
    return f"{_MODELS}/{tag.name}"


def bento_place() -> str:
    """The folder of a Bento in its blobs."""
    return _BENTO


def item_files(folder: Path, executables: Collection[str] = ()) -> tuple[ItemFile, ...]:
    """The files that SHA256SUMS lists of the item in `folder`. Raises DamagedItem, OSError."""
    sums = parse_sums((folder / SUMS).read_bytes())
    return tuple(
        ItemFile(path, (folder / path).stat().st_size, digest, PROGRAM_MODE if path in executables else FILE_MODE)
        for path, digest in sums.items()
    )


def item_blobs(
    folder: Path, files: Iterable[ItemFile], place: str, cache: Path, reporter: Reporter
) -> tuple[ItemBlob, ...]:
    """The blobs of the item in `folder`, in the order of their packs. `cache` is the store's.

    Raises ImageError where a file is no longer what SHA256SUMS says, OSError.
    """
    measured = MeasuredLayers(cache / "layers" / "measured")
    packs = pack_files(files, place)
    known = {pack.key: layer for pack in packs if (layer := measured.find(pack.key))}
    unknown = [pack for pack in packs if pack.key not in known]
    if unknown:
        with reporter.task(f"reading {place}", sum(pack.size_bytes for pack in unknown)) as task:
            progress = Progress(task)
            jobs = [partial(_measure, pack, folder, measured, progress) for pack in unknown]
            layers = run_all(jobs, _AT_ONCE, progress.stop)
            known |= dict(zip((pack.key for pack in unknown), layers, strict=True))
    return tuple(ItemBlob(pack, StreamedLayer(known[pack.key], tuple(pack.entries(folder)))) for pack in packs)


def _measure(pack: Pack, folder: Path, measured: MeasuredLayers, progress: Progress) -> Layer:
    layer = StreamedLayer.measured(pack.entries(folder), progress.advance).layer
    measured.keep(pack.key, layer)
    return layer


def source_of(blobs: Iterable[ItemBlob]) -> BlobSource:
    """Where the blobs are read."""
    sources: dict[Digest, BlobSource] = {one.layer.digest: one.content for one in blobs}
    return JoinedSource(sources=sources)
