"""`Index`: what small files said when they were last read, so that a list of thousands of items reads one file.

It is never a second truth. A line counts only where its file has the same times, inode and size as when the line was
made; which files there are is asked of the folders alone. Readers make it, in one rename, and no writer knows of it:
where it is missing, torn, of another format or on a disk that refuses, everything is read as if it were not there.

    cache/index/<what>    ekiben-index <format> <crc32 of the rest>
                          <key> TAB <state> TAB <text>    one line for each file
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ekiben.store.layout import Layout
from ekiben.store.staging import replace_unsynced

_FORMAT = "1"  # raised when a line of the same state would hold another text
_WORTH_KEEPING = 64  # files read anew: below that, reading them costs less than writing
_SETTLED_NS = 2_000_000_000  # a file changed twice within one tick of its clock has one state: it is not kept before


class Index:
    """The texts of the files of one kind. `load` one, `recall` from it, and `keep` it at the end."""

    def __init__(self, layout: Layout, what: str, lines: dict[str, str], settled_ns: int = _SETTLED_NS) -> None:
        self._layout = layout
        self._what = what
        self._lines = lines
        self._settled_ns = settled_ns
        self._asked: dict[str, str] = {}
        self._new = 0

    @classmethod
    def load(cls, layout: Layout, what: str, *, settled_ns: int = _SETTLED_NS) -> Index:
        """The index of `what` as it was kept; an empty one where there is none that is whole. What was changed less
        than `settled_ns` ago is not kept."""
        lines = {}
        with suppress(OSError, UnicodeDecodeError):
            head, _, body = index_path(layout, what).read_bytes().partition(b"\n")
            if head == _head(body):
                rows = (line.partition("\t") for line in body.decode().split("\n"))
                lines = {key: rest for key, separator, rest in rows if separator}
        return cls(layout, what, lines, settled_ns)

    def recall(self, key: str, path: str, read: Callable[[], str | None]) -> str | None:
        """What `read` makes of the file at `path`: a text without line breaks, remembered under `key`. None is not, nor
        what is made of a file that is not there. Raises what `read` raises."""
        state = _state(path)
        line = self._lines.get(key)
        if state and line and line.startswith(f"{state}\t"):
            self._asked[key] = line
            return line[len(state) + 1 :]
        began_ns = time.time_ns()
        text = read()
        if state and text is not None and _changed_ns(state) < began_ns - self._settled_ns and _state(path) == state:
            self._asked[key] = f"{state}\t{text}"
            self._new += 1
        return text

    def keep(self, *, is_whole: bool) -> None:
        """Writes it for others where that is worth it. `is_whole`: every file was asked for, so that what other lines
        tell of is gone."""
        dead = len(self._lines) - len(self._asked) if is_whole else 0
        if self._new < _WORTH_KEEPING and dead < _WORTH_KEEPING + len(self._asked):
            return
        lines = self._asked if is_whole else {**self._lines, **self._asked}
        body = "".join(f"{key}\t{line}\n" for key, line in lines.items()).encode()
        with suppress(OSError):  # somebody else's store, or a full disk: the next reader does without, too
            replace_unsynced(self._layout, index_path(self._layout, self._what), _head(body) + b"\n" + body)


def index_path(layout: Layout, what: str) -> Path:
    """Where the index of `what` lies."""
    return layout.cache / "index" / what


def is_index_whole(content: bytes) -> bool:
    """Whether a file holds an index as it was written, by this version of ekiben."""
    head, _, body = content.partition(b"\n")
    return head == _head(body)


def _head(body: bytes) -> bytes:
    return f"ekiben-index {_FORMAT} {zlib.crc32(body):08x}".encode()


def _state(path: str) -> str | None:
    try:
        status = os.stat(path)  # noqa: PTH116 (ten thousand times in a list)
    except (OSError, ValueError):
        return None
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino} {status.st_size}"


def _changed_ns(state: str) -> int:
    return max(map(int, state.split(" ")[:2]))
