"""`RequestFolder`: the temporary folder of one call, made on first use and removed when the reply is written."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType


class RequestFolder:
    """A context manager; a call that never asks for `path` touches no disk."""

    __slots__ = ("_path",)

    def __init__(self) -> None:
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """The folder, readable by this user only."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="ekiben-call-"))
        return self._path

    def remove(self) -> None:
        """Removes the folder with all that is in it. Files that a service holds open elsewhere are no error."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = None

    def __enter__(self) -> RequestFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()
