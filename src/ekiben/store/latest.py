"""`<name>/latest`: the versions of a name in the order in which they were last saved, built or pulled, the last on top.

One line each, `<version> <time>`. A writer puts its version on top *before* the rename that brings the item, and a
reader takes the first line whose item exists: so the rename alone changes both the item and `latest`, in one instant.
Pure: text in, values out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ekiben.errors import InvalidTag
from ekiben.tag import Tag

LATEST_FILE = "latest"
KEPT = 16  # lines; enough that a deleted version has a predecessor, and small enough to read in one block
MAX_BYTES = 16 * 1024  # of the file: three times what the longest versions need


@dataclass(frozen=True, slots=True)
class Saved:
    """A version and the time at which it was last saved (RFC 3339)."""

    version: str
    time: str


def parse_latest(text: str) -> list[Saved]:
    """The lines of the file; what is no line of ours is passed over, since items themselves say what exists."""
    fields = [line.split() for line in text.splitlines()]
    return [Saved(*pair) for pair in fields if len(pair) == 2 and _is_version(pair[0])]


def format_latest(entries: list[Saved]) -> str:
    """The text of the file."""
    return "".join(f"{one.version} {one.time}\n" for one in entries)


def put_on_top(entries: list[Saved], saved: Saved, exists: Callable[[str], bool]) -> list[Saved]:
    """`saved` first, then the others that still exist."""
    others = [one for one in entries if one.version != saved.version and exists(one.version)]
    return [saved, *others][:KEPT]


def _is_version(text: str) -> bool:
    try:
        return Tag("any", text).version == text
    except InvalidTag:
        return False
