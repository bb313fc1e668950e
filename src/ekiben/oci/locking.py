"""A file whose lock one process at a time holds; the kernel frees it when the holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def locked_file(path: Path) -> Iterator[BinaryIO]:
    """`path` for writing at its end, made if need be; waits until its lock is free. The holder may rename or remove it:
    who waited then begins again. Raises OSError."""
    while True:
        with path.open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if _is_at(path, stream):
                yield stream
                return


def _is_at(path: Path, stream: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
