"""Which files of a project go into its Bento. Looks and decides; copies nothing (that is `staging`).

Patterns are gitwildmatch, as in .gitignore. A file goes in where `include` lets it in and nothing keeps it out:

    built-in rules   version control, virtual environments, caches; secrets unless `include` names them outright
    exclude          of the bentofile
    .bentoignore     in any folder, for what lies below it; a deeper one has the last word

A folder that is kept out is never entered. A link inside the project stands for what it leads to; one that leaves it, a
device or a pipe that would go in is an error. The result is in byte order of the paths, whatever the file system says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from ekiben.errors import SelectionError
from ekiben.packager.exclusions import is_never_packed, is_secret

IGNORE_FILE = ".bentoignore"
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
    walk = _Walk(project.resolve(), _Rules(include, exclude))
    files = sorted(walk.files(), key=lambda file: file.path.encode())
    return Selection(tuple(files), tuple(sorted(walk.withheld)))


class _Rules:
    """The patterns of the bentofile, compiled."""

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._patterns = tuple(pattern for pattern in include if pattern)
        self._include = _compiled(self._patterns, "include")
        self._exclude = _compiled(exclude, "exclude")
        self._outright = frozenset(pattern.removeprefix("./").strip("/") for pattern in include if _is_plain(pattern))

    def included_by(self, path: str) -> str | None:
        """The pattern that lets `path` in, None where none does."""
        result = self._include.check_file(path)
        return self._patterns[result.index] if result.include and result.index is not None else None

    def is_excluded(self, path: str) -> bool:
        """Whether `exclude` keeps `path` out; a folder ends in `/`."""
        return bool(self._exclude.check_file(path).include)

    def is_withheld(self, path: str) -> bool:
        """Whether `path` is a secret that `include` does not name outright."""
        return is_secret(path) and path not in self._outright


@dataclass(frozen=True, slots=True)
class _Ignore:
    """One .bentoignore: its rules hold below `folder` ("" or ending in `/`)."""

    folder: str
    rules: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to be read: `path` in the project, `real` on disk, the rules that hold, the folders on the way."""

    path: str
    real: Path
    ignores: tuple[_Ignore, ...] = ()
    ancestors: frozenset[Path] = frozenset()


class _Walk:
    """One pass over a project."""

    def __init__(self, root: Path, rules: _Rules) -> None:
        self._root = root
        self._rules = rules
        self.withheld: list[str] = []

    def files(self) -> Iterator[SelectedFile]:
        """The selected files, in no promised order."""
        pending = [_Folder("", self._root)]
        while pending:
            folder = self._entered(pending.pop())
            for entry in _entries(folder.real):
                is_folder = _is_folder(entry)
                path = f"{folder.path}{entry.name}/" if is_folder else folder.path + entry.name
                if is_never_packed(entry, is_folder=is_folder) or self._is_kept_out(path, folder):
                    continue
                if not is_folder:
                    yield from self._file(path, entry)
                elif real := self._real_folder(path, entry):
                    pending.append(_Folder(path, real, folder.ignores, folder.ancestors | {folder.real}))

    def _file(self, path: str, entry: os.DirEntry[str]) -> Iterator[SelectedFile]:
        rule = self._rules.included_by(path)
        if rule is None:
            return
        file = self._selected(path, entry, rule)
        if self._rules.is_withheld(path) or self._rules.is_withheld(file.source.relative_to(self._root).as_posix()):
            self.withheld.append(path)
        else:
            yield file

    def _entered(self, folder: _Folder) -> _Folder:
        """`folder` with the rules of its own .bentoignore; a folder that leads back into itself is an error."""
        if folder.real in folder.ancestors:
            raise SelectionError(f"the link `{folder.path.rstrip('/')}` leads to a folder that it lies in")
        file = folder.real / IGNORE_FILE
        if not file.is_file():
            return folder
        rules = _compiled(_lines(file), f"{folder.path}{IGNORE_FILE}")
        return _Folder(folder.path, folder.real, (*folder.ignores, _Ignore(folder.path, rules)), folder.ancestors)

    def _is_kept_out(self, path: str, folder: _Folder) -> bool:
        return self._rules.is_excluded(path) or _is_ignored(path, folder.ignores)

    def _real_folder(self, path: str, entry: os.DirEntry[str]) -> Path | None:
        """Where the folder really is; None for a link out of the project that `include` does not mean anyway."""
        if not entry.is_symlink():
            return Path(entry.path)
        real = Path(entry.path).resolve()
        if real.is_relative_to(self._root):
            return real
        if self._rules.included_by(path) is None:
            return None
        raise _leaves(path.rstrip("/"), real)

    def _selected(self, path: str, entry: os.DirEntry[str], rule: str) -> SelectedFile:
        _check_name(path)
        try:
            source = Path(entry.path).resolve(strict=True) if entry.is_symlink() else Path(entry.path)
            status = source.stat()
        except (OSError, RuntimeError) as error:
            raise SelectionError(f"`{path}` is a link to nothing", hint=_KEEP_OUT) from error
        if not source.is_relative_to(self._root):
            raise _leaves(path, source)
        if not stat.S_ISREG(status.st_mode):
            raise SelectionError(f"`{path}` is {_kind(status.st_mode)}, no file", hint=_KEEP_OUT)
        return SelectedFile(path, source, bool(status.st_mode & stat.S_IXUSR), rule, Fingerprint.of(status))


_KEEP_OUT = f"delete it, or name it under `exclude` or in {IGNORE_FILE}"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links: what it is gets said if it is selected
        return False


def _is_ignored(path: str, ignores: tuple[_Ignore, ...]) -> bool:
    for ignore in reversed(ignores):
        verdict = ignore.rules.check_file(path.removeprefix(ignore.folder)).include
        if verdict is not None:
            return verdict
    return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise SelectionError(f"the folder `{folder}` cannot be read: {error.strerror}", hint=_KEEP_OUT) from error


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SelectionError(f"`{file}` cannot be read as text") from error


def _compiled(patterns: Iterable[str], where: str) -> GitIgnoreSpec:
    given = list(patterns)
    for pattern in given:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError as error:
            raise SelectionError(f"`{pattern}` of {where} is no pattern", hint="write it as in .gitignore") from error
    return GitIgnoreSpec.from_lines(given)


def _is_plain(pattern: str) -> bool:
    """Whether a pattern names one path outright."""
    return not pattern.startswith("!") and not any(character in pattern for character in "*?[")


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise SelectionError(f"the name of `{path.encode(errors='replace').decode()}` is no UTF-8") from error
    if not _CONTROL.isdisjoint(path):
        raise SelectionError(f"the name of {path!r} holds a control character", hint=_KEEP_OUT)


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
