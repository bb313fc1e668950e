"""What a program reads, as the interpreter itself tells it: files opened, folders listed (audit events, PEP 578).

Nobody who opens a file need know of this, so no input is forgotten. Not told are questions that open nothing (does it
exist, what is its size: `looked_at` is for those), what libraries read on their own in C, the clock, and the
environment, which a `BuildRecord` compares as a whole. A leaf: a build uses it and so does the process that describes
the build's service.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

State: TypeAlias = tuple[int, ...] | None  # None: not there
# After these nobody can tell from the disk whether the same would be read again.
_FOREIGN = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn", "os.exec", "os.fork", "os.forkpty"),
        *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
        *("socket.gethostbyname", "socket.gethostbyaddr", "socket.gethostname"),
    }
)
_LISTED = frozenset({"os.listdir", "os.scandir"})
_OPENED = frozenset({"open", "sqlite3.connect"})
_MACHINE = ("/proc/", "/sys/")  # what the kernel says: new with every look


class Inputs:
    """`states` are those of what was opened or listed, or was to be and is not there, when that was done first;
    `foreign` is the first event after which that is not all that counts, empty where there was none."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.foreign = ""
        self._is_answered = False

    def add(self, states: Mapping[str, State], foreign: str = "") -> None:
        """Takes over what another process read."""
        self.states = {**states, **self.states}
        self.foreign = self.foreign or foreign

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """One audit event."""
        if event in _OPENED:
            flags = arguments[2] if event == "open" else os.O_RDONLY
            if not (isinstance(flags, int) and flags & os.O_ACCMODE == os.O_WRONLY):
                self.look_at(arguments[0])
        elif event in _LISTED:
            self.look_at("." if arguments[0] is None else arguments[0])
        elif event in _FOREIGN and not self._is_answered:
            self.foreign = self.foreign or event

    def look_at(self, path: object) -> None:
        """Notes `path`; a number of an open file is known by the path that it was opened by."""
        if isinstance(path, str | bytes | os.PathLike):
            text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (a link is an input, too)
            if text not in self.states and not text.startswith(_MACHINE):
                self.states[text] = state_of(text)

    @contextmanager
    def answered(self) -> Iterator[None]:
        """For a block whose other programs and connections are accounted for elsewhere."""
        before, self._is_answered = self._is_answered, True
        try:
            yield
        finally:
            self._is_answered = before


class _Hook:
    """The one audit hook of this process: it cannot be taken out again, so it is put in when it is first needed."""

    current: Inputs | None = None
    _is_in = False

    def put_in(self) -> None:
        if not self._is_in:
            self._is_in = True
            sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.current is not None:
            self.current.hear(event, arguments)


_HOOK = _Hook()


@contextmanager
def recording() -> Iterator[Inputs]:
    """Notes what this process reads in the block, in whatever thread."""
    assert _HOOK.current is None, "one recording at a time"
    _HOOK.put_in()
    _HOOK.current = inputs = Inputs()
    try:
        yield inputs
    finally:
        _HOOK.current = None


def looked_at(path: str | os.PathLike[str]) -> None:
    """Notes a path that counts though it is not opened: whether it exists, how old it is."""
    if _HOOK.current is not None:
        _HOOK.current.look_at(path)


@contextmanager
def answered() -> Iterator[None]:
    """For a block in which other programs are asked what is kept afterwards, so that nobody asks them again."""
    if _HOOK.current is None:
        yield
    else:
        with _HOOK.current.answered():
            yield


@contextmanager
def apart() -> Iterator[None]:
    """For a block that is no part of the work which is recorded."""
    before, _HOOK.current = _HOOK.current, None
    try:
        yield
    finally:
        _HOOK.current = before


def module_files(paths: Iterable[str]) -> set[str]:
    """The files of the modules that this process has imported, and of `paths` the sources of what is bytecode: an
    import compares their times without opening them."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    found = {file for file in files if isinstance(file, str) and file.startswith(os.sep)}
    for path in paths:
        if path.endswith(".pyc"):
            try:
                found.add(importlib.util.source_from_cache(path))
            except (ValueError, NotImplementedError):  # not one that lies in __pycache__
                continue
    return found


def state_of(path: str) -> State:
    """What stands for the content of a file or a folder: mode, inode, size, times of change in ns. ctime cannot be set
    by whoever puts a time back."""
    try:
        status = os.stat(path)  # noqa: PTH116 (of thousands)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        return (status.st_mode,)  # a device, a pipe: its times tell nothing
    return (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
