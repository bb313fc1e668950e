"""Requirement files as logical lines: continuations joined, comments gone, nested `-r` and `-c` followed.

What a line *means* is `intent.py`'s. The format is pip's ("Requirements File Format"), files in UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import LockError

_COMMENT = re.compile(r"(^|\s+)#.*$")
_NESTED = re.compile(r"(?P<option>-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(?P<path>\S.*)")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line. `place` is `file:line` for people, empty for a line that was in no file."""

    text: str
    is_constraint: bool
    place: str = ""

    def refuse(self, message: str, hint: str | None = None) -> LockError:
        """The error for this line, with its place in front."""
        return LockError(f"{self.place}: {message}" if self.place else message, hint=hint)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """`(line number, content)` of every line of `text` that says something; the number is that of its first line."""
    parts: list[str] = []
    start = 1
    for number, raw in enumerate([*text.splitlines(), ""], start=1):
        line = _COMMENT.sub("", raw).strip()
        if not parts:
            start = number
        is_continued = line.endswith("\\")
        parts.append(line.removesuffix("\\").strip())
        if is_continued:
            continue
        joined = " ".join(part for part in parts if part)
        parts = []
        if joined:
            yield start, joined


def read_lines(texts: Iterable[str], project: Path) -> list[Line]:
    """The lines of `texts` and of every file that they name by `-r` or `-c`, each file once.

    Raises LockError for a file that is missing, unreadable, remote or outside of `project`.
    """
    top = [Line(text, is_constraint=False) for _, text in logical_lines("\n".join(texts))]
    return list(_follow(top, folder=project, project=project.resolve(), seen=set()))


def _follow(lines: Iterable[Line], *, folder: Path, project: Path, seen: set[tuple[Path, bool]]) -> Iterator[Line]:
    for line in lines:
        nested = _NESTED.fullmatch(line.text)
        if nested is None:
            yield line
            continue
        is_constraint = line.is_constraint or nested["option"] in ("-c", "--constraint")
        path = _inside(line, nested["path"].strip("'\""), folder, project)
        if (path, is_constraint) in seen:
            continue
        seen.add((path, is_constraint))
        place = path.relative_to(project)
        content = [Line(text, is_constraint, f"{place}:{number}") for number, text in logical_lines(_read(line, path))]
        yield from _follow(content, folder=path.parent, project=project, seen=seen)


def _inside(line: Line, name: str, folder: Path, project: Path) -> Path:
    if "://" in name:
        raise line.refuse("a requirements file at a URL is not read", "save it into the project and name that file")
    path = (folder / name).resolve()
    if not path.is_relative_to(project):
        raise line.refuse(f"the requirements file `{name}` is outside of the project", "copy it into the project")
    if not path.is_file():
        raise line.refuse(f"the requirements file `{name}` does not exist")
    return path


def _read(line: Line, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise line.refuse(f"the requirements file `{path.name}` cannot be read: {error}") from error
