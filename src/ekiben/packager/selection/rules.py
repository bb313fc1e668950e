"""What a project's patterns say about a path: `include` lets it in; `exclude`, .bentoignore and the built-in rules keep
it out, and with a folder all that lies below it. Links are `selection`'s to follow.

`include` is read as BentoML reads it: the last pattern that matches the path or a folder on the way to it decides.
`exclude` and .bentoignore are read as git reads its own: a folder that is kept out takes with it what lies below,
whatever a later pattern says of that; among the patterns of one file the last one decides, and a file that lies nearer
goes before one further up.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from ekiben.errors import SelectionError
from ekiben.packager.selection.exclusions import holds_private_key, is_never_packed, is_secret
from ekiben.packager.selection.wildmatch import NotAPattern, Pattern, parse_pattern

IGNORE_FILE = ".bentoignore"
Patterns: TypeAlias = tuple[Pattern, ...]


def rule_of(path: str, include: Sequence[str], exclude: Sequence[str]) -> str:
    """The pattern of `include` that lets the file `path` in; empty where none does, or `exclude` keeps it out.

    Pure: what a .bentoignore or the built-in rules say is not known here.
    """
    if _is_kept_out(path, _compiled(tuple(exclude), "exclude")):
        return ""
    return _Inclusion(_compiled(tuple(include), "include")).rule_of(path) or ""


class Rules:
    """The patterns for the project in the folder `root`. Paths are relative to it, with `/`; a folder's ends in `/`."""

    def __init__(self, root: Path, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._root = f"{root}/"
        self._inclusion = _Inclusion(_compiled(tuple(include), "include"))
        self._exclude = _compiled(tuple(exclude), "exclude")
        self._outright = frozenset(pattern.strip("/") for pattern in include if _is_plain(pattern))
        self._ignores: dict[str, Patterns] = {}
        self._folders: dict[str, bool] = {}

    def included_by(self, path: str) -> str | None:
        """The pattern that lets `path` in, None where none does."""
        return self._inclusion.rule_of(path)

    def keep_out(self, path: str) -> bool:
        """Whether something keeps out `path` or a folder on the way to it."""
        return any(self._keeps_out_folder(folder) for folder in _folders_of(path)) or self.keep_out_itself(path)

    def keep_out_itself(self, path: str) -> bool:
        """Whether something keeps out `path`, of which no folder on the way is kept out."""
        if path.endswith("/"):
            return self._keeps_out_folder(path)
        return self._keeps_out(path)

    def withhold(self, path: str, real: str, file: Path, size_bytes: int) -> bool:
        """Whether `file`, called `path` and (once links are followed) `real`, is a secret that `include` does not name
        outright."""
        if any(is_secret(one) and one not in self._outright for one in (path, real)):
            return True
        return self._outright.isdisjoint((path, real)) and holds_private_key(file, size_bytes)

    def _keeps_out_folder(self, folder: str) -> bool:
        if folder not in self._folders:
            self._folders[folder] = self._keeps_out(folder)
        return self._folders[folder]

    def _keeps_out(self, path: str) -> bool:
        if not path:
            return False
        place = self._root + path.removesuffix("/")
        if is_never_packed(place, is_folder=path.endswith("/")):
            return True
        return _verdict(self._exclude, path) is True or self._is_ignored(path)

    def _is_ignored(self, path: str) -> bool:
        for folder in reversed(("", *_folders_of(path))):
            verdict = _verdict(self._ignore_of(folder), path.removeprefix(folder))
            if verdict is not None:
                return verdict
        return False

    def _ignore_of(self, folder: str) -> Patterns:
        """The rules of the folder's own .bentoignore."""
        if folder not in self._ignores:
            file = Path(f"{self._root}{folder}{IGNORE_FILE}")
            lines = _lines(file) if file.is_file() else ()
            self._ignores[folder] = _parsed(lines, f"{folder}{IGNORE_FILE}")
        return self._ignores[folder]


class _Inclusion:
    """`include`. What it says of folders is remembered, so that a file is asked about by its own path alone."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._indexed = tuple(enumerate(patterns))[::-1]
        self._folders = {"": -1}

    def rule_of(self, path: str) -> str | None:
        """The pattern that lets in the file or folder `path`."""
        index = self._last(path, self._last_above(path))
        return None if index < 0 or self._patterns[index].is_negated else self._patterns[index].text

    def _last_above(self, path: str) -> int:
        """The index of the last pattern that matches a folder on the way to `path`; -1 where none does."""
        parent = path[: path.rfind("/", 0, len(path) - 1) + 1]
        if parent not in self._folders:
            index = -1
            for folder in (*_folders_of(parent), parent):
                index = self._folders[folder] = self._last(folder, index)
        return self._folders[parent]

    def _last(self, path: str, above: int) -> int:
        """The index of the last pattern that matches `path` itself, if it comes after the one `above`; else that."""
        for index, pattern in self._indexed:
            if index <= above:
                break
            if pattern.matches(path):
                return index
        return above


def _is_kept_out(path: str, patterns: Patterns) -> bool:
    return any(_verdict(patterns, one) is True for one in (*_folders_of(path), path))


def _verdict(patterns: Patterns, path: str) -> bool | None:
    """What the last pattern that matches `path` itself says: out (True), in (False); None where none matches."""
    for pattern in reversed(patterns):
        if pattern.matches(path):
            return not pattern.is_negated
    return None


def _folders_of(path: str) -> Iterator[str]:
    """`a/`, `a/b/` for `a/b/c` and `a/b/c/`: the folders on the way, the topmost first."""
    end = path.find("/")
    while 0 <= end < len(path) - 1:
        yield path[: end + 1]
        end = path.find("/", end + 1)


def _lines(file: Path) -> list[str]:
    """As git reads its own: a byte order mark is no part of the first rule, and only a newline ends one."""
    try:
        return file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SelectionError(f"`{file}` cannot be read as text") from error


@functools.lru_cache(maxsize=64)
def _compiled(lines: tuple[str, ...], where: str) -> Patterns:
    return _parsed(lines, where)


def _parsed(lines: Iterable[str], where: str) -> Patterns:
    return tuple(pattern for line in lines if (pattern := _pattern(line, where)) is not None)


def _pattern(line: str, where: str) -> Pattern | None:
    try:
        return parse_pattern(line)
    except NotAPattern as error:
        raise SelectionError(f"`{line}` of {where} is no pattern", hint="write it as in .gitignore") from error


def _is_plain(pattern: str) -> bool:
    """Whether a pattern names one path outright."""
    return not pattern.startswith("!") and not any(character in pattern for character in "*?[")
