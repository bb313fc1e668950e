"""`put_in_place`: a file of a cache, written beside its place and put there by one rename.

A reader sees the whole file or none, and of several writers the last one's. Nothing is synced: what a power cut damages
is recognised when it is read, and counts as absent.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from ekiben.oci.drafts import put_over
from ekiben.oci.locking import locked_file

STAGED = ".new-"  # prefix of a file that is being written
_MODE = 0o644


def put_in_place(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, whose folders need not be there. Raises OSError where the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{STAGED}{path.name}")  # one name: what a kill leaves is what the next begins with
    with locked_file(new) as stream, ExitStack() as undoing:
        undoing.callback(new.unlink, missing_ok=True)
        stream.truncate(0)
        stream.write(content)
        stream.flush()
        os.fchmod(stream.fileno(), _MODE)
        put_over(new, path)
        undoing.pop_all()  # what has this name now is another's
