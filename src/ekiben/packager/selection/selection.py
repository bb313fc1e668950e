"""Which files of a project go into its Bento. Looks and decides; copies nothing (that is `staging`).

Patterns are gitwildmatch, as in .gitignore. A file goes in where `include` lets it in and nothing keeps it out:

    built-in rules   version control, virtual environments, caches; secrets unless `include` names them outright
    exclude          of the bentofile
    .bentoignore     in any folder, for what lies below it; a deeper one has the last word

A folder that is kept out is never entered. A link inside the project stands for what it leads to, and what is kept out
there is kept out under the link's name too; a link that leaves the project, a device or a pipe that would go in is an
error. The result is in byte order of the paths, whatever the file system says.
"""

from __future__ import annotations

import codecs
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import SelectionError
from ekiben.packager.selection.rules import IGNORE_FILE, Rules

MAX_DEPTH = 128  # folders above a file: what walks a Bento calls itself for each of them
_READS_UTF8 = codecs.lookup(sys.getfilesystemencoding()).name == "utf-8"
_CONTROL = frozenset(chr(code) for code in (*range(32), 127))


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file was when it was selected; whether it still is, `staging` asks."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Fingerprint:
        """The fingerprint that `status` gives."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class SelectedFile:
    """`path` is relative to the project, with `/`; `source` is the file itself, links followed; `rule` the pattern of
    `include` that let it in."""

    path: str
    source: Path
    is_executable: bool
    rule: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Selection:
    """`files` in byte order of their paths; `withheld` are the secrets that `include` would have let in."""

    files: tuple[SelectedFile, ...]
    withheld: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """The bytes of all files."""
        return sum(file.fingerprint.size_bytes for file in self.files)


def select_files(project: Path, include: Sequence[str], exclude: Sequence[str] = ()) -> Selection:
    """The files of `project` that `include` and `exclude` let in.

    Raises SelectionError for a pattern that is none, a link that leaves the project, anything selected that is no plain
    file, a name that a Bento cannot hold, and a folder that cannot be read.
    """
    root = project.resolve()
    walk = _Walk(root, Rules(root, include, exclude))
    files = sorted(walk.files(), key=lambda file: file.path.encode())
    return Selection(tuple(files), tuple(sorted(walk.withheld)))


def find_file(project: Path, path: str, include: Sequence[str], exclude: Sequence[str]) -> Path:
    """The file `path` of `project`, links followed, for use beside the source; `include` need not let it in.

    Raises SelectionError as `select_files` does, and where the file is one that stays out of a Bento.
    """
    root = project.resolve()
    rules = Rules(root, include, exclude)
    file = _selected(root, path, root / path, "", is_link=True)
    real = file.source.relative_to(root).as_posix()
    if rules.keep_out(path) or rules.keep_out(real):
        raise SelectionError(f"`{path}` is kept out of the Bento", hint=f"see `exclude` and {IGNORE_FILE}")
    if rules.withhold(path, real, file.source, file.fingerprint.size_bytes):
        raise SelectionError(f"`{path}` may hold a secret", hint="name it under `include` to pack it")
    return file.source


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to be read, as the project names it (`path`) and where it is once links are followed (`real`): both
    relative to the project, "" or ending in `/`. `ancestors` are the real folders on the way."""

    path: str
    real: str
    ancestors: frozenset[str] = frozenset()


class _Walk:
    """One pass over a project. What a link leads to is asked about as well as the link, by all rules.

    `include` is asked first, since most files of a large folder stop there; of a path in a folder that was entered,
    nothing but the path itself need be asked.
    """

    def __init__(self, root: Path, rules: Rules) -> None:
        self._root = root
        self._rules = rules
        self.withheld: list[str] = []

    def files(self) -> Iterator[SelectedFile]:
        """The selected files, in no promised order."""
        pending = [_Folder("", "")]
        while pending:
            folder = pending.pop()
            if folder.real in folder.ancestors:
                raise SelectionError(f"the link `{folder.path.rstrip('/')}` leads to a folder that it lies in")
            for entry in _entries(self._root / folder.real):
                if _is_folder(entry):
                    pending.extend(self._folder(f"{folder.path}{entry.name}/", entry, folder))
                elif (rule := self._rules.included_by(f"{folder.path}{entry.name}")) is not None:
                    yield from self._file(f"{folder.path}{entry.name}", entry, folder, rule)

    def _folder(self, path: str, entry: os.DirEntry[str], parent: _Folder) -> Iterator[_Folder]:
        """The folder, where it is to be entered."""
        if self._rules.keep_out_itself(path):
            return
        real = f"{parent.real}{entry.name}/"
        if entry.is_symlink():
            target = Path(entry.path).resolve()
            if not target.is_relative_to(self._root):
                if self._rules.included_by(path) is not None:
                    raise _leaves(path.rstrip("/"), target)
                return
            real = "" if target == self._root else f"{target.relative_to(self._root).as_posix()}/"
        if real == path or not self._rules.keep_out(real):
            yield _Folder(path, real, parent.ancestors | {parent.real})

    def _file(self, path: str, entry: os.DirEntry[str], parent: _Folder, rule: str) -> Iterator[SelectedFile]:
        """The file that `rule` would let in, where nothing keeps it out."""
        if self._rules.keep_out_itself(path):
            return
        file = _selected(self._root, path, Path(entry.path), rule, is_link=entry.is_symlink())
        real = file.source.relative_to(self._root).as_posix() if entry.is_symlink() else f"{parent.real}{entry.name}"
        if real != path and self._rules.keep_out(real):
            return
        if self._rules.withhold(path, real, file.source, file.fingerprint.size_bytes):
            self.withheld.append(path)
        else:
            yield file


_KEEP_OUT = f"delete it, or name it under `exclude` or in {IGNORE_FILE}"


def _selected(root: Path, path: str, place: Path, rule: str, *, is_link: bool) -> SelectedFile:
    _check_name(path)
    try:
        source = place.resolve(strict=True) if is_link else place
        status = source.stat()
    except (OSError, RuntimeError) as error:
        raise SelectionError(f"`{path}` is a link to nothing", hint=_KEEP_OUT) from error
    if not source.is_relative_to(root):
        raise _leaves(path, source)
    if not stat.S_ISREG(status.st_mode):
        raise SelectionError(f"`{path}` is {_kind(status.st_mode)}, no file", hint=_KEEP_OUT)
    return SelectedFile(path, source, bool(status.st_mode & stat.S_IXUSR), rule, Fingerprint.of(status))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links: what it is gets said if it is selected
        return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError as error:
        raise SelectionError(f"the folder `{folder}` cannot be read: {error.strerror}", hint=_KEEP_OUT) from error
    if not _READS_UTF8:
        _refuse_unreadable(found)
    return found


def _refuse_unreadable(entries: Iterable[os.DirEntry[str]]) -> None:
    """A pattern would not match such a name, and another Bento come of the same project."""
    for entry in entries:
        if not entry.name.isascii():
            name = os.fsencode(entry.name).decode(errors="replace")
            raise SelectionError(f"the name of `{name}` is not read as UTF-8 here", hint="set PYTHONUTF8=1")


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise SelectionError(f"the name of `{path.encode(errors='replace').decode()}` is no UTF-8") from error
    if not _CONTROL.isdisjoint(path):
        raise SelectionError(f"the name of {path!r} holds a control character", hint=_KEEP_OUT)
    if path.count("/") > MAX_DEPTH:
        top = path.partition("/")[0]
        raise SelectionError(f"a file below `{top}/` lies more than {MAX_DEPTH} folders deep", hint=_KEEP_OUT)


def _leaves(path: str, target: Path) -> SelectionError:
    return SelectionError(f"the link `{path}` leaves the project: it leads to `{target}`", hint=_KEEP_OUT)


def _kind(mode: int) -> str:
    names = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISCHR, "a device"),
    )
    return next((name for is_kind, name in names if is_kind(mode)), "something else")
