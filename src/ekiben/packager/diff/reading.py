"""Files of a Bento read for showing: regular files inside its folder alone, and not more than is bearable.

A Bento's own lists say which files it has, and a damaged or hostile one may list `../../etc/passwd`, a link, a pipe.
"""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

from ekiben.store.plain_file import open_plain


def file_size(folder: Path, path: str) -> int | None:
    """The size of a file in bytes, None where there is no such regular file inside `folder`."""
    place = _place(folder, path)
    return None if place is None else place.lstat().st_size


def read_file(folder: Path, path: str, limit_bytes: int) -> bytes | None:
    """A file's content, but not more than `limit_bytes` and one; None where there is none, or it cannot be read."""
    place = _place(folder, path)
    if place is None:
        return None
    try:
        with open_plain(place) as stream:
            return stream.read(limit_bytes + 1)
    except OSError:
        return None


def _place(folder: Path, path: str) -> Path | None:
    """Where a regular file lies, reached without leaving `folder` by name or by link."""
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or PurePosixPath(path).is_absolute() or "\0" in path:
        return None
    place = folder.joinpath(*parts)
    try:
        is_inside = place.resolve(strict=True) == folder.resolve(strict=True).joinpath(*parts)
        return place if is_inside and stat.S_ISREG(place.lstat().st_mode) else None
    except (OSError, RuntimeError):  # not there, unreadable, a name too long, links in a circle
        return None
