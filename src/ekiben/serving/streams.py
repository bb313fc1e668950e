"""`FollowedChunks`: a stream's chunks with somebody who hears of their end and does not wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Literal, TypeAlias

from ekiben.errors import DeadlineExceeded
from ekiben.serving.wire import Chunks

StreamEnd: TypeAlias = Literal["complete", "failed", "closed"]


class FollowedChunks(AsyncIterator[bytes]):
    """`on_end` is called once: all was read, the service failed, or the reader left. Each chunk has `timeout_s`."""

    def __init__(self, chunks: Chunks, on_end: Callable[[StreamEnd], None], timeout_s: float | None = None) -> None:
        self._chunks = chunks
        self._on_end = on_end
        self._timeout_s = timeout_s
        self._has_ended = False

    async def __anext__(self) -> bytes:
        """The next chunk. Raises DeadlineExceeded where it does not come in time."""
        limit = asyncio.timeout(self._timeout_s)
        try:
            async with limit:
                return await anext(self._chunks)
        except StopAsyncIteration:
            self._end("complete")
            raise
        except Exception as error:  # whatever the service raised: nothing comes after it
            await self._close("failed")
            if limit.expired():
                raise DeadlineExceeded(f"no part of the reply came within `{self._timeout_s:g}` s") from error
            raise

    async def aclose(self) -> None:
        """Closes the chunks; returns when nothing of them runs any more."""
        await self._close("closed")

    async def _close(self, end: StreamEnd) -> None:
        try:
            await self._chunks.aclose()
        finally:
            self._end(end)

    def _end(self, end: StreamEnd) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._on_end(end)
