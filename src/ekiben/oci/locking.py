"""A file whose lock one process at a time holds; the kernel frees it when the holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def locked_file(path: Path, pause: Callable[[], object] | None = None) -> Iterator[BinaryIO]:
    """`path` for writing at its end, made if need be; waits until its lock is free, in steps of `pause` where that is
    given, which may raise. The holder may rename or remove it: who waited then begins again. Raises OSError."""
    while True:
        with path.open("ab") as stream:
            _lock(stream, pause)
            if _is_at(path, stream):
                yield stream
                return


def _lock(stream: BinaryIO, pause: Callable[[], object] | None) -> None:
    if pause is None:
        return fcntl.flock(stream, fcntl.LOCK_EX)
    while True:
        try:
            return fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pause()


def _is_at(path: Path, stream: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
