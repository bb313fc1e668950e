"""`RemoteChunks`: the pieces of an answer that another service streams, read ahead within a bound."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from ekiben.errors import InternalError

AHEAD_BYTES = 256 * 1024  # that nobody has taken yet: beyond it the sender waits


class Tap(Protocol):
    """What the pieces come from."""

    def pause(self) -> None:
        """Lets the sender wait."""

    def resume(self) -> None:
        """Reads on."""

    def cut(self) -> None:
        """Ends it; the sender is to notice."""


class RemoteChunks:
    """The pieces that come from `tap`: `wire.Chunks`."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._pieces: deque[bytes] = deque()
        self._ahead_bytes = 0
        self._is_paused = False
        self._has_ended = False
        self._failure: str | None = None
        self._waiter: asyncio.Future[None] | None = None

    def add(self, piece: bytes) -> None:
        """The tap's: one more has come."""
        self._pieces.append(piece)
        self._ahead_bytes += len(piece)
        if self._ahead_bytes > AHEAD_BYTES and not self._is_paused:
            self._is_paused = True
            self._tap.pause()
        self._wake()

    def end(self, failure: str | None = None) -> None:
        """The tap's: no more will come, because of `failure` where it is not the end."""
        if self._has_ended:
            return
        self._has_ended = True
        self._failure = failure
        if self._is_paused:
            self._is_paused = False
            self._tap.resume()  # it may bring the next answer before this one has been read
        self._wake()

    def __aiter__(self) -> RemoteChunks:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._failure is not None:
                raise InternalError(f"another service broke off its answer: {self._failure}")
            if self._has_ended:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        piece = self._pieces.popleft()
        self._ahead_bytes -= len(piece)
        if self._is_paused and self._ahead_bytes <= AHEAD_BYTES // 2:
            self._is_paused = False
            self._tap.resume()
        return piece

    async def aclose(self) -> None:
        """Cuts the tap where the stream is not over, so that the other end stops."""
        self._pieces.clear()
        if not self._has_ended:
            self._has_ended = True
            self._tap.cut()
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
