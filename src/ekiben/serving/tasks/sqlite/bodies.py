"""Bodies of calls and replies: small ones stand in their row, large ones are files named by their task.

A file is there before the row that needs it, and goes after it; what a kill leaves between the two is swept.
"""

from __future__ import annotations

import os
from pathlib import Path

from ekiben.serving.wire import Body

INLINE_BYTES = 64 * 1024  # bytes: about where SQLite says that files become quicker than rows
CALL = "call"
REPLY = "reply"


class Bodies:
    """Those in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._doomed: list[Path] = []

    def keep(self, task_id: str, kind: str, body: Body) -> bytes | None:
        """What of the body goes into the row: all, or None once it is a file, on the disk."""
        if len(body) <= INLINE_BYTES:
            return bytes(body)
        path = self._path(task_id, kind)
        with path.open("wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return None

    def read(self, task_id: str, kind: str, inline: bytes | None) -> bytes:
        """The body that `keep` has kept. Raises OSError."""
        return self._path(task_id, kind).read_bytes() if inline is None else inline

    def doom(self, task_id: str) -> None:
        """The task is to be forgotten: its files go with the next `remove_doomed`."""
        self._doomed += [self._path(task_id, kind) for kind in (CALL, REPLY)]

    def spare_doomed(self) -> None:
        """What was to be forgotten stays after all."""
        self._doomed.clear()

    def remove_doomed(self) -> None:
        """Removes files whose rows are gone."""
        for path in self._doomed:
            path.unlink(missing_ok=True)
        self._doomed.clear()

    def stale(self, before_s: float) -> list[tuple[str, Path]]:
        """Task and path of every file that was last written before then, in seconds since 1970."""
        found = []
        for entry in os.scandir(self._folder):
            if entry.stat().st_mtime < before_s:
                found.append((entry.name.partition(".")[0], Path(entry.path)))
        return found

    def _path(self, task_id: str, kind: str) -> Path:
        return self._folder / f"{task_id}.{kind}"
