"""Locks between processes; the only module that touches `filelock`. The kernel frees a lock when its holder dies."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ekiben.errors import StoreError

if TYPE_CHECKING:
    from filelock import BaseFileLock

PATIENCE_S = 60.0  # a holder needs milliseconds; longer means that it hangs or was stopped
_POLL_S = 0.005


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Holds the lock on `path` for the block. Raises StoreError when another process keeps it for PATIENCE_S."""
    lock = _lock(path)
    if not _take(lock, PATIENCE_S):
        raise StoreError(
            f"another process has held `{path}` for {PATIENCE_S:.0f} seconds",
            hint=f"see who holds it (`fuser {path}`) and end that process",
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def together(path: Path) -> Iterator[None]:
    """Holds `path` for the block, as others may, too; waits for one who holds it `alone`. Raises OSError."""
    with path.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(path: Path, patience_s: float) -> Iterator[bool]:
    """Holds `path` for the block against all who hold it `together`; False where these do not end in time. Raises
    OSError."""
    with path.open("ab") as stream:
        yield _taken(stream, patience_s)


def _taken(stream: BinaryIO, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        else:
            return True


class Hold:
    """A lock held until `release`, or until this process dies."""

    def __init__(self, lock: BaseFileLock) -> None:
        self._lock = lock

    def release(self) -> None:
        """Lets go; the file stays."""
        self._lock.release()


def try_hold(path: Path) -> Hold | None:
    """The lock on `path` if nobody has it, at once."""
    lock = _lock(path)
    return Hold(lock) if _take(lock, 0.0) else None


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock  # some 25 ms to import: readers need no lock

    return FileLock(str(path), thread_local=False)


def _take(lock: BaseFileLock, timeout_s: float) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=timeout_s, poll_interval=_POLL_S)
    except Timeout:
        return False
    return True
