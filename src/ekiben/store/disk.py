"""What the disk says, in words: OSError becomes StoreError with a remedy, here and nowhere else; and the syncing calls.

Knows nothing of models and Bentos.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from ekiben.errors import StoreError

_SYNCS_AT_ONCE = 8  # twenty files of a Bento on ext4: 30 ms one after the other, 7 so; more gain nothing
_ELSEWHERE = "or set EKIBEN_HOME to a folder elsewhere"
_REFUSALS = {
    errno.ENOSPC: ("the disk is full", f"free some space (`ekiben delete`, the store's cache/), {_ELSEWHERE}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space (`ekiben delete`, the store's cache/), {_ELSEWHERE}"),
    errno.EROFS: ("the file system is read-only", "set EKIBEN_HOME to a folder that can be written"),
    errno.EACCES: ("no permission", f"give this user the right to write there, {_ELSEWHERE}"),
    errno.EPERM: ("not permitted", f"see whether a flag forbids it (`lsattr -d`), {_ELSEWHERE}"),
}


def store_error(error: OSError, path: Path, remedy: str | None = None) -> StoreError:
    """`error` in words; `path` is named where the error names no file itself. `remedy` goes before the store's own."""
    place = error.filename2 or error.filename or path
    reason, hint = _REFUSALS.get(error.errno or 0, (error.strerror or str(error), None))
    return StoreError(f"`{os.fsdecode(place)}` cannot be used: {reason}", hint=(remedy or hint) if hint else None)


@contextmanager
def disk_errors(path: Path, remedy: str | None = None) -> Iterator[None]:
    """Translates every OSError of the block: for our own reading and writing under `path`. `remedy` is what to do where
    that lies outside of the store."""
    try:
        yield
    except OSError as error:
        raise store_error(error, path, remedy) from error


@contextmanager
def disk_refusals(folder: Path) -> Iterator[None]:
    """Translates what the disk refused inside `folder`; other errors of the block are the caller's own and pass.

    For blocks that run other people's code: a missing training file is not the store's trouble, a full disk is.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _REFUSALS and _concerns(error, folder):
            raise store_error(error, folder) from error
        raise


def _concerns(error: OSError, folder: Path) -> bool:
    if error.filename is None:  # write(2) names no file
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return not isinstance(error.filename, int) and Path(os.fsdecode(error.filename)).is_relative_to(folder)


def sync(path: Path) -> None:
    """Brings a file's bytes, or a folder's entries, to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(paths: Iterable[Path]) -> None:
    """`sync` for each, side by side: what waits together, the file system writes in one go."""
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        for _ in pool.map(sync, paths):
            pass


def write_synced(path: Path, content: bytes) -> None:
    """A new file with `content` and mode 0644 whatever the umask, brought to the disk."""
    with path.open("wb") as stream:
        os.fchmod(stream.fileno(), 0o644)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def make_folder(path: Path) -> None:
    """`path` and its parents, each made known to the disk."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def remove_tree(path: Path) -> bool:
    """Removes what can be removed, and tells whether that was all; what cannot is swept another time."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return True
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        _let_us_write(path)
        shutil.rmtree(path, ignore_errors=True)
    return not path.exists()


def _let_us_write(folder: Path) -> None:
    """Takes away what forbids the owner to remove what is in `folder` and below."""
    with suppress(OSError):
        folder.chmod(0o700)
    for here, folders, _ in os.walk(folder):
        for name in folders:
            with suppress(OSError):
                if not Path(here, name).is_symlink():
                    Path(here, name).chmod(0o700)
