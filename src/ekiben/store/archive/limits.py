"""How much an archive may unpack to, counted as it comes: a few bytes can hold the directions for terabytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ekiben.errors import ArchiveError

_MIB, _TIB = 1024**2, 1024**4


@dataclass(frozen=True, slots=True)
class Limits:
    """Wide enough for a Bento with models of hundreds of gigabytes.

    `max_ratio` is of bytes unpacked to bytes read: text reaches 10, a bomb 1,000. It is not asked of the first
    `free_bytes`, since a model of zeros is no attack.
    """

    max_bytes: int = _TIB
    max_files: int = 100_000
    max_ratio: float = 200.0
    free_bytes: int = 256 * _MIB


class Meter:
    """Counts one archive against its limits. `packed_bytes` tells how much of the archive was read so far."""

    def __init__(self, limits: Limits, packed_bytes: Callable[[], int]) -> None:
        self._limits = limits
        self._packed_bytes = packed_bytes
        self._entries = 0
        self._unpacked_bytes = 0

    def entry(self, size_bytes: int) -> None:
        """One more file or folder, which says that it has this size. Raises ArchiveError over a limit."""
        self._entries += 1
        if self._entries > self._limits.max_files:
            raise ArchiveError(f"more than {self._limits.max_files:,} files", hint=_allow("--max-files"))
        if self._unpacked_bytes + size_bytes > self._limits.max_bytes:
            raise self._too_large()

    def folders(self, count: int) -> None:
        """So many folders are there by now: a file of a few bytes can ask for dozens. Raises ArchiveError."""
        if count > self._limits.max_files:
            raise ArchiveError(f"more than {self._limits.max_files:,} folders", hint=_allow("--max-files"))

    def unpacked(self, size_bytes: int) -> None:
        """So many more bytes came out. Raises ArchiveError over a limit."""
        self._unpacked_bytes += size_bytes
        if self._unpacked_bytes > self._limits.max_bytes:
            raise self._too_large()
        allowed = self._limits.free_bytes + self._limits.max_ratio * self._packed_bytes()
        if self._unpacked_bytes > allowed:
            raise ArchiveError(
                f"it unpacks to more than {self._limits.max_ratio:g} times its size", hint=_allow("--max-ratio")
            )

    def _too_large(self) -> ArchiveError:
        return ArchiveError(f"it unpacks to more than {self._limits.max_bytes:,} bytes", hint=_allow("--max-bytes"))


def _allow(option: str) -> str:
    return f"allow more with `{option}` if you trust where it comes from"
