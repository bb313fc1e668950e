"""The cache of downloads: a folder for each item that is being fetched, by its digest, with the blobs as far as they
came. Whoever fetches an item holds its lock, so that of several processes one fetches it. Use it while the store's
cache is held."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.locking import claim_file, locked_file
from ekiben.report import Reporter

FOLDER = "downloads"
_MODE = 0o666  # of a lock, less the umask: a store may be that of several users


@dataclass(frozen=True, slots=True)
class Downloads:
    """`cache` is the store's."""

    cache: Path
    reporter: Reporter

    def folder(self, item: Digest) -> Path:
        """Where the blobs of an item are while it is fetched."""
        return self.cache / FOLDER / item.hex

    @contextmanager
    def held(self, items: Iterable[Digest]) -> Iterator[None]:
        """Nobody else fetches these items in the block. All who want several take them in one order."""
        with ExitStack() as stack:
            for item in sorted(set(items)):
                self._take(stack, self.cache / FOLDER / f"{item.hex}.lock")
            yield

    def drop(self, items: Iterable[Digest]) -> None:
        """Removes what was fetched of these items: the store has them."""
        for item in items:
            shutil.rmtree(self.folder(item), ignore_errors=True)

    def _take(self, stack: ExitStack, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if free := claim_file(path, _MODE):
            stack.enter_context(free)
            return
        self.reporter.info("another process is fetching the same: waiting for it")
        stack.enter_context(locked_file(path))


def kept_bytes(cache: Path) -> int:
    """How much is there of what was not fetched to its end, but for gaps."""
    found = [path.stat() for path in (cache / FOLDER).glob("*/*") if path.is_file()]
    return sum(min(one.st_size, one.st_blocks * 512) for one in found)
