"""`Entry`: one file, folder or link of a layer, and where a file's bytes come from.

Nothing is read here: an entry of a gigabyte is as small as any other. Who makes an entry normalises its mode; owner and
time are no part of it, since a layer gives every entry the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ekiben.digest import Digest
from ekiben.errors import ImageError

Kind = Literal["file", "folder", "link"]

FILE_MODE = 0o644
PROGRAM_MODE = 0o755
FOLDER_MODE = 0o755

_MODE_BITS = 0o7777
_WHITEOUT = ".wh."  # OCI image-spec, layer.md: names that begin so delete what lower layers hold


@dataclass(frozen=True, slots=True)
class FilePart:
    """`size` bytes of a file from `offset` on; without a size, all of the rest. What is read has to have `digest`,
    where there is one."""

    path: Path
    offset: int = 0
    size: int | None = None
    digest: Digest | None = None

    @property
    def size_bytes(self) -> int:
        """How many bytes; asks the disk where `size` does not say. Raises OSError."""
        return max(self.path.stat().st_size - self.offset, 0) if self.size is None else self.size


@dataclass(frozen=True, slots=True)
class ZipPart:
    """A member of a zip archive that unpacks to `size` bytes. What is read has to have `digest`, where there is one."""

    archive: Path
    name: str
    size: int
    digest: Digest | None = None

    @property
    def size_bytes(self) -> int:
        """How many bytes, unpacked."""
        return self.size


Content = bytes | FilePart | ZipPart


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is relative, POSIX, without a trailing `/`; a link's `target` may be anything, absolute too.

    `mode` holds permission bits alone; a link has none of its own. Raises ImageError for a path that no layer can hold,
    ValueError for fields that do not fit the kind.
    """

    path: str
    kind: Kind
    mode: int = FILE_MODE
    content: Content | None = None
    target: str = ""

    def __post_init__(self) -> None:
        check_path(self.path)
        if (self.content is not None) != (self.kind == "file") or bool(self.target) != (self.kind == "link"):
            raise ValueError(f"a file has content, a link a target, and nothing else has: {self.path}")
        if self.mode & ~_MODE_BITS or (self.kind == "folder" and not self.mode & 0o111):
            raise ValueError(f"{self.mode:o} is no mode of a {self.kind}: {self.path}")
        if self.kind == "link":
            _check_text(self.target, f"the target of `{self.path}`")

    @classmethod
    def file(cls, path: str, content: Content, mode: int = FILE_MODE) -> Entry:
        """A regular file."""
        return cls(path, "file", mode, content)

    @classmethod
    def folder(cls, path: str, mode: int = FOLDER_MODE) -> Entry:
        """A folder. Those that only hold others need no entry: a layer makes them, with mode 0755."""
        return cls(path, "folder", mode)

    @classmethod
    def link(cls, path: str, target: str) -> Entry:
        """A symbolic link."""
        return cls(path, "link", target=target)

    @property
    def size_bytes(self) -> int:
        """The size of a file's content, 0 for others. Raises OSError where a file is asked and not there."""
        if self.content is None:
            return 0
        return len(self.content) if isinstance(self.content, bytes) else self.content.size_bytes


def check_path(path: str) -> None:
    """Raises ImageError unless `path` can be that of an entry: relative, no `.`, `..` or empty parts, no whiteout."""
    _check_text(path, f"the path `{path!a}`")
    for part in path.split("/"):
        if part in ("", ".", ".."):
            raise ImageError(f"`{path}` is no path of a layer: it has to be relative, without `.`, `..` and `//`")
        if part.startswith(_WHITEOUT):
            raise ImageError(f"`{path}` cannot be in a layer: a name that begins with `.wh.` deletes other files there")


def _check_text(text: str, what: str) -> None:
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise ImageError(f"{what} is no UTF-8") from error
    if b"\0" in encoded:
        raise ImageError(f"{what} holds a NUL")
