"""`run_batch`: every request of a batch is answered, whatever comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence

import pytest

from ekiben.errors import InternalError, Overloaded
from ekiben.serving.batching.batch import AUDIENCE, Audience, run_batch
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


def test_a_run_is_told_once_when_the_last_of_its_audience_has_left() -> None:
    async def go() -> list[tuple[bool, int]]:
        tickets = tickets_of(3)
        seen: list[tuple[bool, int]] = []
        told: list[bool] = []

        async def run(slot: int, calls: Sequence[Call]) -> list[Reply]:
            audience = AUDIENCE.get()
            assert audience is not None
            audience.on_gone = lambda: told.append(True)
            for at in (1, 0, 2):
                seen.append((audience.is_gone, len(told)))
                tickets[at].answer.cancel()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            seen.append((audience.is_gone, len(told)))
            return [OK] * 3

        await run_batch(run, 1, tickets)
        return seen

    assert asyncio.run(go()) == [(False, 0), (False, 0), (False, 0), (True, 1)]


def test_an_audience_that_has_its_answers_is_not_gone() -> None:
    async def go() -> bool:
        tickets = tickets_of(2)
        audiences: list[Audience | None] = []

        async def run(slot: int, calls: Sequence[Call]) -> list[Reply]:
            audiences.append(AUDIENCE.get())
            return [OK] * 2

        assert await run_batch(run, 1, tickets)
        await asyncio.sleep(0)
        (audience,) = audiences
        assert audience is not None
        return audience.is_gone

    assert asyncio.run(go()) is False


def test_a_batch_whose_audience_left_before_it_began_does_not_run() -> None:
    async def go() -> bool:
        tickets = tickets_of(2)
        for ticket in tickets:
            ticket.answer.cancel()
        return await run_batch(raising(AssertionError("it ran")), 1, tickets)

    assert asyncio.run(go()) is False


def test_a_batch_that_its_loop_has_left_behind_can_be_closed() -> None:
    async def forever(slot: int, calls: Sequence[Call]) -> list[Reply]:
        await asyncio.sleep(60)
        return []

    async def go() -> Coroutine[object, object, bool]:
        batch = run_batch(forever, 1, tickets_of(1))
        batch.send(None)
        return batch

    asyncio.run(go()).close()
