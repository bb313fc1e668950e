"""`put_in_place`: a file of a cache, written beside its place and put there by one rename.

A reader sees the whole file or none, and of several writers the last one's. Nothing is synced: what a power cut damages
is recognised when it is read, and counts as absent.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

STAGED = ".new-"  # prefix of a file that is being written
_MODE = 0o644


def put_in_place(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, whose folders need not be there. Raises OSError where the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=STAGED)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        new.chmod(_MODE)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
