"""Folders in tmp/ that belong to one process and die with it.

Each is `tmp/<random>/` with a `lock` file that its owner holds, so the kernel tells the living from the dead: a process
id in a name could not (containers share a volume and not their ids). Whoever stages next sweeps what the dead left.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ekiben.store.disk import disk_errors, make_folder, remove_tree, sync, write_synced
from ekiben.store.layout import Layout
from ekiben.store.lock import Hold, exclusive, try_hold

_LOCK = "lock"
_CONTENT = "content"
_TRASH = "trash-"  # already out of every reader's sight: removed by whoever sees it
_FOREIGN_AGE_S = 24 * 3600.0  # what nobody holds a lock on is left alone for a day: it may be somebody's after all


def _random_name() -> str:
    return os.urandom(8).hex()


@contextmanager
def staging(layout: Layout) -> Iterator[Path]:
    """An empty folder for the block, removed at its end whatever happens. Raises StoreError where it cannot be made."""
    with disk_errors(layout.home):
        place, hold = _open(layout)
    try:
        yield place / _CONTENT
    finally:
        remove_tree(place)
        hold.release()


def _open(layout: Layout) -> tuple[Path, Hold]:
    make_folder(layout.tmp)
    with exclusive(layout.lock):  # nobody sweeps between the making of a folder and its locking
        dead = _claim_leftovers(layout.tmp)
        place = layout.tmp / _random_name()
        place.mkdir()
        hold = try_hold(place / _LOCK)
        assert hold is not None, "a new folder's lock is free"
        (place / _CONTENT).mkdir()
    for path, claim in dead:
        remove_tree(path)
        if claim:
            claim.release()
    return place, hold


def _claim_leftovers(tmp: Path) -> list[tuple[Path, Hold | None]]:
    """What dead processes left, each with its lock now ours, so that no other sweeper takes it too."""
    dead: list[tuple[Path, Hold | None]] = []
    for path in tmp.iterdir():
        if path.name.startswith(_TRASH):
            dead.append((path, None))
        elif (path / _LOCK).is_file():
            claim = try_hold(path / _LOCK)
            if claim is not None:
                dead.append((path, claim))
        elif time.time() - path.lstat().st_mtime > _FOREIGN_AGE_S:
            dead.append((path, None))
    return dead


def throw_away(layout: Layout, path: Path) -> Path:
    """Takes `path` out of sight by one rename, which a full disk allows; the caller removes what it returns."""
    make_folder(layout.tmp)
    trash = layout.tmp / f"{_TRASH}{_random_name()}"
    path.rename(trash)
    sync(path.parent)
    return trash


def replace_file(layout: Layout, path: Path, content: bytes) -> None:
    """Gives `path` new content in one step: a reader sees the old or the new."""
    draft = layout.tmp / f"{_TRASH}{_random_name()}"
    try:
        write_synced(draft, content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync(path.parent)
