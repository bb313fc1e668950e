"""A folder on this machine as entries: an archive that was not packed, or one that somebody unpacked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ekiben.store.archive.entry import CHUNK_BYTES, Entry, EntryKind
from ekiben.store.plain_file import open_plain


def read_folder(folder: Path, unpacked: Callable[[int], None], prefix: str = "") -> Iterator[Entry]:
    """The files below, sorted by name; no link is followed. Raises OSError."""
    with os.scandir(folder) as found:
        ordered = sorted(found, key=lambda one: one.name)
    for one in ordered:
        path = f"{prefix}{one.name}"
        if one.is_symlink():
            yield Entry(path, EntryKind.symbolic_link)
        elif one.is_dir():
            yield Entry(path, EntryKind.folder)
            yield from read_folder(Path(one.path), unpacked, f"{path}/")
        elif one.is_file():
            yield _file(Path(one.path), path, unpacked)
        else:
            yield Entry(path, EntryKind.unknown)


def _file(source: Path, path: str, unpacked: Callable[[int], None]) -> Entry:
    status = source.lstat()
    return Entry(path, EntryKind.file, status.st_size, bool(status.st_mode & 0o100), lambda: _chunks(source, unpacked))


def _chunks(source: Path, unpacked: Callable[[int], None]) -> Iterator[bytes]:
    with open_plain(source) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            unpacked(len(chunk))
            yield chunk
