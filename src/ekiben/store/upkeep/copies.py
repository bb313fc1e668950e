"""`Copies`: where else in the store a content lies, to mend a damaged file from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.store.layout import Layout
from ekiben.store.shelf import bento_shelf, model_shelf
from ekiben.store.sums import SUMS, parse_sums


class Copies:
    """The files of all items by digest, as their SHA256SUMS tell; read when first asked for."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def find(self, digest: Digest) -> Path | None:
        """A file that has this content now, whatever is said of it."""
        for path in self._known.get(digest, ()):
            with suppress(OSError):
                if not path.is_symlink() and path.is_file() and Digest.of_file(path) == digest:
                    return path
        return None

    @cached_property
    def _known(self) -> dict[Digest, list[Path]]:
        known: defaultdict[Digest, list[Path]] = defaultdict(list)
        for folder in self._folders():
            with suppress(OSError, DamagedItem):
                for path, digest in parse_sums((folder / SUMS).read_bytes()).items():
                    known[digest].append(folder / path)
        return known

    def _folders(self) -> Iterator[Path]:
        for shelf in (model_shelf(self._layout), bento_shelf(self._layout)):
            for name in shelf.names():
                yield from (shelf.folder(tag) for tag in shelf.tags(name))
