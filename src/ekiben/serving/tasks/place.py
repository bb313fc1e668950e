"""Where the queue of a service lies: where it was said, else below EKIBEN_HOME, else among temporary files."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from ekiben.errors import StoreError

logger = logging.getLogger("ekiben.serving")

FOLDER = "tasks"  # below EKIBEN_HOME, with one folder for each service


def queue_folder(said: str | None, home: Path, service: str) -> Path:
    """The folder; nothing is made. `said` is the setting.

    In an image nobody may write below EKIBEN_HOME: there a folder of temporary files has to do, which outlives the
    server and not the container. Raises StoreError where that belongs to somebody else.
    """
    if said:
        return Path(said).expanduser().absolute()
    usual = home / FOLDER / service
    if os.access(_nearest_that_is(usual), os.W_OK):
        return usual
    folder = Path(tempfile.gettempdir(), f"ekiben-{FOLDER}-{os.getuid()}")
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid != os.getuid()):
        raise StoreError(f"`{folder}` is somebody else's", hint="name a folder for tasks in EKIBEN_TASKS_PATH")
    logger.warning(
        "tasks are kept in `%s`, as nothing may be written below `%s`; in a container they go with it, unless "
        "EKIBEN_TASKS_PATH names a volume",
        folder,
        home,
    )
    return folder


def _nearest_that_is(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())
