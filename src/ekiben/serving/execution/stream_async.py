"""`LoopChunks`: a stream of an async method, stepped on the event loop by whoever reads."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

from ekiben.serving.execution.program import USER_FAILURES, call_contained
from ekiben.serving.execution.streaming import MethodChunks, StreamCall
from ekiben.serving.execution.threads import Threads
from ekiben.serving.failures import is_own_end
from ekiben.serving.wire import Answer


class LoopChunks(MethodChunks):
    """Runs `method` for `stream`; its body is decoded in `threads`, where given."""

    def __init__(self, stream: StreamCall, method: Callable[..., Any], threads: Threads | None) -> None:
        self._stream = stream
        self._method = method
        self._threads = threads
        self._iterator: AsyncIterator[object] | None = None
        self._first = b""
        self._is_over = False

    async def open(self) -> Answer:
        """Decodes, calls, and waits for the first item."""
        try:
            self._iterator = await self._call()
            self._first = await self._step()
        except StopAsyncIteration:
            await self.aclose()
        except USER_FAILURES:  # cancelled itself, too: then the method has ended by that
            await self.aclose()
            raise
        return self._stream.answer(self)

    async def __anext__(self) -> bytes:
        chunk, self._first = self._first, b""
        while not chunk:
            if self._is_over:
                raise StopAsyncIteration
            try:
                chunk = await self._step()
            except StopAsyncIteration:
                await self.aclose()
            except USER_FAILURES as error:
                if is_own_end(error):
                    raise
                await self.aclose()
                self._stream.break_off(error)
        return chunk

    async def aclose(self) -> None:
        """Closes the method's iterator, and returns when its `finally` has run."""
        self._is_over = True
        iterator, self._iterator = self._iterator, None
        try:
            if iterator is not None and hasattr(iterator, "aclose"):
                await iterator.aclose()
        except USER_FAILURES as error:
            if is_own_end(error):
                raise
            self._stream.log("failed while it was closed", error)
        finally:
            self._stream.finish()

    async def _call(self) -> AsyncIterator[object]:
        prepare = self._stream.prepare
        invocation = prepare() if self._threads is None else await self._threads.run(call_contained, prepare)
        made = self._method(*invocation.positional, **invocation.named)
        iterator: AsyncIterator[object] = aiter(await made if inspect.isawaitable(made) else made)
        return iterator

    async def _step(self) -> bytes:
        assert self._iterator is not None, "stepped before it was called"
        return self._stream.encode(await anext(self._iterator))
