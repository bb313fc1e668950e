"""Bodies that did not come whole with their heads: read within a limit, before they are held.

`IncomingBody` is the end of one on a connection of ours. What nobody has asked for yet stays in the client: beyond
AHEAD_BYTES reading stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from ekiben.errors import EkibenError, PayloadTooLarge

AHEAD_BYTES = 64 * 1024  # bytes that are held of a body before somebody asks for it
MAX_DIGITS = 20  # of a length: those of the largest one that a parser takes
MAX_UNREAD_BYTES = 16 * 1024 * 1024  # bytes of a body that are thrown away after the answer, before the connection is


class BodySource(Protocol):
    """Where a body comes from, piece by piece."""

    async def next(self) -> bytes:
        """The next piece, empty at the end. Raises RequestError where the client stopped in the middle."""


class BodyFlow(Protocol):
    """What a body asks of its connection."""

    def pause_reading(self) -> None:
        """Leave what comes in the network."""

    def resume_reading(self) -> None:
        """Take it again."""

    def cut(self) -> None:
        """End the connection: more came than anybody will read."""


class IncomingBody:
    """The body of one request on a connection: filled by its reader, emptied by a handler."""

    __slots__ = ("_before_first", "_failure", "_flow", "_held_bytes", "_pieces", "_waiter", "is_dropped", "is_whole")

    def __init__(self, flow: BodyFlow, before_first: Callable[[], None] | None = None) -> None:
        self._flow = flow
        self._before_first = before_first  # what is to happen once somebody asks and nothing has come: 100 Continue
        self._pieces: list[bytes] = []
        self._held_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._failure: EkibenError | None = None
        self.is_whole = False
        self.is_dropped = False

    @property
    def is_unasked(self) -> bool:
        """Whether nothing came, because the client waits to be asked for it."""
        return self._before_first is not None

    async def next(self) -> bytes:
        """The pieces that have come since, as one; empty at the end. Raises what `fail` was given."""
        if self._before_first is not None:
            self._before_first()
            self._before_first = None
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self.is_whole:
                return b""
            self._flow.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held_bytes = 0
        return taken

    def add(self, piece: bytes) -> None:
        """The reader's: more has come."""
        self._before_first = None
        self._held_bytes += len(piece)
        if self.is_dropped:
            if self._held_bytes > MAX_UNREAD_BYTES:
                self._flow.cut()
            return
        self._pieces.append(piece)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        elif self._held_bytes > AHEAD_BYTES:  # asked for or not: uvloop reads 8 MiB before others have a turn
            self._flow.pause_reading()

    def end(self) -> None:
        """The reader's: that was all."""
        self.is_whole = True
        self._wake()

    def fail(self, error: EkibenError) -> None:
        """There will be no more; whoever reads gets `error`."""
        self._failure = error
        self._wake()

    def drop(self) -> None:
        """Nobody will read it: what still comes is thrown away."""
        self.is_dropped = True
        self._pieces.clear()
        self._held_bytes = 0

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def read_body(source: BodySource, declared: bytes | None, limit: int) -> bytes:
    """The body. `declared` is Content-Length's value: one over `limit` is refused before a byte is read.

    Raises PayloadTooLarge beyond `limit` bytes, and what the source raises where the client stops in the middle.
    """
    if declared is not None and declared.isdigit():
        check_size(int(declared[:MAX_DIGITS]), limit)
    pieces: list[bytes] = []
    size = 0
    while piece := await source.next():
        pieces.append(piece)
        size += len(piece)
        check_size(size, limit)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def check_size(size: int, limit: int) -> None:
    """Raises PayloadTooLarge where a body of `size` bytes is over the limit."""
    if size > limit:
        raise PayloadTooLarge(f"the body is larger than {limit} bytes", hint="`http.max_body` sets the limit")
