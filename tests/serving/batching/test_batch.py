"""`run_batch`: every request of a batch is answered, whatever comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from ekiben.errors import InternalError, Overloaded
from ekiben.serving.batching.batch import run_batch
from ekiben.serving.batching.queue import Ticket
from ekiben.serving.batching.view import Member
from ekiben.serving.wire import Call, Payload, Reply

OK = Reply(200, Payload("text/plain", b""))


class Panic(BaseException):
    """What foreign code raises: no Exception."""


def tickets_of(count: int) -> list[Ticket]:
    call = Call("predict", Payload("text/plain", b""), "id")
    return [Ticket(Member(0.0, 1), call, asyncio.get_running_loop().create_future()) for _ in range(count)]


def raising(error: BaseException) -> Callable[[int, list[Call]], Awaitable[list[Reply]]]:
    async def run(slot: int, calls: Sequence[Call]) -> list[Reply]:
        raise error

    return run


@pytest.mark.parametrize("error", [Panic(), asyncio.CancelledError(), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_a_run_raises_every_request_is_answered(error: BaseException) -> None:
    async def go() -> list[BaseException | None]:
        tickets = tickets_of(3)
        assert await run_batch(raising(error), 1, tickets) is False
        return [one.answer.exception() for one in tickets]

    assert [type(one) for one in asyncio.run(go())] == [InternalError] * 3


def test_a_batch_that_is_cancelled_itself_refuses_its_requests_and_ends() -> None:
    async def go() -> list[BaseException | None]:
        tickets = tickets_of(2)

        async def run(slot: int, calls: Sequence[Call]) -> list[Reply]:
            await asyncio.sleep(60)
            return [OK]

        batch = asyncio.create_task(run_batch(run, 1, tickets))
        await asyncio.sleep(0)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        return [one.answer.exception() for one in tickets]

    assert [type(one) for one in asyncio.run(go())] == [Overloaded] * 2
