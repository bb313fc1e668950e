"""The chunks of one stream on their way from a child to its front, never more of them than the window lets through.

    child   Outflow    asks the service for the next chunk only while the window is open
    front   Inflow     holds what came until the client's connection takes it, then opens the window again

So a slow client stops the service's generator rather than fill the front's memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from ekiben.serving.wire import Answer, Chunks

WINDOW_CHUNKS = 64  # tokens of a language model: what a write to the client may gather
WINDOW_BYTES = 1024 * 1024  # pieces of a file: about what two sockets hold


class Window:
    """What was sent and not yet taken."""

    def __init__(self) -> None:
        self.chunks = 0
        self.size = 0

    def is_open(self) -> bool:
        """Whether another chunk may be sent, however large it is."""
        return self.chunks < WINDOW_CHUNKS and self.size < WINDOW_BYTES

    def is_half_full(self) -> bool:
        """Whether it is time to tell the sender: what it does not hear of never closes its window."""
        return self.chunks >= WINDOW_CHUNKS // 2 or self.size >= WINDOW_BYTES // 2

    def add(self, chunks: int, size: int) -> None:
        """Counts what was sent, or with a minus what was taken."""
        self.chunks += chunks
        self.size += size


class Outflow:
    """The child's side: hands the chunks of a service to `send`, in the front's time."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._window = Window()
        self._may_go_on = asyncio.Event()
        self._is_stopped = False

    async def pump(self, chunks: Chunks) -> None:
        """Sends them all, or up to `stop`; returns when they are closed. Raises what the service raises."""
        try:
            while await self._is_wanted():
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                self._window.add(1, len(chunk))
                self._send(chunk)
        finally:
            await chunks.aclose()

    def took(self, chunks: int, size: int) -> None:
        """The front passed so much on."""
        self._window.add(-chunks, -size)
        self._may_go_on.set()

    def stop(self) -> None:
        """Nobody wants more of it."""
        self._is_stopped = True
        self._may_go_on.set()

    async def _is_wanted(self) -> bool:
        """Waits for an open window; False when nobody wants more."""
        while not self._is_stopped and not self._window.is_open():
            self._may_go_on.clear()
            await self._may_go_on.wait()
        return not self._is_stopped


class Inflow(AsyncIterator[bytes]):
    """The front's side, the `chunks` of a StreamReply. `answer` is what the call comes to, `ended` is done at the end.

    Closing it tells the child, and returns when the child says that the stream has ended.
    """

    def __init__(self, took: Callable[[int, int], None], cancel: Callable[[], None]) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._took = took
        self._cancel = cancel
        self._chunks: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._untold = Window()
        self._is_closed = False
        self._error: Exception | None = None

    def begin(self, answer: Answer) -> None:
        """The child said what the call comes to."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def add(self, chunk: bytes) -> None:
        """A chunk came."""
        if not self._is_closed:
            self._chunks.append(chunk)
            self._news.set()

    def end(self, error: Exception | None = None) -> None:
        """No chunk will come any more, because of the error if there is one."""
        self._error = error
        if not self.answer.done():
            self.answer.cancel() if error is None else self.answer.set_exception(error)
        self.ended.set_result(None)
        self._news.set()

    async def __anext__(self) -> bytes:
        """The next chunk."""
        while not self._chunks:
            if self._is_closed:
                raise StopAsyncIteration
            if self.ended.done():
                self._is_closed = True
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        chunk = self._chunks.popleft()
        self._untold.add(1, len(chunk))
        if self._untold.is_half_full() and not self.ended.done():
            self._took(self._untold.chunks, self._untold.size)
            self._untold = Window()
        return chunk

    async def aclose(self) -> None:
        """Ends the stream in the child, if it has not ended, and returns when it has."""
        self._is_closed = True
        self._chunks.clear()
        self._news.set()
        if not self.ended.done():
            self._cancel()
            await asyncio.shield(self.ended)
