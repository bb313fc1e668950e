"""`LayerMaker`: makes the layers of an image, or finds them made: none twice, on any number of builds at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.appending import AddedLayer
from ekiben.oci.blobs import BlobStore, Layer
from ekiben.oci.entries import Entry
from ekiben.oci.image import BlobSource, JoinedSource
from ekiben.oci.streamed import StreamedLayer
from ekiben.packager.image.native.measured import MeasuredLayers
from ekiben.packager.image.native.plan import DEPENDENCIES
from ekiben.report import Reporter

Entries = Callable[[], Iterable[Entry]]  # asked for only where the layer has to be made


@dataclass(slots=True)
class LayerMaker:
    """The layers made so far, bottom up. `cache` is a folder of the store's; without `use_cache` all are made anew,
    and kept for others."""

    cache: Path
    use_cache: bool
    reporter: Reporter
    added: list[AddedLayer] = field(default_factory=list)
    _streamed: dict[Digest, BlobSource] = field(default_factory=dict)

    @property
    def source(self) -> BlobSource:
        """Where the blobs of the layers are."""
        return JoinedSource(sources=self._streamed, rest=self._blobs)

    @property
    def _blobs(self) -> BlobStore:
        return BlobStore(self.cache)

    @property
    def _measured(self) -> MeasuredLayers:
        return MeasuredLayers(self.cache / "measured")

    def known(self, key: Digest | None) -> Layer | None:
        """The stored layer of this key."""
        return self._blobs.known_layer(key) if key and self.use_cache else None

    def take(self, created_by: str, layer: Layer) -> None:
        """The next layer is one that is known."""
        self.added.append(AddedLayer(layer, created_by))

    def add(self, created_by: str, key: Digest, entries: Entries) -> None:
        """The next layer, stored compressed. Raises what `make_layer` raises."""
        layer = self.known(key)
        if layer is None:
            made_of = tuple(entries())
            with self.reporter.task(created_by, _total(made_of)) as task:
                layer = self._blobs.make_layer(made_of, DEPENDENCIES, advance=task.advance)
            self._blobs.keep_layer(key, layer)
        self.take(created_by, layer)

    def add_streamed(self, created_by: str, key: Digest, entries: Entries) -> None:
        """The next layer, of files that lie in the store already: nothing is written, and they are read once to know
        the layer, and whenever somebody reads it."""
        made_of = tuple(entries())
        layer = self._measured.find(key) if self.use_cache else None
        if layer is None:
            with self.reporter.task(created_by, _total(made_of)) as task:
                layer = StreamedLayer.measured(made_of, task.advance).layer
            self._measured.keep(key, layer)
        self._streamed[layer.digest] = StreamedLayer(layer, made_of)
        self.take(created_by, layer)


def _total(entries: Iterable[Entry]) -> int:
    return sum(entry.size_bytes for entry in entries)
