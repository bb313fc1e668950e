"""Folders in tmp/ that belong to one process and die with it.

Each is `tmp/<random>/` with a `lock` file that its owner holds, so the kernel tells the living from the dead: a process
id in a name could not (containers share a volume and not their ids). Whoever stages next sweeps what the dead left.
Before it is locked and before it is removed, a folder has a name that anybody may sweep, so that a kill at any instant
leaves nothing for good.
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
_TRASH = "trash-"  # out of every reader's sight: whoever sees it while holding the store's lock may remove it
_FOREIGN_AGE_S = 24 * 3600.0  # what nobody locked is left alone for a day: it may be somebody's after all


@contextmanager
def staging(layout: Layout) -> Iterator[Path]:
    """An empty folder for the block, removed at its end whatever happens. Raises StoreError where it cannot be made."""
    with disk_errors(layout.home):
        place, hold = _open(layout)
    try:
        yield place / _CONTENT
    finally:
        with suppress(OSError):  # then it is swept another time
            remove_tree(_to_trash(place))
        hold.release()


def _open(layout: Layout) -> tuple[Path, Hold]:
    make_folder(layout.tmp)
    with exclusive(layout.lock):
        swept = _sweep(layout.tmp)
        draft = _trash_path(layout.tmp)
        draft.mkdir()
        hold = try_hold(draft / _LOCK)
        assert hold is not None, "a new folder's lock is free"
        (draft / _CONTENT).mkdir()
        place = draft.rename(layout.tmp / _random_name())
    for path in swept:
        remove_tree(path)
    return place, hold


def dead_places(layout: Layout) -> list[Path]:
    """What dead processes left, and what somebody is removing now."""
    with exclusive(layout.lock):
        return [path for path in layout.tmp.iterdir() if _is_dead(path)]


def sweep(layout: Layout) -> None:
    """Removes what dead processes left."""
    with exclusive(layout.lock):
        swept = _sweep(layout.tmp)
    for path in swept:
        remove_tree(path)


def living(layout: Layout) -> list[Path]:
    """The folders that processes are staging in now. The caller holds the store's lock."""
    try:
        places = [path for path in layout.tmp.iterdir() if (path / _LOCK).is_file()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path / _CONTENT for path in places if not _is_dead(path)]


def _sweep(tmp: Path) -> list[Path]:
    """Turns what dead processes left into trash; gives all the trash there is."""
    return [path if path.name.startswith(_TRASH) else _to_trash(path) for path in tmp.iterdir() if _is_dead(path)]


def _is_dead(path: Path) -> bool:
    if path.name.startswith(_TRASH):
        return True
    try:
        if not (path / _LOCK).is_file():
            return time.time() - path.lstat().st_mtime > _FOREIGN_AGE_S
        hold = try_hold(path / _LOCK)
    except (FileNotFoundError, NotADirectoryError):  # its owner has just removed it
        return False
    if hold:
        hold.release()
    return hold is not None


def throw_away(layout: Layout, path: Path) -> Path:
    """Takes `path` out of sight by one rename, which a full disk allows; the caller removes what it returns."""
    make_folder(layout.tmp)
    try:
        trash = _to_trash(path, layout.tmp)
    except OSError as error:  # which would name the trash
        raise OSError(error.errno, error.strerror, str(path)) from error
    sync(path.parent)
    return trash


def replace_file(layout: Layout, path: Path, content: bytes) -> None:
    """Gives `path` new content in one step: a reader sees the old or the new. The caller holds the store's lock.

    A folder in its place, which no writer of ours puts there, is thrown away first.
    """
    if path.is_dir() and not path.is_symlink():
        remove_tree(throw_away(layout, path))
    draft = _trash_path(layout.tmp)
    try:
        write_synced(draft, content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def replace_unsynced(layout: Layout, path: Path, content: bytes) -> None:
    """The same for a file of a cache, which a power cut may tear: its reader has to notice. Needs no lock, and raises
    FileNotFoundError where somebody sweeps meanwhile."""
    make_folder(layout.tmp)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _trash_path(layout.tmp)
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _to_trash(path: Path, tmp: Path | None = None) -> Path:
    return path.rename(_trash_path(tmp or path.parent))


def _trash_path(tmp: Path) -> Path:
    return tmp / f"{_TRASH}{_random_name()}"


def _random_name() -> str:
    return os.urandom(8).hex()
