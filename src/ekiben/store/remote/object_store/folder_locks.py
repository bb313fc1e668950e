"""Locks of a shared folder: between machines by POSIX locks, which NFS has, and between the threads of a process, whom
those do not part. The kernel frees a lock when its holder dies."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ekiben.store.remote.object_store.shared_files import SharedFiles

_WAIT_S = 0.05  # between two looks: there is no waiting for a POSIX lock that can be stopped
_threads: defaultdict[tuple[object, str], threading.Lock] = defaultdict(threading.Lock)


@contextmanager
def locked(files: SharedFiles, path: str, pause: Callable[[float], object] = time.sleep) -> Iterator[None]:
    """Holds the lock on the file `path`, which is nothing but that, for the block. `pause` waits while others have it,
    and may raise. Raises OSError."""
    lock = _threads[files.root, path]
    while not lock.acquire(blocking=False):
        pause(_WAIT_S)
    try:
        handle = _taken(files, path, pause)
        try:
            yield
        finally:
            os.close(handle)
    finally:
        lock.release()


def _taken(files: SharedFiles, path: str, pause: Callable[[float], object]) -> int:
    """The lock's file, held. A sweep may have removed it while it was waited for: then another."""
    while True:
        handle = files.open_lock(path)
        try:
            while not _is_ours(handle):
                pause(_WAIT_S)
            if os.fstat(handle).st_nlink:
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_ours(handle: int) -> bool:
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX lets it be either
        return False
    return True
