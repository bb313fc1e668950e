"""The bounds of looking through one file, and the two ways in which looking ends early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

MAX_OPCODES = 20_000_000  # of one file: half a minute
MAX_UNPACKED_BYTES = 4 * 1024**3  # of all that is compressed in one file
MAX_MEMBERS = 20_000  # of all archives in one file
MAX_DEPTH = 8  # pickles in pickles, archives in archives
MAX_IMPORTS = 10_000  # different ones in one pickle
MAX_ITEMS = 4_000_000  # on a stack or in a memo
MAX_KEPT_BYTES = 256 * 1024**2  # of all that is remembered of values; what is beyond is unknown
MAX_NAME_BYTES = 1024  # of a text that is kept
MAX_READ_BYTES = 8 * 1024**2  # at once, whatever a length in the file says

_PER_PICKLE = 64  # opcodes that even an empty pickle costs


class Halt(Exception):
    """The file is not followed further."""


class Broken(Halt):
    """It is not what an unpickler could read."""


class LimitReached(Halt):
    """It asks for more work than an audit does."""


class Budget:
    """What is left for one file, shared by all that is found inside it."""

    def __init__(
        self,
        opcodes: int = MAX_OPCODES,
        unpacked_bytes: int = MAX_UNPACKED_BYTES,
        members: int = MAX_MEMBERS,
        depth: int = MAX_DEPTH,
    ) -> None:
        self._opcodes = opcodes
        self._unpacked_bytes = unpacked_bytes
        self._members = members
        self._depth = depth
        self._kept_bytes = MAX_KEPT_BYTES

    def keep(self, size_bytes: int) -> bool:
        """Whether so much more may be remembered."""
        self._kept_bytes -= size_bytes
        return self._kept_bytes >= 0

    def spend_unpacked(self, size_bytes: int) -> None:
        """Raises LimitReached where that is too much."""
        self._unpacked_bytes -= size_bytes
        if self._unpacked_bytes < 0:
            raise LimitReached("it unpacks to too many bytes")

    def spend_member(self) -> None:
        """One more file in an archive. Raises LimitReached."""
        self._members -= 1
        if self._members < 0:
            raise LimitReached("its archives hold too many files")

    def spend_opcodes(self, count: int = _PER_PICKLE) -> None:
        """Raises LimitReached where that is too much."""
        self._opcodes -= count
        if self._opcodes < 0:
            raise LimitReached("its pickles are too long")

    @contextmanager
    def level(self) -> Iterator[None]:
        """One level down for the block. Raises LimitReached."""
        if self._depth == 0:
            raise LimitReached("it nests too deeply")
        self._depth -= 1
        try:
            yield
        finally:
            self._depth += 1
