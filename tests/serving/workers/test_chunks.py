"""Chunks: they arrive in order, no faster than they are taken, and a stream that is closed has really ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.workers.chunks import WINDOW_BYTES, WINDOW_CHUNKS, Inflow, Outflow

T = TypeVar("T")


class Line:
    """An outflow whose chunks go straight to an inflow; `sent` and `peak` count what was under way at once."""

    def __init__(self) -> None:
        self.outflow = Outflow(self._send)
        self.inflow = Inflow(took=self.outflow.took, cancel=self.outflow.stop)
        self.sent = 0

    def _send(self, chunk: bytes) -> None:
        self.sent += 1
        self.inflow.add(chunk)

    async def pump(self, chunks: AsyncGenerator[bytes, None]) -> None:
        """What a child does with a stream."""
        try:
            await self.outflow.pump(chunks)
        except RuntimeError as error:
            self.inflow.end(error)
        else:
            self.inflow.end()


async def counted(sizes: list[int], closed: list[bool]) -> AsyncGenerator[bytes, None]:
    try:
        for number, size in enumerate(sizes):
            await asyncio.sleep(0)
            yield bytes([number % 256]) * size
    finally:
        closed.append(True)


def run(work: Coroutine[object, object, T]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(10):
            return await work

    return asyncio.run(bounded())


@given(st.lists(st.integers(1, 300), max_size=3 * WINDOW_CHUNKS))
def test_every_chunk_arrives_once_and_in_order(sizes: list[int]) -> None:
    async def stream() -> list[bytes]:
        line = Line()
        pumping = asyncio.create_task(line.pump(counted(sizes, [])))
        got = [chunk async for chunk in line.inflow]
        await pumping
        return got

    assert run(stream()) == [bytes([number % 256]) * size for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("size", "most"), [(1, WINDOW_CHUNKS), (WINDOW_BYTES // 4, 4), (2 * WINDOW_BYTES, 1)], ids=["many", "few", "one"]
)
def test_a_generator_rests_while_nobody_takes_its_chunks(size: int, most: int) -> None:
    async def stream() -> tuple[int, int]:
        line = Line()
        pumping = asyncio.create_task(line.pump(counted([size] * 500, [])))
        for _ in range(2000):
            await asyncio.sleep(0)
        before = line.sent
        taken = len([await anext(line.inflow) for _ in range(most)])
        for _ in range(2000):
            await asyncio.sleep(0)
        await line.inflow.aclose() if line.inflow.ended.done() else pumping.cancel()
        return before, line.sent - taken

    assert run(stream()) == (most, most)


def test_a_stream_that_is_closed_in_the_middle_closes_the_generator_and_waits_for_it() -> None:
    async def stream() -> list[bool]:
        line = Line()
        closed: list[bool] = []
        pumping = asyncio.create_task(line.pump(counted([1] * 500, closed)))
        await anext(line.inflow)
        await line.inflow.aclose()
        found = list(closed)
        await pumping
        with pytest.raises(StopAsyncIteration):
            await anext(line.inflow)
        return found

    assert run(stream()) == [True]


def test_a_stream_that_is_closed_before_it_began_is_cancelled_too() -> None:
    async def stream() -> bool:
        cancelled = asyncio.Event()
        inflow = Inflow(took=lambda chunks, size: None, cancel=cancelled.set)
        closing = asyncio.create_task(inflow.aclose())
        await cancelled.wait()
        has_waited = not closing.done()
        inflow.end()
        await closing
        return has_waited

    assert run(stream())


def test_an_error_comes_after_the_chunks_before_it_and_once() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise RuntimeError("broke off")

    async def stream() -> list[bytes]:
        line = Line()
        pumping = asyncio.create_task(line.pump(broken()))
        got = [await anext(line.inflow)]
        with pytest.raises(RuntimeError, match="broke off"):
            await anext(line.inflow)
        with pytest.raises(StopAsyncIteration):
            await anext(line.inflow)
        await pumping
        return got

    assert run(stream()) == [b"one"]
