"""What a file in an archive may be called: the same rules for writing and for reading, so that what is exported can be
imported anywhere. Pure.

Refused is what could lead out of the folder that it is unpacked into, what another file system would read as something
else (a backslash, two names that differ in case alone), and what a terminal would not show as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from ekiben.errors import ArchiveError

MAX_PATH_BYTES = 1024  # a quarter of Linux's PATH_MAX: the rest is for the folder it is unpacked into
MAX_PART_BYTES = 255  # what Linux's file systems take
MAX_DEPTH = 64
_SHOWN = 120  # characters of a name in a message
# Categories: control characters, halves of pairs (bytes that were no UTF-8), line and paragraph separators.
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # of text's direction


def check_path(path: str) -> str:
    """`path` as it is, where a file may be called so. Raises ArchiveError saying what is wrong with it."""
    reason = _refusal(path)
    if reason:
        raise ArchiveError(f"the name `{shown(path)}` {reason}")
    return path


def shown(path: str) -> str:
    """A name for a message: nothing in it moves the cursor, and it has an end."""
    text = "".join(
        char if _is_visible(char) else char.encode("unicode_escape").decode("ascii", "replace") for char in path
    )
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class NameRegister:
    """The names that an archive has used so far: no file twice, no two that one file system would take for the same.
    `folders` counts those that lie on the way to a file, too."""

    def __init__(self) -> None:
        self._claims: dict[str, tuple[str, bool]] = {}
        self._whole: set[str] = set()  # folders that are claimed with all above them
        self.folders = 0

    def add_file(self, path: str) -> None:
        """Raises ArchiveError where a file or folder has this name, or one that differs in case or accents alone."""
        self._add_folders_above(path)
        self._claim(path, is_folder=False)

    def add_folder(self, path: str) -> None:
        """The same for a folder, which may be named any number of times."""
        self._add_folders_above(path)
        self._claim(path, is_folder=True)

    def _add_folders_above(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if folder and folder not in self._whole:
            self._add_folders_above(folder)
            self._claim(folder, is_folder=True)
            self._whole.add(folder)

    def _claim(self, path: str, *, is_folder: bool) -> None:
        key = _key(path)
        if key not in self._claims:
            self._claims[key] = (path, is_folder)
            self.folders += is_folder
            return
        standing, was_folder = self._claims[key]
        if standing != path:
            raise ArchiveError(f"the names `{shown(standing)}` and `{shown(path)}` are one on some file systems")
        if not (is_folder and was_folder):
            raise ArchiveError(f"the name `{shown(path)}` is there twice")


def why_no_archive(paths: Iterable[str]) -> str | None:
    """Why no archive takes all of these paths, in words; None where one does."""
    register = NameRegister()
    try:
        for path in paths:
            register.add_file(check_path(path))
    except ArchiveError as error:
        return str(error)
    return None


def _key(path: str) -> str:
    """What names have in common that one file system would take for the same."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def _refusal(path: str) -> str | None:
    parts = path.split("/")
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        return "is no UTF-8"
    if not path or path.startswith("/"):
        return "is not relative" if path else "is empty"
    if ".." in parts:
        return "leads out of the archive"
    if "" in parts or "." in parts:
        return "has an empty part"
    if "\\" in path:
        return "has a backslash"
    if not _is_shown(path):
        return "has a character that is not shown"
    if max(sizes) > MAX_PART_BYTES or sum(sizes) + len(sizes) > MAX_PATH_BYTES or len(parts) > MAX_DEPTH:
        return "is too long"
    return None


def _is_shown(path: str) -> bool:
    return (path.isascii() and path.isprintable()) or all(map(_is_visible, path))


def _is_visible(char: str) -> bool:
    return char not in _TURNING and unicodedata.category(char) not in _INVISIBLE
