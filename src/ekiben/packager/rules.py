"""What a project's patterns say about a path: `include` lets it in; `exclude`, .bentoignore and the built-in rules keep
it out, and with a folder all that lies below it. Links are `selection`'s to follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from ekiben.errors import SelectionError
from ekiben.packager.exclusions import holds_private_key, is_never_packed, is_secret

IGNORE_FILE = ".bentoignore"


class Rules:
    """The patterns for the project in the folder `root`. Paths are relative to it, with `/`; a folder's ends in `/`."""

    def __init__(self, root: Path, include: Sequence[str], exclude: Sequence[str]) -> None:
        self._root = root
        self._patterns = tuple(pattern for pattern in include if pattern)
        self._include = _compiled(self._patterns, "include")
        self._exclude = _compiled(exclude, "exclude")
        self._outright = frozenset(pattern.removeprefix("./").strip("/") for pattern in include if _is_plain(pattern))
        self._ignores: dict[str, GitIgnoreSpec | None] = {}
        self._folders: dict[str, bool] = {}

    def included_by(self, path: str) -> str | None:
        """The pattern that lets `path` in, None where none does."""
        result = self._include.check_file(path)
        return self._patterns[result.index] if result.include and result.index is not None else None

    def keep_out(self, path: str) -> bool:
        """Whether something keeps out `path` or a folder on the way to it."""
        return any(self._keeps_out_folder(folder) for folder in _folders_of(path)) or self._keeps_out(path)

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
        is_built_in = is_never_packed(self._root / path, is_folder=path.endswith("/"))
        return is_built_in or bool(self._exclude.check_file(path).include) or self._is_ignored(path)

    def _is_ignored(self, path: str) -> bool:
        for folder in reversed(("", *_folders_of(path))):
            ignore = self._ignore_of(folder)
            verdict = ignore.check_file(path.removeprefix(folder)).include if ignore else None
            if verdict is not None:
                return verdict
        return False

    def _ignore_of(self, folder: str) -> GitIgnoreSpec | None:
        """The rules of the folder's own .bentoignore."""
        if folder not in self._ignores:
            file = self._root / folder / IGNORE_FILE
            self._ignores[folder] = _compiled(_lines(file), f"{folder}{IGNORE_FILE}") if file.is_file() else None
        return self._ignores[folder]


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
