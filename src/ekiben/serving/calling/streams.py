"""The chunks of a streamed answer as items: text as text, JSON lines as their values, all else as bytes.

Text and bytes come in the pieces that the way there left them in: what was yielded in one may come in two, or with the
next. JSON lines are whole.
"""

from __future__ import annotations

import asyncio
import codecs
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

import msgspec

from ekiben.serving.payload.stream import EVENTS, NDJSON
from ekiben.serving.wire import Answer, Body, Chunks, Reply

_END = object()


class ItemReader(Protocol):
    """Takes the chunks of one body, in order."""

    def read(self, chunk: Body) -> list[object]:
        """The items that this chunk completes."""

    def rest(self) -> list[object]:
        """What is left at the end."""


class BytesReader:
    """Chunks as they are."""

    def read(self, chunk: Body) -> list[object]:
        """The chunk."""
        return [bytes(chunk)]

    def rest(self) -> list[object]:
        """Nothing."""
        return []


class TextReader:
    """Chunks as text; a character may be cut between two of them."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def read(self, chunk: Body) -> list[object]:
        """Its text, as far as its characters are whole."""
        text = self._decoder.decode(bytes(chunk))
        return [text] if text else []

    def rest(self) -> list[object]:
        """A character that was cut off."""
        text = self._decoder.decode(b"", final=True)
        return [text] if text else []


class LineReader:
    """JSON lines."""

    def __init__(self) -> None:
        self._begun = b""

    def read(self, chunk: Body) -> list[object]:
        """The values of the lines that end in it."""
        *lines, self._begun = (self._begun + bytes(chunk)).split(b"\n")
        return [msgspec.json.decode(line) for line in lines if line]

    def rest(self) -> list[object]:
        """The value of a line without an end."""
        return [msgspec.json.decode(self._begun)] if self._begun else []


def item_reader(content_type: str) -> ItemReader:
    """The reader of a body of that media type."""
    essence = content_type.partition(";")[0].strip().lower()
    if essence == NDJSON:
        return LineReader()
    return TextReader() if essence.startswith("text/") or essence == EVENTS else BytesReader()


class AsyncItems(AsyncIterator[object]):
    """The items of one answer, asked for with the first item. `check` raises where it is an error.

    Dropped before its end it closes the stream: a generator that is closed does not close what it was iterating.
    """

    def __init__(self, ask: Callable[[], Awaitable[Answer]], check: Callable[[Reply], object]) -> None:
        self._ask = ask
        self._check = check
        self._chunks: Chunks | None = None
        self._reader: ItemReader | None = None
        self._items: deque[object] = deque()
        self._is_over = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def __del__(self) -> None:
        if self._chunks is not None and not self._is_over and self._loop is not None and self._loop.is_running():
            asyncio.run_coroutine_threadsafe(_close(self._chunks), self._loop)

    async def __anext__(self) -> object:
        while not self._items:
            if self._is_over:
                raise StopAsyncIteration
            await self._step()
        return self._items.popleft()

    async def aclose(self) -> None:
        """Wants no more of it."""
        self._is_over = True
        self._items.clear()
        chunks, self._chunks = self._chunks, None
        if chunks is not None:
            await chunks.aclose()

    async def _step(self) -> None:
        if self._reader is None:
            await self._begin()
        elif self._chunks is not None:
            try:
                self._items += self._reader.read(await anext(self._chunks))
            except StopAsyncIteration:
                self._is_over = True
                self._items += self._reader.rest()

    async def _begin(self) -> None:
        answer = await self._ask()
        if not isinstance(answer, Reply):
            self._loop = asyncio.get_running_loop()
            self._reader, self._chunks = item_reader(answer.content_type), answer.chunks
            return
        self._is_over = True
        if answer.status >= 400:
            self._check(answer)
        if answer.payload.body:
            reader = item_reader(answer.payload.content_type)
            self._items += [*reader.read(answer.payload.body), *reader.rest()]


async def _close(chunks: Chunks) -> None:
    await chunks.aclose()


class SyncItems(Iterator[object]):
    """The same in a thread: each item is waited for, on `loop`."""

    def __init__(self, items: AsyncItems, loop: asyncio.AbstractEventLoop) -> None:
        self._items = items
        self._loop = loop

    def __next__(self) -> object:
        item = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        if item is _END:
            raise StopIteration
        return item

    def close(self) -> None:
        """Wants no more of it."""
        asyncio.run_coroutine_threadsafe(self._items.aclose(), self._loop).result()

    async def _next(self) -> object:
        return await anext(self._items, _END)
