"""`WheelBytecode`: the .pyc of each wheel of an image, compiled once and kept, since they depend on the wheel alone.

So a wheel that joins others, or one of them in another version, is all that is compiled for their layer. What is kept
of a wheel is an uncompressed layer of its .pyc, among the layers of the store's cache and as safe to lose as these.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import BlobStore
from ekiben.oci.entries import Entry, FilePart
from ekiben.oci.stretches import find_stretches
from ekiben.packager.image.native.bytecode import bytecode_key, pyc_path, uncompiled
from ekiben.packager.image.native.compilers import Compilers, Compiling
from ekiben.packager.image.native.interpreters import Interpreter
from ekiben.packager.image.native.plan import layer_key
from ekiben.packager.image.native.wheels.conflicts import joined
from ekiben.packager.image.native.wheels.tree import TREE_REVISION, WheelTree
from ekiben.packager.image.running import VENV
from ekiben.report import Reporter


class WheelBytecode:
    """A context manager: however its block ends, so do the processes that compile. What it gives are entries whose
    bytes are in files below `scratch` and in `blobs`; without `use_cache` those are made anew."""

    def __init__(
        self, interpreter: Interpreter, python: str, scratch: Path, blobs: BlobStore, *, use_cache: bool
    ) -> None:
        self._interpreter = interpreter
        self._python = python
        self._blobs = blobs
        self._use_cache = use_cache
        self._compilers = Compilers(interpreter, scratch)
        self._kept: dict[Digest, tuple[Entry, ...]] = {}
        self._compiling: dict[Digest, Compiling] = {}
        self._running = ExitStack()

    def begin(self, trees: Mapping[Digest, WheelTree], reporter: Reporter) -> None:
        """Has the modules of these wheels compiled, in this order, but for those that were kept."""
        self._kept = {digest: found for digest in trees if (found := self._find(digest)) is not None}
        rest = {digest: tree for digest, tree in trees.items() if digest not in self._kept}
        sources = {digest: uncompiled(tree.entries, self._interpreter.cache_tag) for digest, tree in rest.items()}
        total = sum(map(len, sources.values()))
        if total == 0:
            return
        task = self._running.enter_context(reporter.task("compiling modules", total, "modules"))
        lock = threading.Lock()

        def advance(amount: int) -> None:
            with lock:
                task.advance(amount)

        self._compiling = {digest: self._compilers.begin(its, advance) for digest, its in sources.items()}

    def entries(self, trees: Mapping[Digest, WheelTree]) -> tuple[Entry, ...]:
        """All files of wheels that share a layer: theirs, and the .pyc of these, once they are there. Wheels of a layer
        of their own are not kept, since they are compiled again only with it. Raises what `Compiling` raises."""
        entries = joined(trees.values())
        installed = {entry.path: entry for entry in entries}
        added: dict[str, Entry] = {}
        for digest, tree in trees.items():
            own = (entry.path for entry in tree.entries if installed[entry.path] is entry)
            wanted = {pyc_path(path, self._interpreter.cache_tag) for path in own} - installed.keys()
            made = self._made(digest, tree, keep=len(trees) > 1)
            added |= {entry.path: entry for entry in made if entry.path in wanted}
        return (*entries, *added.values())

    def stop(self) -> None:
        """Ends what `entries` waits for."""
        self._compilers.stop()

    def _made(self, digest: Digest, tree: WheelTree, *, keep: bool) -> tuple[Entry, ...]:
        if digest in self._kept:
            return self._kept[digest]
        compiling = self._compiling.get(digest)
        if compiling is None:  # of a layer that was known by then, and that somebody has removed from the cache since
            compiling = self._compilers.begin(uncompiled(tree.entries, self._interpreter.cache_tag))
        made = compiling.entries()
        if keep and made:
            self._blobs.keep_layer(self._key(digest), self._blobs.make_layer(made, "none"))
        return made

    def _find(self, digest: Digest) -> tuple[Entry, ...] | None:
        """What was kept of a wheel, with every byte as it was; None where nothing was, or where it is damaged."""
        layer = self._blobs.known_layer(self._key(digest)) if self._use_cache else None
        if layer is None:
            return None
        try:
            self._blobs.check(layer.digest)
            path = self._blobs.path_of(layer.digest)
            stretches = find_stretches(path).items()
        except (NotFound, ImageError):
            return None
        return tuple(Entry.file(name, FilePart(path, one.offset, one.size_bytes)) for name, one in stretches)

    def _key(self, wheel: Digest) -> Digest:
        compiler = bytecode_key(self._interpreter)
        made_of = {"wheel": str(wheel), "tree": TREE_REVISION, "bytecode": compiler, "python": self._python}
        return layer_key({**made_of, "venv": VENV}, "none")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._running:
            self._compilers.__exit__(kind, error, trace)
