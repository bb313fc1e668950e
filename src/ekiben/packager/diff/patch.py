"""A changed file as a unified diff, where both sides are text of a size that people read."""

from __future__ import annotations

import difflib
from collections import Counter
from pathlib import Path

from ekiben.packager.diff.files import FileChange
from ekiben.packager.diff.reading import read_file

MAX_BYTES = 1024 * 1024  # of each side
MAX_LINES = 10_000  # of each side: 3 s where every other line changed, and four times that for twice as many
MAX_PAIRS = 100_000  # of equal lines, one in each: comparing takes up to the product of these and the changes
_CONTEXT = 3  # lines around a change
_NO_NEWLINE = "\\ No newline at end of file"  # as diff and git write it


class _NotShown(Exception):
    """Why a side is not shown."""


def patch_lines(change: FileChange, old: Path, new: Path) -> list[str]:
    """The lines of the diff, without line ends; `old` and `new` are the Bentos' folders.

    Of what is not text, too large or not there, one line that says so; nothing where only the mode changed.
    """
    if change.is_of_mode_alone:
        return []
    try:
        before = _lines(old, change.path) if change.old else []
        after = _lines(new, change.path) if change.new else []
        _check_pairs(before, after)
    except _NotShown as reason:
        return [f"{change.path}: {reason}"]
    names = (f"old/{change.path}" if change.old else "/dev/null", f"new/{change.path}" if change.new else "/dev/null")
    diff = difflib.unified_diff(before, after, *names, n=_CONTEXT, lineterm="")
    return [part for number, line in enumerate(diff) for part in _shown(line, is_name=number < len(names))]


def _lines(folder: Path, path: str) -> list[str]:
    """The lines of a text file, each with its end, so that a missing last one counts."""
    content = read_file(folder, path, MAX_BYTES)
    if content is None:
        raise _NotShown("not there, or no plain file")
    if len(content) > MAX_BYTES:
        raise _NotShown(f"larger than {MAX_BYTES} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _NotShown("no text") from error
    if "\0" in text:
        raise _NotShown("no text")
    lines = text.split("\n")  # not splitlines(), which knows more ends than diff does
    kept = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    if len(kept) > MAX_LINES:
        raise _NotShown(f"more than {MAX_LINES} lines")
    return kept


def _check_pairs(before: list[str], after: list[str]) -> None:
    """Refuses sides whose comparison would take minutes. Lines that make up a hundredth of the new side do not count:
    `difflib` finds nothing by them."""
    old, new = Counter(before), Counter(after)
    popular = len(after) // 100 + 1
    if sum(count * old[line] for line, count in new.items() if count <= popular) > MAX_PAIRS:
        raise _NotShown("too many lines that repeat")


def _shown(line: str, *, is_name: bool) -> list[str]:
    """A line of the diff without its end, which names and places do not have."""
    if line.endswith("\n"):
        return [line[:-1]]
    return [line] if is_name or line.startswith("@@ ") else [line, _NO_NEWLINE]
