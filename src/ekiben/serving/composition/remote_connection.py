"""`RemoteConnection`: one connection to another service's server, which carries one request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from ekiben.serving.composition.remote_answer import AnswerReader, NotHttp
from ekiben.serving.wire import Answer, Body

READ_BYTES = 64 * 1024  # what one read takes while no body of known length comes
SMALL_BYTES = 16 * 1024  # a body that is copied behind its head, so that both leave in one write


class NotAnswered(Exception):
    """The connection ended before there was an answer. `has_begun`: some of it had come."""

    def __init__(self, reason: str, *, has_begun: bool) -> None:
        super().__init__(reason)
        self.has_begun = has_begun


class RemoteConnection(asyncio.BufferedProtocol):
    """`on_free` is told when the next request may be sent, `on_lost` when none will ever be.

    `born_s` and `idle_since_s` are the pool's; `is_used`: it has carried an answer before.
    """

    def __init__(
        self, on_free: Callable[[RemoteConnection], None], on_lost: Callable[[RemoteConnection], None], born_s: float
    ) -> None:
        self.born_s = born_s
        self.idle_since_s = born_s
        self.is_used = False
        self._on_free = on_free
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._is_closed = False
        self._reader: AnswerReader | None = None
        self._waiter: asyncio.Future[Answer] | None = None

    async def ask(self, head: bytes, body: Body) -> Answer:
        """Sends a request, and gives its answer. Raises NotAnswered. Cancelled, it closes the connection."""
        if self._transport is None or self._is_closed:
            raise NotAnswered("connection closed", has_begun=False)
        self._reader = AnswerReader(self)
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        if len(body) <= SMALL_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        try:
            return await waiter
        except asyncio.CancelledError:
            self.cut()
            raise

    def cut(self) -> None:
        """Closes the connection, whatever is under way."""
        self._is_closed = True
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Lets the sender wait."""
        if self._transport is not None and not self._is_closed:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        if self._transport is not None and not self._is_closed:
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: it is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, which is no subclass of it

    def get_buffer(self, sizehint: int) -> memoryview:
        """asyncio's: where the next bytes go."""
        rest = self._reader.rest if self._reader is not None else None
        return self._buffer if rest is None else rest

    def buffer_updated(self, nbytes: int) -> None:
        """asyncio's: so many bytes have come."""
        reader = self._reader
        if reader is None:
            self.cut()  # nobody has asked
            return
        if reader.rest is not None:
            reader.advance(nbytes)
        else:
            try:
                reader.feed(self._buffer[:nbytes])
            except NotHttp as error:
                self._end(str(error))
                self.cut()
                return
        self._deliver(reader)

    def eof_received(self) -> bool:
        """asyncio's: the other end sends no more."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: it is over."""
        self._is_closed = True
        self._on_lost(self)
        self._end(None if exc is None else str(exc) or type(exc).__name__)

    def _deliver(self, reader: AnswerReader) -> None:
        """Hands on what is there of the answer."""
        if reader.answer is not None and self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_result(reader.answer)
            self._waiter = None
        if reader.is_complete:
            self._reader = None
            self.is_used = True
            if not reader.keeps_alive:
                self.cut()
            elif not self._is_closed:
                self._on_free(self)

    def _end(self, failure: str | None) -> None:
        """The connection is over, and with it what was under way."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.end(failure)
            self._deliver(reader)
        waiter, self._waiter = self._waiter, None
        if waiter is not None and reader is not None and not waiter.done():
            waiter.set_exception(NotAnswered(failure or "connection closed", has_begun=reader.has_begun))
