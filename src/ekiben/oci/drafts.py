"""Files that appear whole or not at all, however many processes write them and whenever these are killed.

A draft lies in a folder of its own until one rename puts it in place. Its writer holds a lock on the file itself,
which the kernel lets go of when the writer dies; whoever writes next removes what has no holder.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ekiben.oci.sealed import seal

BLOB_MODE = 0o444  # blobs are linked into layouts: who writes to one of those would change the other
_WRITABLE = 0o222


class Drafts:
    """The drafts in `folder`, which has to be on the file system where they go; it is made when the first is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self) -> Iterator[Draft]:
        """A new draft for the block; removed at its end unless it was put in place. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        with _locked_file(self._folder) as (path, stream):
            try:
                yield Draft(path, stream)
            finally:
                path.unlink(missing_ok=True)  # under the lock: no other can have taken the name

    def _sweep(self) -> None:
        """Removes what the dead left; what is held, or not ours to remove, stays."""
        for path in self._folder.iterdir():
            with suppress(OSError), path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


class Draft:
    """A file that is not in its place yet; `stream` is where its content goes."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self.stream = stream

    def put(self, path: Path, mode: int = BLOB_MODE) -> None:
        """Renames the draft to `path`, in place of what is there, and seals it if nobody may write to it. Raises
        OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream.flush()
        os.fchmod(self.stream.fileno(), mode)
        if not mode & _WRITABLE:
            seal(self.stream.fileno())
        put_over(self._path, path)


def put_over(draft: Path, path: Path) -> None:
    """Renames `draft` to `path`, in place of what is there: a file, or an empty folder, which no writer of ours makes
    (a container engine does, of the missing source of a bind mount). Raises OSError."""
    with suppress(OSError):
        path.rmdir()
    draft.replace(path)


@contextmanager
def _locked_file(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new empty file that is ours. Between its making and its locking a sweeper may have taken it: then another."""
    while True:
        path = folder / os.urandom(8).hex()
        with path.open("xb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if os.fstat(stream.fileno()).st_nlink:
                yield path, stream
                return
