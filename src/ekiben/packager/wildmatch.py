"""One pattern of gitignore(5), with git's own reading of it: does it match a path itself? No files, no folders' rules.

What a match of a folder means for the files in it, and which of several patterns decides, is for `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<stars>\*+)|(?P<one>\?)|(?P<text>[^*?\[\\]+)|\\(?P<escaped>.)"
    r"|\[(?P<not>[!^]?+)(?P<class>\]?+(?:\\.|\[:[^\]]*:\]|[^\\\]])*+)\]",
    re.DOTALL,
)
_ITEM = re.compile(r"\[:(?P<name>[^\]]*):\]|(?P<first>\\.|.)(?:-(?P<last>\\.|[^\]]))?", re.DOTALL)
_CLASSES = {  # POSIX classes over ASCII, which is all that git asks of them
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\ \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": r"\ -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\ \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_ANY_FOLDERS = re.compile(r"\*{2,}")


class NotAPattern(ValueError):
    """A text that git would read as a pattern which matches nothing."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`text` as written. `is_negated`: began with `!`; `is_for_folders`: ended in `/`; `is_for_names`: has no other
    slash, so that it is asked about the last part of a path, at any depth."""

    text: str
    is_negated: bool
    is_for_folders: bool
    is_for_names: bool
    regex: re.Pattern[str]

    def matches(self, path: str, name: str, *, is_folder: bool) -> bool:
        """Whether it matches `path` (relative to the pattern's folder, no slash at its end) itself; `name` is its last
        part."""
        if self.is_for_folders and not is_folder:
            return False
        return self.regex.fullmatch(name if self.is_for_names else path) is not None


def parse_pattern(line: str) -> Pattern | None:
    """The pattern on a line of an ignore file; None for a blank line and a comment. Raises NotAPattern."""
    text = _without_trailing_spaces(line.removesuffix("\r"))
    if not text or text.startswith("#"):
        return None
    glob = text.removeprefix("!")
    is_for_folders = glob.endswith("/")
    glob = glob.removesuffix("/")
    if not glob or glob.endswith("/"):
        raise NotAPattern(text)
    is_for_names = "/" not in glob
    try:
        regex = re.compile(_segment(glob) if is_for_names else _path(glob.removeprefix("/")), re.DOTALL)
    except NotAPattern as error:
        raise NotAPattern(text) from error
    return Pattern(line, text.startswith("!"), is_for_folders, is_for_names, regex)


def _without_trailing_spaces(line: str) -> str:
    """A space at the end counts only behind a backslash."""
    text = line.rstrip(" ")
    is_escaped = (len(text) - len(text.rstrip("\\"))) % 2 == 1
    return f"{text} " if is_escaped and len(text) < len(line) else text


# In both functions below, all gaps but the last take the shortest text that fits and keep it (`(?>...)`): what follows
# a gap only gets more choice by that. So no pattern makes a match take more than quadratic time.


def _path(glob: str) -> str:
    """The regex of a pattern with slashes; `**` alone between them stands for any folders, at the end for any path."""
    groups: list[list[str]] = [[]]
    for part in glob.split("/"):
        if not _ANY_FOLDERS.fullmatch(part):
            groups[-1].append(_segment(part))
        elif groups[-1] or len(groups) == 1:
            groups.append([])
    first, *others = ["/".join(group) for group in groups]
    if not others:
        return first
    *middle, last = others
    begun = f"{first}/" if first else ""
    inner = "".join(f"(?>(?:[^/]+/)*?{part}/)" for part in middle)
    return f"{begun}{inner}(?:[^/]+/)*{last}" if last else f"{begun}{inner}.+"


def _segment(glob: str) -> str:
    """The regex of what stands between two slashes."""
    chunks = [""]
    for token in _tokens(glob):
        if token is None:
            chunks.append("")
        else:
            chunks[-1] += token
    first, *others = chunks
    if not others:
        return first
    *middle, last = others
    return f"{first}{''.join(f'(?>[^/]*?{chunk})' for chunk in middle)}[^/]*{last}"


def _tokens(glob: str) -> Iterator[str | None]:
    """Regexes that match one character each or a fixed text; None for a run of stars."""
    position = 0
    while position < len(glob):
        token = _TOKEN.match(glob, position)
        if token is None:  # a bracket that is not closed, a backslash at the end
            raise NotAPattern(glob)
        position = token.end()
        if token["stars"]:
            yield None
        elif token["one"]:
            yield "[^/]"
        elif token["class"] is not None:
            yield _class(token["class"], is_negated=bool(token["not"]))
        else:
            yield re.escape(token["escaped"] or token["text"])


def _class(content: str, *, is_negated: bool) -> str:
    """One character of a bracket's `content`, or one outside it; never a slash."""
    return f"(?!/)[{'^' if is_negated else ''}{''.join(_items(content))}]"


def _items(content: str) -> Iterator[str]:
    for item in _ITEM.finditer(content):
        if item["name"] is not None:
            if item["name"] not in _CLASSES:
                raise NotAPattern(content)
            yield _CLASSES[item["name"]]
            continue
        first, last = item["first"][-1], (item["last"] or "")[-1:]
        yield re.escape(first)  # by itself, too: the range may be empty
        if first <= last:
            yield f"{re.escape(first)}-{re.escape(last)}"
