"""A file whose lock one process at a time holds; the kernel frees it when the holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO


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


def claim_file(path: Path, mode: int) -> BinaryIO | None:
    """`path` for reading and writing, made if need be, its lock held until it is closed; None while another holds it,
    in this process or any. Raises OSError."""
    while True:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        stream, is_ours = os.fdopen(opened, "r+b", buffering=0), False
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = _is_at(path, stream)
            if is_ours:
                return stream
        except BlockingIOError:
            return None
        finally:
            if not is_ours:
                stream.close()


def _is_at(path: Path, stream: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
