"""What a batcher promises its callers, on a clock that jumps: every test is exact and takes no time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

import pytest

from ekiben.errors import BadInput, DeadlineExceeded, InternalError, Overloaded
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.wire import Reply

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World

T = TypeVar("T")

request_number: ContextVar[int] = ContextVar("request_number", default=-1)

MakeWorld = Callable[..., "World"]


def sizes(world: World) -> list[int]:
    """The rows of each batch."""
    return [rows for rows, _, _ in world.diary.batches]


def noting(notes: list[T], what: Callable[[], T]) -> Callable[[list[Reply]], list[Reply]]:
    """Leaves replies as they are, and notes something for each batch."""

    def note(replies: list[Reply]) -> list[Reply]:
        notes.append(what())
        return replies

    return note


def test_a_lone_request_starts_at_once(make_world: MakeWorld) -> None:
    world = make_world()
    world.run(world.ask())
    assert world.diary.batches == [(1, 1, "free")]
    assert world.diary.waits_s[0] < 0.0001


def test_requests_of_one_turn_of_the_loop_make_one_batch(make_world: MakeWorld) -> None:
    world = make_world()
    world.run(world.ask_many(20))
    assert sizes(world) == [20]


def test_requests_gather_while_the_slot_is_busy(make_world: MakeWorld) -> None:
    async def work() -> None:
        first = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0.001)
        await world.ask_many(7)
        await first

    world = make_world()
    world.run(work())
    assert sizes(world) == [1, 7]


def test_each_caller_gets_its_own_reply(make_world: MakeWorld) -> None:
    async def work() -> list[bytes]:
        names = [f"request {index}" for index in range(50)]
        return [bytes(reply.payload.body) for reply in await asyncio.gather(*(world.ask(name=name) for name in names))]

    world = make_world(BatchOptions(max_batch_size=7))
    assert world.run(work()) == [f"request {index}".encode() for index in range(50)]
    assert max(sizes(world)) <= 7


def test_batches_are_bounded_in_rows_and_a_larger_request_goes_alone(make_world: MakeWorld) -> None:
    async def work() -> None:
        await asyncio.gather(*(world.ask(rows) for rows in (4, 5, 3, 30, 2)))

    world = make_world(BatchOptions(max_batch_size=10))
    world.run(work())
    assert [(rows, requests) for rows, requests, _ in world.diary.batches] == [(9, 2), (3, 1), (30, 1), (2, 1)]


def test_all_slots_work_at_once(make_world: MakeWorld) -> None:
    async def work() -> int:
        waiters = asyncio.ensure_future(world.ask_many(8))
        await asyncio.sleep(0.005)
        busy = world.running
        await waiters
        return busy

    world = make_world(BatchOptions(max_batch_size=2), slots=3)
    assert world.run(work()) == 3


def test_a_withdrawn_request_is_not_computed(make_world: MakeWorld) -> None:
    async def work() -> None:
        first = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0.001)
        second, third = (asyncio.ensure_future(world.ask()) for _ in range(2))
        await asyncio.sleep(0.001)
        second.cancel()
        await asyncio.gather(first, third)
        assert second.cancelled()

    world = make_world()
    world.run(work())
    assert sizes(world) == [1, 1]
    assert world.diary.withdrawn == 1
    assert world.diary.depth == 0


def test_a_request_withdrawn_while_it_runs_keeps_its_slot_until_the_work_ends(make_world: MakeWorld) -> None:
    async def work() -> None:
        first = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0.001)
        first.cancel()
        await asyncio.sleep(0)
        assert world.slots.left == 0
        await world.ask()
        assert world.slots.left == 1

    world = make_world()
    world.run(work())
    assert world.diary.withdrawn == 0
    assert world.loop.time() == pytest.approx(0.022, rel=0.05)


def test_a_timeout_answers_its_caller_and_frees_no_slot(make_world: MakeWorld) -> None:
    async def work() -> None:
        first = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0.004)
        second = asyncio.ensure_future(world.ask())
        with pytest.raises(DeadlineExceeded):
            await first
        assert world.slots.left == 0
        assert world.diary.sheds == {}
        with pytest.raises(DeadlineExceeded):
            await second
        assert world.loop.time() == pytest.approx(0.009, rel=0.05)
        assert world.diary.sheds == {"timeout": 1}
        assert world.audience is not None
        assert world.audience.is_gone

    world = make_world(timeout_s=0.005)
    world.run(work())
    world.run(asyncio.sleep(0.01))
    assert sizes(world) == [1]
    assert world.slots.left == 1


def test_a_failing_run_answers_everybody_and_is_survived(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world()
    world.failure = ValueError("secret")
    answers = world.run(world.ask_many(5))
    assert all(isinstance(answer, InternalError) and "secret" not in str(answer) for answer in answers)
    assert "secret" in caplog.text
    world.failure = None
    world.run(world.ask())


def test_an_error_of_ours_reaches_the_callers_as_it_is(make_world: MakeWorld) -> None:
    world = make_world()
    world.failure = BadInput("no worker takes this")
    answers = world.run(world.ask_many(3))
    assert [str(answer) for answer in answers] == ["no worker takes this"] * 3


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_wrong_number_of_replies_is_an_error_for_everybody(make_world: MakeWorld, count: int) -> None:
    world = make_world()
    world.spoil = lambda replies: (replies * 2)[:count]
    answers = world.run(world.ask_many(3))
    assert all(isinstance(answer, InternalError) and f"`{count}`" not in str(answer) for answer in answers)
    assert world.slots.left == 1


def test_a_full_queue_refuses_and_says_when_to_come_back(make_world: MakeWorld) -> None:
    world = make_world(BatchOptions(max_batch_size=5), max_queue_rows=10)
    answers = world.run(world.ask_many(17))
    refused = [answer for answer in answers if isinstance(answer, Overloaded)]
    assert len(refused) == 7
    assert all(one.retry_after_s >= 1 for one in refused)
    assert world.diary.sheds == {"queue_full": 7}


def test_an_empty_queue_takes_a_request_of_any_size(make_world: MakeWorld) -> None:
    world = make_world(BatchOptions(max_batch_size=5), max_queue_rows=10)
    world.run(world.ask(rows=50))
    assert sizes(world) == [50]


def test_what_cannot_meet_its_deadline_is_shed_while_it_waits(make_world: MakeWorld) -> None:
    async def work() -> None:
        await learn(world)
        first = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0.001)
        started_s = world.loop.time()
        with pytest.raises(Overloaded, match="deadline"):
            await world.ask()
        assert world.loop.time() - started_s < 0.0095
        await first

    world = make_world(BatchOptions(deadline_s=0.02))
    world.run(work())
    assert world.diary.sheds == {"deadline": 1}


def test_under_overload_what_is_served_is_in_time(make_world: MakeWorld) -> None:
    served: list[float] = []

    async def one() -> None:
        started_s = world.loop.time()
        try:
            await world.ask()
        except Overloaded:
            return
        served.append(world.loop.time() - started_s)

    async def work() -> None:
        await learn(world)
        waiters = []
        for _ in range(4000):
            waiters.append(asyncio.ensure_future(one()))
            await asyncio.sleep(0.0005)
        await asyncio.gather(*waiters)

    world = make_world(BatchOptions(max_batch_size=20, deadline_s=0.1))
    world.run(work())
    assert max(served) <= 0.101
    assert len(served) / 2 > 0.95 * 20 / 0.030  # of what full batches can do


async def learn(world: World) -> None:
    """Shows the batcher batches of several sizes."""
    for count in (1, 1, 1, 2, 3, 4, 5, 6, 7, 8):
        await world.ask_many(count)


def test_closed_loop_clients_are_united_in_one_batch(make_world: MakeWorld) -> None:
    async def work() -> None:
        await asyncio.gather(*(world.client(200) for _ in range(8)))

    world = make_world(a_s=0.0002, b_s=0.01)
    world.run(work())
    assert sum(sizes(world)[-100:]) / 100 > 7.5


def test_a_lone_client_never_waits(make_world: MakeWorld) -> None:
    world = make_world(a_s=0.0002, b_s=0.01)
    world.run(world.client(300))
    assert max(world.diary.waits_s) < 0.0001


def test_a_lone_client_waits_no_more_soon_after_a_crowd_has_left(make_world: MakeWorld) -> None:
    async def work() -> None:
        await asyncio.gather(*(world.client(100) for _ in range(8)))
        world.diary.waits_s.clear()
        await world.client(100)

    world = make_world(a_s=0.0002, b_s=0.01)
    world.run(work())
    assert sum(wait_s > 0.0001 for wait_s in world.diary.waits_s) <= 3


def test_a_fixed_window_gathers_for_its_time_and_no_longer(make_world: MakeWorld) -> None:
    async def work() -> None:
        waiters = []
        for _ in range(10):
            waiters.append(asyncio.ensure_future(world.ask()))
            await asyncio.sleep(0.004)
        await asyncio.gather(*waiters)

    world = make_world(BatchOptions(strategy="fixed", max_latency_s=0.01), b_s=0.0, a_s=0.0001)
    world.run(work())
    assert sizes(world) == [3, 3, 3, 1]
    assert max(world.diary.waits_s) < 0.0101


def test_a_window_ends_early_enough_for_the_deadline(make_world: MakeWorld) -> None:
    async def work() -> float:
        await learn(world)
        started_s = world.loop.time()
        await world.ask()
        return world.loop.time() - started_s

    world = make_world(BatchOptions(strategy="fixed", max_latency_s=1.0, deadline_s=0.2))
    assert 0.19 < world.run(work()) < 0.2


def test_cork_trains_with_batches_of_1_2_and_3(make_world: MakeWorld) -> None:
    world = make_world(BatchOptions(strategy="cork"))
    world.run(world.ask_many(40))
    assert sizes(world) == [1] * 9 + [2, 3, 26]


def test_cork_does_not_hold_a_lone_client_in_training(make_world: MakeWorld) -> None:
    world = make_world(BatchOptions(strategy="cork"))
    world.run(world.client(30))
    assert max(world.diary.waits_s) < 0.0001


def test_cork_sheds_what_exceeds_max_latency(make_world: MakeWorld) -> None:
    world = make_world(BatchOptions(strategy="cork", max_latency_s=0.1, max_batch_size=4))
    answers = world.run(world.ask_many(80))
    assert any(isinstance(answer, Overloaded) for answer in answers)
    assert set(world.diary.sheds) == {"max_latency"}


@pytest.mark.parametrize(("strategy", "max_latency_s"), [("cork", 0.005), ("adaptive", 0.05)])
def test_a_max_latency_too_low_for_serving_is_said_once(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture, strategy: str, max_latency_s: float
) -> None:
    world = make_world(BatchOptions(strategy=strategy, max_latency_s=max_latency_s))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        world.run(world.client(30))
    assert caplog.text.count("has a max latency that is likely too low for serving") == 1


def test_draining_answers_all_that_wait_and_takes_no_more(make_world: MakeWorld) -> None:
    async def work() -> None:
        waiters = asyncio.ensure_future(world.ask_many(30))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(world.batcher.close(drain=True))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="stopping"):
            await world.ask()
        await closing
        assert all(not isinstance(answer, BaseException) for answer in await waiters)

    world = make_world(BatchOptions(max_batch_size=10, strategy="fixed"))
    world.run(work())
    assert sizes(world) == [10, 10, 10]


def test_closing_without_drain_refuses_all_at_once(make_world: MakeWorld) -> None:
    async def work() -> None:
        waiters = asyncio.ensure_future(world.ask_many(30))
        await asyncio.sleep(0.001)
        await world.batcher.close(drain=False)
        assert all(isinstance(answer, Overloaded) for answer in await waiters)

    world = make_world(BatchOptions(max_batch_size=10))
    world.run(work())
    assert world.loop.time() < 0.002
    assert world.slots.left == 1


def test_closing_in_the_turn_that_starts_a_batch_answers_it_too(make_world: MakeWorld) -> None:
    async def work() -> None:
        waiter = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(world.diary.batches) == 1
        await world.batcher.close(drain=False)
        with pytest.raises(Overloaded):
            await waiter

    world = make_world()
    world.run(work())


def test_batchers_that_share_a_slot_take_turns(make_world: MakeWorld) -> None:
    async def work() -> None:
        await asyncio.gather(world.ask_many(40), other.ask_many(40))

    world = make_world(BatchOptions(max_batch_size=10))
    other = make_world(BatchOptions(max_batch_size=10), shared=world.slots, loop=world.loop)
    order: list[str] = []
    world.spoil = noting(order, lambda: "a")
    other.spoil = noting(order, lambda: "b")
    world.run(work())
    assert order == ["a", "b"] * 4


def test_a_batch_does_not_run_in_the_context_of_a_request(make_world: MakeWorld) -> None:
    async def ask(number: int) -> None:
        request_number.set(number)
        await world.ask()

    async def work() -> None:
        await asyncio.gather(*(ask(number) for number in range(5)))

    world = make_world()
    seen: list[int] = []
    world.spoil = noting(seen, request_number.get)
    world.run(work())
    assert seen == [-1]
