"""`answers_in_order`: the requests of one stream answered side by side, so that they can be joined in a batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

AHEAD = 64  # requests of one stream under way at once; the rest waits in the client


async def answers_in_order(messages: AsyncIterable[Q], answer: Callable[[Q], Awaitable[A]]) -> AsyncIterator[A]:
    """The answers, in the order of the requests. What is under way is cancelled when nobody reads on."""
    tasks: asyncio.Queue[asyncio.Task[A] | None] = asyncio.Queue(AHEAD)
    begun: set[asyncio.Task[A]] = set()

    async def begin() -> None:
        try:
            async for message in messages:
                task = asyncio.ensure_future(_answer(answer, message))
                begun.add(task)
                task.add_done_callback(begun.discard)
                await tasks.put(task)
        finally:
            await tasks.put(None)

    reading = asyncio.create_task(begin())
    try:
        while (task := await tasks.get()) is not None:
            yield await task
        await reading
    finally:
        for one in (reading, *begun):
            one.cancel()
        await asyncio.gather(reading, *begun, return_exceptions=True)


async def _answer(answer: Callable[[Q], Awaitable[A]], message: Q) -> A:
    return await answer(message)
