"""`LayerMaker`: makes the layers of an image, or finds them made: none twice, on any number of builds at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.appending import AddedLayer
from ekiben.oci.blobs import BlobStore, Layer
from ekiben.oci.entries import Entry
from ekiben.oci.image import BlobSource, JoinedSource
from ekiben.oci.measured import MeasuredLayers
from ekiben.oci.parallel import Abandoned, run_all
from ekiben.oci.streamed import StreamedLayer
from ekiben.packager.image.native.plan import DEPENDENCIES
from ekiben.report import Reporter
from ekiben.serving.config.cpus import usable_cores

Entries = Callable[[], Iterable[Entry]]  # asked for only where the layer has to be made


def _nothing() -> None:
    """Ends nothing."""


@dataclass(frozen=True, slots=True)
class LayerOrder:
    """A layer to be stored compressed, which holds about `size_bytes`; `layer` is it, where that is known."""

    created_by: str
    key: Digest
    entries: Entries
    size_bytes: int = 0
    layer: Layer | None = None


def largest_first(orders: Iterable[LayerOrder]) -> list[LayerOrder]:
    """The order in which they are made: what takes longest is not left to the end, where it would be alone."""
    return sorted(orders, key=lambda order: (-order.size_bytes, order.created_by))


@dataclass(slots=True)
class LayerMaker:
    """The layers made so far, bottom up. `cache` is a folder of the store's; without `use_cache` all are made anew,
    and kept for others; but none of the keys in `made`, which another platform's image had made just before."""

    cache: Path
    use_cache: bool
    reporter: Reporter
    made: set[Digest] = field(default_factory=set)
    added: list[AddedLayer] = field(default_factory=list)
    _streamed: dict[Digest, BlobSource] = field(default_factory=dict)

    @property
    def source(self) -> BlobSource:
        """Where the blobs of the layers are."""
        return JoinedSource(sources=self._streamed, rest=self.blobs)

    @property
    def blobs(self) -> BlobStore:
        """Where they are stored."""
        return BlobStore(self.cache)

    @property
    def _measured(self) -> MeasuredLayers:
        return MeasuredLayers(self.cache / "measured")

    def known(self, key: Digest | None) -> Layer | None:
        """The stored layer of this key."""
        return self.blobs.known_layer(key) if key and self._may_know(key) else None

    def _may_know(self, key: Digest) -> bool:
        return self.use_cache or key in self.made

    def take(self, created_by: str, layer: Layer) -> None:
        """The next layer is one that is known."""
        self.added.append(AddedLayer(layer, created_by))

    def missing(self, orders: Iterable[LayerOrder]) -> list[LayerOrder]:
        """Those of `orders` that have to be made, the largest first."""
        return largest_first(order for order in orders if (order.layer or self.known(order.key)) is None)

    def add(self, created_by: str, key: Digest, entries: Entries) -> None:
        """The next layer, stored compressed. Raises what `make_layer` raises."""
        self.add_all([LayerOrder(created_by, key, entries)])

    def add_all(self, orders: Sequence[LayerOrder], stop: Callable[[], object] = _nothing) -> None:
        """The next layers, bottom up; those that are not known are made side by side, on all cores. Where one fails,
        `stop` is called, to end what the entries of others wait for; then raises what `make_layer` raises."""
        known = {order.key: layer for order in orders if (layer := order.layer or self.known(order.key))}
        missing = largest_first(order for order in orders if order.key not in known)
        halted = threading.Event()

        def halt() -> None:
            halted.set()
            stop()

        jobs = [partial(self._make, order, halted) for order in missing]
        made = run_all(jobs, usable_cores(), halt) if jobs else []
        layers = known | {order.key: layer for order, layer in zip(missing, made, strict=True)}
        for order in orders:
            self.take(order.created_by, layers[order.key])

    def _make(self, order: LayerOrder, halted: threading.Event) -> Layer:
        made_of = tuple(order.entries())
        with self.reporter.task(order.created_by, _total(made_of)) as task:

            def advance(amount: int) -> None:
                if halted.is_set():
                    raise Abandoned("stopped, since another layer failed")
                task.advance(amount)

            layer = self.blobs.make_layer(made_of, DEPENDENCIES, advance=advance)
        self.blobs.keep_layer(order.key, layer)
        self.made.add(order.key)
        return layer

    def add_streamed(self, created_by: str, key: Digest, entries: Entries) -> Layer:
        """Adds the next layer, of files that lie in the store already, and gives it: nothing is written, and they are
        read once to know the layer, and whenever somebody reads it."""
        made_of = tuple(entries())
        layer = self._measured.find(key) if self._may_know(key) else None
        if layer is None:
            with self.reporter.task(created_by, _total(made_of)) as task:
                layer = StreamedLayer.measured(made_of, task.advance).layer
            self._measured.keep(key, layer)
            self.made.add(key)
        self._streamed[layer.digest] = StreamedLayer(layer, made_of)
        self.take(created_by, layer)
        return layer


def _total(entries: Iterable[Entry]) -> int:
    return sum(entry.size_bytes for entry in entries)
