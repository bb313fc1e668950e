"""Pool: slots over workers that die, retries, turns, readiness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ekiben.errors import Overloaded, ServiceError
from ekiben.serving.workers.pool import Pool, PoolPlan, PoolSlot
from ekiben.serving.workers.worker import RestartReason
from tests.serving.workers.fake_worker import POISON, FakeWorker, call_of


class Book:
    """Notes what the pool mends."""

    def __init__(self) -> None:
        self.restarts = 0
        self.retried = 0

    def worker_restarted(self, reason: RestartReason) -> None:
        self.restarts += 1

    def calls_retried(self, endpoint: str, count: int) -> None:
        self.retried += count


class Workshop:
    """Makes workers and remembers them."""

    def __init__(self, make: Callable[[], FakeWorker] = FakeWorker) -> None:
        self.made: list[FakeWorker] = []
        self._make = make

    def __call__(self, number: int) -> FakeWorker:
        self.made.append(self._make())
        return self.made[-1]


@asynccontextmanager
async def pool_of(workshop: Workshop, *, workers: int = 2, book: Book | None = None) -> AsyncIterator[Pool]:
    pool = Pool(PoolPlan(workshop, workers, threads=1, timeout_s=5.0), book or Book())
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


async def take(pool: Pool) -> PoolSlot:
    await asyncio.sleep(0.01)  # the workers' slots are offered first
    slot = pool.take()
    assert slot is not None
    return slot


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def test_a_call_that_kills_its_worker_is_run_again_alone_and_the_others_are_answered() -> None:
    async def run() -> tuple[list[int], Book]:
        book = Book()
        async with pool_of(Workshop(), book=book) as pool:
            slot = await take(pool)
            calls = [call_of(b"a"), call_of(POISON), call_of(b"b")]
            replies = await pool.run_batch(slot, calls, is_idempotent=True)
            pool.give_back(slot)
            await until(lambda: book.restarts == 2)
        return [reply.status for reply in replies], book

    statuses, book = asyncio.run(run())
    assert (statuses, book.retried) == ([200, 500, 200], 3)


def test_calls_that_may_not_run_twice_are_500_when_their_worker_dies() -> None:
    async def run() -> list[int]:
        workshop = Workshop()
        async with pool_of(workshop) as pool:
            replies = await pool.run_batch(await take(pool), [call_of(POISON), call_of()], is_idempotent=False)
        assert sum(len(worker.runs) for worker in workshop.made) == 1
        return [reply.status for reply in replies]

    assert asyncio.run(run()) == [500, 500]


def test_a_call_given_to_a_worker_that_is_gone_runs_on_another() -> None:
    async def run() -> int:
        workshop = Workshop()
        async with pool_of(workshop) as pool:
            await take(pool)
            workshop.made[1].die()
            return (await pool.run_sync(call_of())).status

    assert asyncio.run(run()) == 200


def test_sync_calls_run_one_after_the_other_in_their_order() -> None:
    async def run() -> list[list[bytes]]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            asked = [asyncio.create_task(pool.run_sync(call_of(body))) for body in (b"1", b"2", b"3")]
            await asyncio.sleep(0.02)
            assert workshop.made[0].runs == [[b"1"]]
            workshop.made[0].release.set()
            await asyncio.gather(*asked)
        return workshop.made[0].runs

    assert asyncio.run(run()) == [[b"1"], [b"2"], [b"3"]]


def test_a_cancelled_call_that_waits_never_runs() -> None:
    async def run() -> list[list[bytes]]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            asked = [asyncio.create_task(pool.run_sync(call_of(body))) for body in (b"1", b"2", b"3")]
            await asyncio.sleep(0.02)
            asked[1].cancel()
            workshop.made[0].release.set()
            await asyncio.gather(*asked, return_exceptions=True)
        return workshop.made[0].runs

    assert asyncio.run(run()) == [[b"1"], [b"3"]]


def test_a_cancelled_call_that_runs_keeps_its_slot_until_the_work_ends() -> None:
    async def run() -> tuple[object, object]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            asked = asyncio.create_task(pool.run_sync(call_of()))
            await asyncio.sleep(0.02)
            asked.cancel()
            await asyncio.sleep(0.02)
            meanwhile = pool.take()
            workshop.made[0].release.set()
            await asyncio.sleep(0.02)
            return meanwhile, pool.take()

    meanwhile, afterwards = asyncio.run(run())
    assert meanwhile is None
    assert afterwards is not None


def test_a_cancelled_batch_keeps_its_slot_and_the_pool_busy() -> None:
    async def run() -> tuple[object, bool]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            slot = await take(pool)
            batch = asyncio.create_task(pool.run_batch(slot, [call_of()], is_idempotent=True))
            await asyncio.sleep(0.02)
            batch.cancel()
            await asyncio.gather(batch, return_exceptions=True)
            pool.give_back(slot)
            await asyncio.sleep(0.02)
            return pool.take(), pool.is_busy()

    assert asyncio.run(run()) == (None, True)


def test_async_calls_take_no_slot() -> None:
    async def run() -> int:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            asked = [asyncio.create_task(pool.run_async(call_of())) for _ in range(3)]
            await asyncio.sleep(0.02)
            assert pool.take() is not None
            workshop.made[0].release.set()
            await asyncio.gather(*asked)
        return len(workshop.made[0].runs)

    assert asyncio.run(run()) == 3


def test_a_pool_without_its_last_worker_is_not_ready_until_a_new_one_is_up() -> None:
    async def run() -> list[bool]:
        workshop = Workshop()
        book = Book()
        async with pool_of(workshop, workers=1, book=book) as pool:
            states = [pool.is_ready()]
            workshop.made[0].die()
            await until(lambda: not pool.is_ready())
            with pytest.raises(Overloaded):
                await pool.run_async(call_of())
            await until(lambda: book.restarts == 1)
            return [*states, pool.is_ready()]

    assert asyncio.run(run()) == [True, True]


def test_a_worker_that_cannot_start_the_first_time_is_an_error() -> None:
    async def run() -> None:
        async with pool_of(Workshop(lambda: FakeWorker(failure=ServiceError("cannot start")))):
            pass

    with pytest.raises(ServiceError, match="cannot start"):
        asyncio.run(run())
