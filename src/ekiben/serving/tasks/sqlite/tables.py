"""The file: how it is opened, and what stands in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ekiben.errors import StoreError
from ekiben.store.lock import exclusive

FILE = "queue.db"
BODIES = "bodies"
VERSION = 1  # of the tables; a file of a later one is refused
PATIENCE_S = 30.0  # that one process waits for another's transaction, which takes milliseconds
_PRIVATE = 0o700  # of the folder: what clients sent is nobody else's

_TABLES = """
CREATE TABLE task (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_s REAL NOT NULL,
    due_s REAL NOT NULL,
    executed_s REAL,
    completed_s REAL,
    owner TEXT,
    lease_s REAL,
    call_head BLOB NOT NULL,
    call_body BLOB,
    reply_head BLOB,
    reply_body BLOB
);
CREATE INDEX task_pending ON task (service, name, due_s, seq) WHERE status = 'pending';
CREATE INDEX task_in_progress ON task (service, name, lease_s) WHERE status = 'in_progress';
CREATE INDEX task_ended ON task (service, completed_s) WHERE completed_s IS NOT NULL;
"""


def open_tables(folder: Path) -> sqlite3.Connection:
    """The connection to the queue in `folder`, which is made where it is not there, for one thread.

    Raises StoreError where the folder cannot be written or holds something else.
    """
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        (folder / BODIES).mkdir(exist_ok=True)
        with exclusive(folder / "opening.lock"):  # SQLite does not wait when two turn the log on at once
            return _open(folder / FILE)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the queue of tasks in `{folder}` cannot be opened: {error}",
            hint="`tasks.path` (EKIBEN_TASKS_PATH) names a folder on a local disk that may be written",
        ) from error


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        elif version != VERSION:
            raise StoreError(
                f"`{path}` was written by another version of ekiben (tables {version}, not {VERSION})",
                hint="serve with that version, or name another folder in `tasks.path`",
            )
    except BaseException:
        connection.close()
        raise
    return connection
