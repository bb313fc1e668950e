"""Files that are known to be whole without reading them: sealed when they were held to their digest, and not written to
since.

A seal is a time of last change that all blobs share. Whoever writes to a sealed file breaks the seal without meaning
to; the file is then read once more before it is used. So gigabytes in a cache or a layout are trusted at the cost of a
`stat`. What breaks no seal, such as a bit that the disk lost, is found where the blob is read: see `verified`.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from ekiben.digest import Digest

_SEAL_S = 315_532_800  # 1980-01-01, the time of all that ekiben makes: before any time at which somebody writes
_NS = 1_000_000_000


def seal(file: Path | int) -> None:
    """Seals a file, by its path or descriptor, whose bytes are known. Raises OSError."""
    os.utime(file, ns=(time.time_ns(), _SEAL_S * _NS))


def note_use(path: Path) -> None:
    """Notes now as the time of the last access, which not every file system does; a seal stays as it is. Raises
    OSError."""
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def is_sealed(path: Path) -> bool:
    """Whether there is a file that nobody has written to since it was sealed. Raises OSError."""
    found = _file_status(path)
    return found is not None and found.st_mtime_ns == _SEAL_S * _NS


def is_whole(path: Path, digest: Digest, size_bytes: int | None = None) -> bool:
    """Whether there is a file with the bytes of `digest`, which are read if its seal is broken. Raises OSError."""
    found = _file_status(path)
    if found is None or size_bytes not in (None, found.st_size):
        return False
    if found.st_mtime_ns == _SEAL_S * _NS:
        return True
    if Digest.of_file(path) != digest:
        return False
    with suppress(OSError):  # of somebody else: then it is read the next time, too
        seal(path)
    return True


def _file_status(path: Path) -> os.stat_result | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None
