"""`Entry`: one thing in an archive as a reader found it, not judged yet; and reading in bounded pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ekiben.errors import ArchiveError

CHUNK_BYTES = 1024 * 1024  # read at once: memory stays bounded whatever the archive


class EntryKind(StrEnum):
    """Files are unpacked, folders made where a file needs one; everything else is refused, by this name."""

    file = "a file"
    folder = "a folder"
    hard_link = "a hard link"
    symbolic_link = "a symbolic link"
    device = "a device"
    fifo = "a FIFO"
    sparse = "a sparse file"
    encrypted = "an encrypted file"
    unknown = "of an unknown kind"


class Stream(Protocol):
    """What archives are read from: forward only."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is as the archive spells it. `chunks` gives the content once, before the next entry is asked for."""

    path: str
    kind: EntryKind
    size_bytes: int = 0
    is_executable: bool = False
    chunks: Callable[[], Iterator[bytes]] = lambda: iter(())


def read_exactly(stream: Stream, size_bytes: int) -> bytes:
    """So many bytes. Raises ArchiveError where the stream ends before; for what is small."""
    return b"".join(read_chunks(stream, size_bytes))


def read_chunks(stream: Stream, size_bytes: int) -> Iterator[bytes]:
    """So many bytes in pieces. Raises ArchiveError where the stream ends before."""
    left = size_bytes
    while left:
        chunk = stream.read(min(left, CHUNK_BYTES))
        if not chunk:
            raise ArchiveError("it ends too early", hint="it was not copied or downloaded whole")
        left -= len(chunk)
        yield chunk
