"""`ekiben prune --cache`: what is kept to save time, and the least used of it that goes.

Builds hold the caches together while they use them, and whoever prunes holds them alone: so nothing vanishes that a
build has found. The index of the store and the pointers to shared files are no such caches: they take next to nothing,
and are believed in nothing that the disk does not say, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import StoreError
from ekiben.store.layout import Layout
from ekiben.store.lock import PATIENCE_S, alone
from ekiben.store.sharing import pointers

_OWN = ("index", "files")


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A file of a cache: what its going frees, and when it was last used, in seconds since 1970: read, as far as the
    file system notes that, or written. A blob's time of change is its seal and says nothing."""

    path: Path
    size_bytes: int
    used_s: float


def cache_entries(layout: Layout) -> list[CacheEntry]:
    """The files of all caches, the least recently used first."""
    found = []
    for path in _files(layout.cache):
        with suppress(OSError):
            status = path.lstat()
            size_bytes = status.st_blocks * 512 if status.st_nlink == 1 else 0  # else a layout has it, too
            found.append(CacheEntry(path, size_bytes, _used_s(status)))
    return sorted(found, key=lambda entry: (entry.used_s, entry.path))


def choose_entries(
    entries: Sequence[CacheEntry], now_s: float, *, unused_s: float = 0.0, max_bytes: int | None = None
) -> list[CacheEntry]:
    """Those that go, of entries of which the least recently used come first: what was not used for `unused_s`. With
    `max_bytes`, no more of them than it takes for the rest to fit. Pure."""
    going = []
    size_bytes = sum(entry.size_bytes for entry in entries)
    for entry in entries:
        if (max_bytes is not None and size_bytes <= max_bytes) or now_s - entry.used_s < unused_s:
            break
        going.append(entry)
        size_bytes -= entry.size_bytes
    return going


def prune_caches(layout: Layout, entries: Iterable[CacheEntry], patience_s: float = PATIENCE_S) -> None:
    """Removes the entries that were not used since they were chosen, and pointers to what is gone. Raises StoreError
    where builds use the caches for longer than `patience_s`."""
    with alone(layout.cache_lock, patience_s) as is_ours:
        if not is_ours:
            raise StoreError(
                f"builds have been using the caches for {patience_s:.0f} seconds", hint="try again when they are done"
            )
        for entry in entries:
            with suppress(OSError):
                if _used_s(entry.path.lstat()) <= entry.used_s:
                    entry.path.unlink()
                    entry.path.parent.rmdir()  # where that was the last
    for pointer in dangling_pointers(layout):
        pointer.unlink(missing_ok=True)


def dangling_pointers(layout: Layout) -> list[Path]:
    """Pointers to shared files that are gone."""
    try:
        return [path for path in pointers(layout).iterdir() if not path.exists()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _used_s(status: os.stat_result) -> float:
    return max(status.st_mtime, status.st_atime)


def _files(cache: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(cache):
        if Path(here) == cache:
            folders[:] = [name for name in folders if name not in _OWN]
        yield from (Path(here, name) for name in files)
