"""`run_batch`: every request of a batch is answered, whatever comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence

import pytest

from ekiben.errors import InternalError, Overloaded
from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.batch import NOTHING_LEARNED, Outcome, Run
from ekiben.serving.batching.batch import run_batch as run_for
from ekiben.serving.batching.queue import Ticket
from ekiben.serving.batching.view import Member
from ekiben.serving.wire import Answer, Call, Payload, Reply, StreamReply

OK = Reply(200, Payload("text/plain", b""))


class Panic(BaseException):
    """What foreign code raises: no Exception."""


def tickets_of(count: int) -> list[Ticket]:
    call = Call("predict", Payload("text/plain", b""), "id")
    return [Ticket(Member(0.0, 1), call, asyncio.get_running_loop().create_future()) for _ in range(count)]


def run_batch(run: Run[int], slot: int, tickets: list[Ticket]) -> Coroutine[object, object, Outcome]:
    """Runs it for those who hold the tickets."""
    return run_for(run, slot, tickets, Audience([ticket.answer for ticket in tickets]))


def raising(error: BaseException) -> Run[int]:
    async def run(slot: int, calls: Sequence[Call], audience: Audience) -> list[Reply]:
        raise error

    return run


@pytest.mark.parametrize("error", [Panic(), asyncio.CancelledError(), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_a_run_raises_every_request_is_answered(error: BaseException) -> None:
    async def go() -> list[BaseException | None]:
        tickets = tickets_of(3)
        assert await run_batch(raising(error), 1, tickets) == NOTHING_LEARNED
        return [one.answer.exception() for one in tickets]

    assert [type(one) for one in asyncio.run(go())] == [InternalError] * 3


def test_a_batch_that_is_cancelled_itself_refuses_its_requests_and_ends() -> None:
    async def go() -> list[BaseException | None]:
        tickets = tickets_of(2)

        async def run(slot: int, calls: Sequence[Call], audience: Audience) -> list[Reply]:
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
        audience = Audience([ticket.answer for ticket in tickets])
        seen: list[tuple[bool, int]] = []
        told: list[bool] = []
        audience.on_gone = lambda: told.append(True)
        for at in (1, 0, 2):
            seen.append((audience.is_gone, len(told)))
            tickets[at].answer.cancel()
            audience.one_left()
        return [*seen, (audience.is_gone, len(told))]

    assert asyncio.run(go()) == [(False, 0), (False, 0), (False, 0), (True, 1)]


def test_whoever_has_left_is_known_by_place() -> None:
    async def go() -> list[bool]:
        tickets = tickets_of(3)
        audience = Audience([ticket.answer for ticket in tickets])
        tickets[1].answer.cancel()
        return [audience.has_left(index) for index in range(3)]

    assert asyncio.run(go()) == [False, True, False]


def test_a_batch_whose_audience_left_before_it_began_does_not_run() -> None:
    async def go() -> Outcome:
        tickets = tickets_of(2)
        for ticket in tickets:
            ticket.answer.cancel()
        return await run_batch(raising(AssertionError("it ran")), 1, tickets)

    assert asyncio.run(go()) == NOTHING_LEARNED


@pytest.mark.parametrize("reply", [Reply(400, OK.payload), Reply(200, OK.payload, is_rerun=True)], ids=["400", "rerun"])
def test_a_batch_whose_duration_is_not_that_of_one_call_teaches_nothing(reply: Reply) -> None:
    async def run(slot: int, calls: Sequence[Call], audience: Audience) -> list[Reply]:
        return [OK, reply]

    async def go() -> bool:
        return (await run_batch(run, 1, tickets_of(2))).went_well

    assert asyncio.run(go()) is False


def test_what_a_worker_was_at_its_calls_is_summed_up() -> None:
    async def run(slot: int, calls: Sequence[Call], audience: Audience) -> list[Reply]:
        return [Reply(200, OK.payload, worked_s=0.25) for _ in calls]

    async def go() -> Outcome:
        return await run_batch(run, 1, tickets_of(3))

    assert asyncio.run(go()) == Outcome(went_well=True, worked_s=0.75)


def test_a_stream_that_nobody_waits_for_any_more_is_closed() -> None:
    closed: list[bool] = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            yield b"second"
        finally:
            closed.append(True)

    async def go() -> None:
        (ticket,) = tickets_of(1)

        async def run(slot: int, calls: Sequence[Call], audience: Audience) -> list[Answer]:
            stream = chunks()
            await anext(stream)
            ticket.answer.cancel()
            return [StreamReply(200, "text/plain", stream)]

        await run_batch(run, 1, [ticket])

    asyncio.run(go())
    assert closed == [True]


def test_a_batch_that_its_loop_has_left_behind_can_be_closed() -> None:
    async def forever(slot: int, calls: Sequence[Call], audience: Audience) -> list[Reply]:
        await asyncio.sleep(60)
        return []

    async def go() -> Coroutine[object, object, Outcome]:
        batch = run_batch(forever, 1, tickets_of(1))
        batch.send(None)
        return batch

    asyncio.run(go()).close()
