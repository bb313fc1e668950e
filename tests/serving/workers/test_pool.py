"""Pool: slots over workers that die, retries, turns, readiness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ekiben.errors import Overloaded, ServiceError, WorkerLost
from ekiben.serving.batching.batcher import Batcher
from ekiben.serving.batching.joining import BatchPolicy
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.policy import Policy
from ekiben.serving.batching.singles import SinglesPolicy
from ekiben.serving.metrics.ledger import RestartReason
from ekiben.serving.wire import Answer, Call, Reply, StreamReply
from ekiben.serving.workers.pool import Pool, PoolPlan, PoolSlot
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
    pool.on_free(nobody)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


def nobody() -> None:
    """Claims nothing of itself."""


async def take(pool: Pool) -> PoolSlot:
    await asyncio.sleep(0.01)  # the workers' slots are offered first
    slot = pool.take(nobody)
    assert slot is not None
    return slot


class Unobserved:
    """An observer of a queue that only counts what was tried again."""

    def __init__(self) -> None:
        self.again = 0

    def batch_started(self, *_: object) -> None: ...
    def batch_finished(self, *_: object) -> None: ...
    def shed(self, *_: object) -> None: ...
    def cancelled(self, *_: object) -> None: ...
    def queue_depth(self, *_: object) -> None: ...
    def retried(self, count: int, /) -> None:
        self.again += count


def queue_of(pool: Pool, policy: Policy | None = None, *, is_idempotent: bool = True) -> Batcher[PoolSlot]:
    """A queue before the pool: of an API that is not batched, unless `policy` says more."""
    return Batcher(
        policy or SinglesPolicy(), pool, pool.run, observer=Unobserved(), is_idempotent=is_idempotent, timeout_s=10.0
    )


async def statuses_of(queue: Batcher[PoolSlot], *bodies: bytes) -> list[int]:
    """The status of each call, when all are asked at once."""
    answers = await asyncio.gather(*(queue.submit(call_of(body)) for body in bodies), return_exceptions=True)
    return [answer.status if isinstance(answer, Reply) else 500 for answer in answers]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def test_a_call_that_kills_its_worker_is_run_again_alone_and_the_others_are_answered() -> None:
    async def run() -> tuple[list[int], list[list[bytes]]]:
        book, workshop = Book(), Workshop()
        async with pool_of(workshop, book=book) as pool:
            queue = queue_of(pool, BatchPolicy(BatchOptions()))
            statuses = await statuses_of(queue, b"a", POISON, b"b")
            await until(lambda: book.restarts == 2)
        return statuses, [run for worker in workshop.made for run in worker.runs]

    statuses, runs = asyncio.run(run())
    assert statuses == [200, 500, 200]
    assert sorted(runs) == sorted([[b"a", POISON, b"b"], [b"a"], [POISON], [b"b"]])


def test_what_is_run_again_goes_before_what_came_later() -> None:
    async def run() -> list[list[bytes]]:
        workshop = Workshop(lambda: FakeWorker(holds=len(workshop.made) == 0))
        async with pool_of(workshop, workers=1) as pool:
            queue = queue_of(pool, BatchPolicy(BatchOptions(max_batch_size=2)))
            asked = [asyncio.create_task(queue.submit(call_of(body), 1)) for body in (b"1", b"2", b"3")]
            await asyncio.sleep(0.02)
            workshop.made[0].die()
            await asyncio.gather(*asked)
        return [run for worker in workshop.made for run in worker.runs]

    assert asyncio.run(run()) == [[b"1", b"2"], [b"1"], [b"2"], [b"3"]]


def test_calls_that_may_not_run_twice_are_500_when_their_worker_dies() -> None:
    async def run() -> list[int]:
        workshop = Workshop()
        async with pool_of(workshop) as pool:
            queue = queue_of(pool, BatchPolicy(BatchOptions()), is_idempotent=False)
            statuses = await statuses_of(queue, POISON, b"x")
        assert sum(len(worker.runs) for worker in workshop.made) == 1
        return statuses

    assert asyncio.run(run()) == [500, 500]


@pytest.mark.parametrize("is_idempotent", [True, False])
def test_a_call_given_to_a_worker_that_is_gone_runs_on_another(*, is_idempotent: bool) -> None:
    async def run() -> list[int]:
        workshop = Workshop()
        async with pool_of(workshop) as pool:
            await take(pool)
            workshop.made[1].die()
            return await statuses_of(queue_of(pool, is_idempotent=is_idempotent), b"x")

    assert asyncio.run(run()) == [200]


def test_sync_calls_run_one_after_the_other_in_their_order() -> None:
    async def run() -> list[list[bytes]]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            asked = asyncio.create_task(statuses_of(queue_of(pool), b"1", b"2", b"3"))
            await asyncio.sleep(0.02)
            assert workshop.made[0].runs == [[b"1"]]
            workshop.made[0].release.set()
            await asked
        return workshop.made[0].runs

    assert asyncio.run(run()) == [[b"1"], [b"2"], [b"3"]]


def test_a_cancelled_call_that_waits_never_runs() -> None:
    async def run() -> list[list[bytes]]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            queue = queue_of(pool)
            asked = [asyncio.create_task(queue.submit(call_of(body))) for body in (b"1", b"2", b"3")]
            await asyncio.sleep(0.02)
            asked[1].cancel()
            workshop.made[0].release.set()
            await asyncio.gather(*asked, return_exceptions=True)
        return workshop.made[0].runs

    assert asyncio.run(run()) == [[b"1"], [b"3"]]


def test_a_cancelled_call_that_runs_keeps_its_slot_until_the_work_ends() -> None:
    async def run() -> tuple[int, int]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            asked = asyncio.create_task(queue_of(pool).submit(call_of()))
            await asyncio.sleep(0.02)
            asked.cancel()
            await asyncio.sleep(0.02)
            meanwhile = pool.free()
            workshop.made[0].release.set()
            await asyncio.sleep(0.02)
            return meanwhile, pool.free()

    assert asyncio.run(run()) == (0, 1)


def test_a_cancelled_batch_keeps_its_slot_and_the_pool_busy() -> None:
    async def run() -> tuple[int, bool]:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            slot = await take(pool)
            batch = asyncio.create_task(pool.run(slot, [call_of()]))
            await asyncio.sleep(0.02)
            batch.cancel()
            await asyncio.gather(batch, return_exceptions=True)
            pool.give_back(slot)
            await asyncio.sleep(0.02)
            return pool.free(), pool.is_busy()

    assert asyncio.run(run()) == (0, True)


def test_async_calls_take_no_slot() -> None:
    async def run() -> int:
        workshop = Workshop(lambda: FakeWorker(holds=True))
        async with pool_of(workshop, workers=1) as pool:
            asked = [asyncio.create_task(pool.run_async(call_of())) for _ in range(3)]
            await asyncio.sleep(0.02)
            assert pool.free() == 1
            workshop.made[0].release.set()
            await asyncio.gather(*asked)
        return len(workshop.made[0].runs)

    assert asyncio.run(run()) == 3


def test_async_calls_that_died_with_their_worker_run_again_and_the_one_that_kills_is_found_out() -> None:
    async def run() -> tuple[list[int], int]:
        book = Book()
        async with pool_of(Workshop(), workers=3, book=book) as pool:
            answers = await asyncio.gather(
                *(pool.run_async(call_of(body)) for body in (b"a", POISON, b"b", b"c", b"d")), return_exceptions=True
            )
        return [answer.status if isinstance(answer, Reply) else 500 for answer in answers], book.retried

    statuses, retried = asyncio.run(run())
    assert (statuses, retried) == ([200, 500, 200, 200, 200], 2)


def test_an_async_call_that_may_not_run_twice_is_lost_when_its_worker_dies() -> None:
    async def run() -> None:
        async with pool_of(Workshop()) as pool:
            await pool.run_async(call_of(POISON), is_idempotent=False)

    with pytest.raises(WorkerLost, match="the worker that ran it died"):
        asyncio.run(run())


class Streamer(FakeWorker):
    """Answers with a stream of three chunks."""

    async def stream(self, endpoint: str, call: Call) -> Answer:
        async def chunks() -> AsyncGenerator[bytes, None]:
            for chunk in (b"1", b"2", b"3"):
                yield chunk

        return StreamReply(200, "text/plain", chunks())


@pytest.mark.parametrize("reads", [True, False])
def test_a_stream_keeps_its_slot_until_its_chunks_end_or_are_closed(*, reads: bool) -> None:
    async def run() -> tuple[int, list[bytes], int]:
        async with pool_of(Workshop(Streamer), workers=1) as pool:
            queue = Batcher(SinglesPolicy(most=1), pool, pool.run_stream, observer=Unobserved())
            answer = await queue.submit(call_of())
            await asyncio.sleep(0.01)
            assert isinstance(answer, StreamReply)
            meanwhile = pool.free()
            chunks = [chunk async for chunk in answer.chunks] if reads else []
            await answer.chunks.aclose()
            await asyncio.sleep(0.01)
            return meanwhile, chunks, pool.free()

    assert asyncio.run(run()) == (0, [b"1", b"2", b"3"] if reads else [], 1)


def test_a_stream_that_is_cancelled_before_it_is_taken_leaves_no_slot_taken() -> None:
    async def run() -> int:
        async with pool_of(Workshop(Streamer), workers=1) as pool:
            queue = Batcher(SinglesPolicy(most=1), pool, pool.run_stream, observer=Unobserved())
            asked = asyncio.create_task(queue.submit(call_of()))
            while pool.free():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)
            asked.cancel()
            await asyncio.sleep(0.01)
            return pool.free()

    assert asyncio.run(run()) == 1


def test_an_async_stream_takes_no_slot() -> None:
    async def run() -> tuple[int, list[bytes]]:
        async with pool_of(Workshop(Streamer), workers=1) as pool:
            answer = await pool.stream_async(call_of())
            assert isinstance(answer, StreamReply)
            return pool.free(), [chunk async for chunk in answer.chunks]

    assert asyncio.run(run()) == (1, [b"1", b"2", b"3"])


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
