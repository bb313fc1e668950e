"""The client that awaits, on a real server."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from ekiben.clients.async_client import AsyncHTTPClient
from ekiben.clients.server import Server
from ekiben.clients.tasks import ResultStatus
from ekiben.errors import DeadlineExceeded, NotFound, Overloaded, UsageError
from tests.serving.server_process import free_port


def test_calls_are_awaited_and_many_run_at_once(server: Server) -> None:
    async def talk() -> None:
        async with server.get_async_client() as client:
            assert await client.greet("ada", times=2) == "hello ada hello ada"
            assert await client.call("move", {"x": 1}, by=2) == {"x": 3, "y": 0}
            rows = np.arange(10_000.0).reshape(10, 1000)
            doubled = await asyncio.gather(*(client.double(rows + number) for number in range(20)))
            assert all(np.array_equal(one, (rows + number) * 2) for number, one in enumerate(doubled))
            assert (await client.upper(b"file")).read_text() == "FILE"
            assert (await client.upper(f"{server.url}/livez")).read_text() == '{"STATUS":"OK"}'
            assert (await client.request("GET", "/livez")).status_code == 200

    asyncio.run(talk())


def test_streams_are_asynchronous_iterators(server: Server) -> None:
    async def follow() -> None:
        async with server.get_async_client() as client:
            assert [word async for word in client.words("eins zwei")] == ["eins", "zwei"]
            assert [one async for one in client.counts(2)] == [{"number": 0}, {"number": 1}]
            words = client.words(" ".join(["word"] * 500))
            assert await anext(words) == "word"
            begun_s = time.monotonic()
            await words.aclose()
            assert time.monotonic() - begun_s < 5

    asyncio.run(follow())


def test_a_task_is_submitted_looked_at_and_taken(server: Server) -> None:
    async def work() -> None:
        async with server.get_async_client() as client:
            task = await client.slowly.submit(4)
            assert await task.get_status() in (ResultStatus.PENDING, ResultStatus.IN_PROGRESS)
            assert await task.wait(10) == 5
            assert await client.slowly.get(task.id) == 5
            again = await task.retry()
            assert await again.wait(10) == 5

    asyncio.run(work())


def test_errors_are_those_of_ekiben(server: Server) -> None:
    async def fail() -> None:
        async with server.get_async_client(timeout=0.3) as client:
            with pytest.raises(NotFound, match="no such thing"):
                await client.missing()
            with pytest.raises(DeadlineExceeded):
                await client.sleep(1.0)

    asyncio.run(fail())


def test_a_client_that_was_not_entered_says_so() -> None:
    client = AsyncHTTPClient("http://127.0.0.1:1")
    with pytest.raises(UsageError, match="does not know the service"):
        client.greet("ada")


def test_a_server_that_is_not_there_is_waited_for_as_long_as_was_said() -> None:
    async def enter() -> None:
        async with AsyncHTTPClient(f"http://127.0.0.1:{free_port()}", server_ready_timeout=0.2):
            pass

    with pytest.raises(Overloaded, match="not ready"):
        asyncio.run(enter())
