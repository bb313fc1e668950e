"""`run_batch` and `hand_out`: every request of a batch is answered, whatever comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence

import pytest

from ekiben.errors import EkibenError, InternalError, Overloaded
from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.batch import REFUSED, Batch, Outcome, Run, hand_out
from ekiben.serving.batching.batch import run_batch as run_for
from ekiben.serving.batching.policy import Expectation
from ekiben.serving.batching.queue import Ticket
from ekiben.serving.wire import Answer, Call, Payload, Reply, StreamReply

OK = Reply(200, Payload("text/plain", b""))


class Panic(BaseException):
    """What foreign code raises: no Exception."""


class Client:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[Answer | EkibenError] = []

    def receive(self, answer: Answer) -> None:
        self.got.append(answer)

    def refuse(self, error: EkibenError) -> None:
        self.got.append(error)


def tickets_of(count: int) -> list[Ticket]:
    call = Call("predict", Payload("text/plain", b""), "id")
    return [Ticket(0.0, 1, call, Client()) for _ in range(count)]


def kinds(tickets: Sequence[Ticket]) -> list[list[type]]:
    """What kind of answers each client got."""
    clients = [ticket.recipient for ticket in tickets]
    return [[type(one) for one in client.got] for client in clients if isinstance(client, Client)]


def run_batch(run: Run[int], slot: int, tickets: list[Ticket]) -> Coroutine[object, object, Outcome]:
    """Runs it for those who hold the tickets."""
    return run_for(run, Batch(slot, tickets, len(tickets), "full", 0.0, Expectation()))


def raising(error: BaseException) -> Run[int]:
    async def run(slot: int, calls: Sequence[Call], audience: Audience) -> list[Reply]:
        raise error

    return run


@pytest.mark.parametrize("error", [Panic(), asyncio.CancelledError(), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_a_run_raises_every_request_is_answered(error: BaseException) -> None:
    async def go() -> list[list[type]]:
        tickets = tickets_of(3)
        assert await run_batch(raising(error), 1, tickets) == REFUSED
        return kinds(tickets)

    assert asyncio.run(go()) == [[InternalError]] * 3


def test_a_batch_that_is_cancelled_itself_refuses_its_requests_and_ends() -> None:
    async def go() -> list[list[type]]:
        tickets = tickets_of(2)

        async def run(slot: int, calls: Sequence[Call], audience: Audience) -> list[Reply]:
            await asyncio.sleep(60)
            return [OK]

        batch = asyncio.create_task(run_batch(run, 1, tickets))
        await asyncio.sleep(0)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        return kinds(tickets)

    assert asyncio.run(go()) == [[Overloaded]] * 2


def test_a_run_is_told_once_when_the_last_of_its_audience_has_left() -> None:
    async def go() -> list[tuple[bool, int]]:
        tickets = tickets_of(3)
        audience = Audience(tickets)
        seen: list[tuple[bool, int]] = []
        told: list[bool] = []
        audience.on_gone = lambda: told.append(True)
        for at in (1, 0, 2):
            seen.append((audience.is_gone, len(told)))
            tickets[at].is_settled = True
            audience.one_left()
        return [*seen, (audience.is_gone, len(told))]

    assert asyncio.run(go()) == [(False, 0), (False, 0), (False, 0), (True, 1)]


def test_whoever_has_left_is_known_by_place() -> None:
    async def go() -> list[bool]:
        tickets = tickets_of(3)
        audience = Audience(tickets)
        tickets[1].is_settled = True
        return [audience.has_left(index) for index in range(3)]

    assert asyncio.run(go()) == [False, True, False]


def test_a_batch_whose_audience_left_before_it_began_does_not_run() -> None:
    async def go() -> Outcome:
        tickets = tickets_of(2)
        for ticket in tickets:
            ticket.is_settled = True
        return await run_batch(raising(AssertionError("it ran")), 1, tickets)

    assert asyncio.run(go()) == REFUSED


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

    outcome = asyncio.run(go())
    assert (outcome.went_well, outcome.worked_s, len(outcome.replies)) == (True, 0.75, 3)


def test_each_gets_its_own_answer_but_who_has_left_and_none_gets_two() -> None:
    async def go() -> list[object]:
        tickets = tickets_of(3)
        tickets[1].is_settled = True
        await hand_out(tickets, [Reply(200 + number, OK.payload) for number in range(3)])
        for ticket in tickets:
            ticket.refuse(InternalError("too late"))
        return [ticket.recipient.got for ticket in tickets if isinstance(ticket.recipient, Client)]

    assert asyncio.run(go()) == [[Reply(200, OK.payload)], [], [Reply(202, OK.payload)]]


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
            ticket.is_settled = True
            return [StreamReply(200, "text/plain", stream)]

        outcome = await run_batch(run, 1, [ticket])
        await hand_out([ticket], outcome.replies)

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
