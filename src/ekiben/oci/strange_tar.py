"""`strange_tar`: tarfile for what strangers made: bounded in memory and time, with errors of one kind.

tarfile takes a header at its word. It sets as much memory aside as a long name is said to have, reads on for years
where a stream ends before a file that is said to be in it, and raises whatever its parsing comes upon.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self, cast

_MOST_NAME_BYTES = 1024 * 1024  # of a name, or of a file's extended headers: the longest in use have kilobytes
_NAMES = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
_MOST_READS_AT_END = 16  # tarfile's own are two or three
_UNREADABLE = (tarfile.TarError, ValueError, OverflowError, LookupError)


@contextmanager
def strange_tar(source: Path | IO[bytes]) -> Iterator[tarfile.TarFile]:
    """The tar in a file, or in a stream, where it can only be read forward. Opening it, and reading it in the block,
    raises tarfile.TarError alone for what is no tar, and what reading the source raises."""
    try:
        with _opened(source) as archive:
            yield archive
    except _UNREADABLE as error:
        raise tarfile.ReadError(str(error)) from error


def _opened(source: Path | IO[bytes]) -> tarfile.TarFile:
    if isinstance(source, Path):
        return tarfile.open(source, "r:", tarinfo=_Member)
    return tarfile.open(fileobj=cast("IO[bytes]", _Ending(source)), mode="r|", tarinfo=_Member)


class _Member(tarfile.TarInfo):
    """A member that is no larger than it may be."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """The member of a header."""
        member = super().frombuf(buf, encoding, errors)
        if member.size < 0 or (member.type in _NAMES and member.size > _MOST_NAME_BYTES):
            raise tarfile.ReadError(f"a header says that {member.size} bytes follow")
        return member


class _Ending:
    """A stream that is not read for ever at its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._reads_at_end = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        content = self._stream.read(size)
        self._reads_at_end += not content
        if self._reads_at_end > _MOST_READS_AT_END:
            raise tarfile.ReadError("it ends before a file that it is said to hold")
        return content
