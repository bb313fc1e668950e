"""`ThreadedChunks`: a stream of a sync method, stepped in one of the worker's threads.

A token must not wait, and a hop to a thread costs as much as many tokens take. So the thread tells the loop of what it
has and goes on; it comes back when the loop did not look for HOP_S (it may be waiting for Python's lock), or when
AHEAD_BYTES wait for a slow client. What gathers meanwhile goes out as one chunk.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

from ekiben.serving.execution.program import USER_FAILURES, call_contained
from ekiben.serving.execution.streaming import MethodChunks, StreamCall
from ekiben.serving.execution.threads import Threads
from ekiben.serving.failures import is_own_end
from ekiben.serving.wire import Answer

R = TypeVar("R")

HOP_S = 0.001  # seconds that a thread goes on while the loop does not take what it has
AHEAD_BYTES = 64 * 1024  # yielded and not read, beyond which the method waits: about what a socket takes at once
_END = object()


class ThreadedChunks(MethodChunks):
    """Runs `method` for `stream` in `threads`, one hop after the other, never two at once.

    The thread fills `_ready` and counts `_made_bytes`, the loop empties it and counts `_taken_bytes`.
    """

    def __init__(self, stream: StreamCall, method: Callable[..., object], threads: Threads) -> None:
        self._stream = stream
        self._method = method
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._iterator: Iterator[object] | None = None
        self._ready: deque[bytes] = deque()
        self._made_bytes = 0
        self._taken_bytes = 0
        self._is_loop_told = False
        self._is_closing = False
        self._is_over = False
        self._is_finished = False
        self._hop: asyncio.Task[bool] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> Answer:
        """Decodes, calls, and waits for the first item. Cancelled, it leaves the method to be closed by itself."""
        try:
            while self._stream.head is None and not self._is_over:
                await self._progress()
        except asyncio.CancelledError:
            self.begin_closing()
            raise
        return self._stream.answer(self)

    async def __anext__(self) -> bytes:
        while not self._ready:
            if self._is_over or self._is_closing:
                raise StopAsyncIteration
            try:
                await self._progress()
            except USER_FAILURES as error:
                if is_own_end(error):
                    raise
                self._is_over = True
                self._stream.break_off(error)
        chunk = b"".join(self._ready.popleft() for _ in range(len(self._ready)))
        self._taken_bytes += len(chunk)
        return chunk

    async def aclose(self) -> None:
        """Closes the method's iterator at its next item, and returns when its thread is free."""
        await asyncio.shield(self.begin_closing())

    def begin_closing(self) -> asyncio.Task[None]:
        """The method's end, under way."""
        if self._closing is None:
            self._is_closing = True
            self._closing = self._loop.create_task(self._close())
        return self._closing

    async def _close(self) -> None:
        if self._hop is not None:
            await asyncio.wait([self._hop])
            if not self._hop.cancelled() and (error := self._hop.exception()) is not None:
                self._stream.log("failed after its reader had left", error)
        if not self._is_finished:
            await self._submit(self._finish)

    async def _progress(self) -> None:
        """Waits until the thread has something, or has come back. Raises what the method raised."""
        if self._hop is None:
            self._hop = self._submit(self._run)
            self._hop.add_done_callback(self._wake)
        if self._hop.done():
            hop, self._hop = self._hop, None
            self._is_over = hop.result()
        else:
            self._waiter = self._loop.create_future()
            await self._waiter

    def _wake(self, _: object = None) -> None:
        """On the loop: the reader looks again."""
        self._is_loop_told = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _submit(self, function: Callable[[], R]) -> asyncio.Task[R]:
        """A task of its own: who waits may be cancelled, and the thread is not."""
        return self._loop.create_task(self._threads.run(call_contained, function))

    def _run(self) -> bool:
        """In a thread: steps the method until it ends (True), or until loop or client are behind (False)."""
        is_over = True
        try:
            is_over = self._step()
        finally:
            if is_over:
                self._finish()
        return is_over

    def _step(self) -> bool:
        if self._iterator is None:
            invocation = self._stream.prepare()
            self._iterator = iter(self._method(*invocation.positional, **invocation.named))  # type: ignore[call-overload]
        told_at = 0.0
        while not self._is_closing and self._made_bytes - self._taken_bytes < AHEAD_BYTES:
            item = next(self._iterator, _END)
            if item is _END:
                return True
            if chunk := self._stream.encode(item):
                self._ready.append(chunk)
                self._made_bytes += len(chunk)
            if not self._is_loop_told:
                self._is_loop_told, told_at = True, time.perf_counter()
                self._loop.call_soon_threadsafe(self._wake)
            elif time.perf_counter() - told_at > HOP_S:
                return False
        return False

    def _finish(self) -> None:
        """In a thread: the method's own `finally`, then ours."""
        self._is_finished = True
        try:
            if self._iterator is not None and hasattr(self._iterator, "close"):
                self._iterator.close()
        except USER_FAILURES as error:
            self._stream.log("failed while it was closed", error)
        finally:
            self._stream.finish()
