"""One pattern of gitignore(5), read by pathspec: does it match a path itself? No files, no folders' rules.

pathspec's own answer for a path also covers the folders on the way to it. Here it is taken apart: what a match of a
folder means for what lies below, and which of several patterns decides, is for `rules`, which reads them as git does.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import PurePath

from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_GAP, _FOLDERS, _LEADING = "[^/]*", "(?:/.+)?", "^(?:.+/)?"  # what pathspec writes for `*`, `/**` and a first `**/`
_INNER_GAP = re.compile(rf"{re.escape(_GAP)}((?:\[\^/\](?!\*)|[^/])*?)(?={re.escape(_GAP)})")
_CLASS = re.compile(r"(\\.|\[\^/\])|(\[\^?\]?[^\]]*\])", re.DOTALL)


class NotAPattern(ValueError):
    """A text that matches nothing as a pattern."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`text` as written. `is_negated`: it began with `!`; `is_for_folders`: it ended in `/`; `regex` fits the whole of
    a path that it matches."""

    text: str
    is_negated: bool
    is_for_folders: bool
    regex: re.Pattern[str]

    def matches(self, path: str) -> bool:
        """Whether it matches `path` itself: relative to the pattern's folder, a folder's with a `/` at its end."""
        if self.is_for_folders and not path.endswith("/"):
            return False
        return self.regex.fullmatch(path) is not None


def parse_pattern(line: str) -> Pattern | None:
    """The pattern on a line of an ignore file; None for a blank line and a comment. Raises NotAPattern."""
    text = line.removesuffix("\r")
    bare = text.rstrip(" ")
    if not bare or text.startswith("#"):
        return None
    is_for_folders = bare.endswith("/")
    glob = bare[:-1] if is_for_folders else text  # pathspec would read `a/**/` as `a/`
    if glob in ("", "!") or glob.endswith("/"):
        raise NotAPattern(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # Python's on classes such as [[:digit:]], which it has not
            read = GitIgnoreSpecPattern(glob)
    except (GitIgnorePatternError, re.error, FutureWarning) as error:
        raise NotAPattern(text) from error
    if read.regex is None or read.include is None:
        raise NotAPattern(text)
    return Pattern(line, not read.include, is_for_folders, _whole(read.regex.pattern))


def _whole(searched: str) -> re.Pattern[str]:
    """pathspec's expression, which is searched for in a path, as one that the whole of a path has to fit."""
    steady = _CLASS.sub(lambda found: found[1] or f"(?!/){found[2]}", _steady(searched))  # a class fits no `/`
    begun = steady if steady.startswith("^") else f".*{steady}"
    is_for_below = begun.endswith("/")  # `a/**`: whatever lies in the folder, but not the folder
    return re.compile(f"{begun}.+" if is_for_below else begun, re.DOTALL)


def _steady(searched: str) -> str:
    """The same with every gap but the last taking the shortest text that fits, and keeping it (`(?>...)`): what follows
    a gap only gets more choice by that. So no pattern of a stranger's Bento makes a match take for ever."""
    *inner, last = _INNER_GAP.sub(r"(?>[^/]*?\1)", searched).split(_FOLDERS)
    if not inner:
        return last
    first, *others = inner
    if first.startswith(_LEADING):
        first = f"^(?>(?:.+?/)??{first.removeprefix(_LEADING)}(?=/))"
    return "".join([first, *(f"(?>(?:/.+?)??{other}(?=/))" for other in others), _FOLDERS, last])


def pattern_of_folder(path: PurePath) -> str:
    """The pattern that stands for the folder `path`, relative to where the pattern is read, and for no other."""
    escaped = re.sub(r"(\s)", r"[\1]", GitIgnoreSpecPattern.escape(path.as_posix()))  # blanks at the end are dropped
    return f"/{escaped}/"
