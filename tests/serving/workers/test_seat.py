"""Seat: a worker that dies is replaced, soon the first time, later if it keeps dying."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.workers.health import WELL, Health
from ekiben.serving.workers.readiness import ANSWER_LIMIT_S, PROBE_INTERVAL_S
from ekiben.serving.workers.seat import FIRST_BACKOFF_S, Occupant, Seat, SeatPlan
from ekiben.serving.workers.slots import SlotBoard
from tests.serving.workers.fake_worker import FakeWorker, nobody
from tests.serving.workers.virtual_time import in_virtual_time

FAILURES = [ServiceError("cannot start"), OSError("too many open files")]


async def watch(make: Callable[[], FakeWorker], seconds: float) -> tuple[list[float], int]:
    """When each worker was made, from the first on, and how many took a dead one's place."""
    clock = asyncio.get_running_loop().time
    made: list[float] = []
    restarts: list[float] = []

    def make_and_note(_: int) -> FakeWorker:
        made.append(clock())
        return make()

    plan = SeatPlan(make_and_note, 1, 5.0, lambda _: restarts.append(clock()), clock)
    seat = Seat(1, plan, SlotBoard(clock, asyncio.get_running_loop().call_soon))
    await seat.open()
    await asyncio.sleep(seconds)
    await seat.close()
    return [at - made[0] for at in made], len(restarts)


def test_a_worker_that_keeps_dying_is_restarted_ever_later() -> None:
    def dying() -> FakeWorker:
        worker = FakeWorker()
        worker.die()
        return worker

    made, restarts = asyncio.run(watch(dying, FIRST_BACKOFF_S * 10))
    pauses = [later - earlier for earlier, later in itertools.pairwise(made)]
    assert len(made) == 4  # after 1, 3 and 7 times the first pause
    assert restarts == 3
    assert all(pause >= FIRST_BACKOFF_S * 2**number for number, pause in enumerate(pauses))


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
def test_a_first_start_that_fails_is_told_at_once(failure: Exception) -> None:
    async def open_seat() -> None:
        async with asyncio.timeout(5):
            await watch(lambda: FakeWorker(failure=failure), 0)

    with pytest.raises(type(failure), match=str(failure)):
        asyncio.run(open_seat())


def test_the_log_says_whose_worker_it_was(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        worker = FakeWorker()
        loop = asyncio.get_running_loop()
        plan = SeatPlan(lambda _: worker, 1, 5.0, lambda _: None, loop.time, service="Embedder")
        seat = Seat(2, plan, SlotBoard(loop.time, loop.call_soon))
        await seat.open()
        worker.die()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await seat.close()

    in_virtual_time(run())
    assert "worker 2 of `Embedder` died; another one takes its place" in caplog.text


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
def test_a_restart_that_fails_is_tried_again(failure: Exception) -> None:
    workers = [FakeWorker, lambda: FakeWorker(failure=failure), FakeWorker]

    def next_one() -> FakeWorker:
        worker = workers.pop(0)()
        if len(workers) == 2:
            worker.die()
        return worker

    made, restarts = asyncio.run(watch(next_one, FIRST_BACKOFF_S * 5))
    assert (len(made), restarts) == (3, 1)


def test_a_worker_that_lives_is_left_alone() -> None:
    made, restarts = asyncio.run(watch(FakeWorker, FIRST_BACKOFF_S * 3))
    assert (len(made), restarts) == (1, 0)


def test_a_worker_that_answers_no_probe_is_killed_and_replaced() -> None:
    workers = [FakeWorker(is_stuck=True), FakeWorker()]
    made, restarts = in_virtual_time(watch(lambda: workers.pop(0), 60.0))
    assert restarts == 1
    assert 5.0 + ANSWER_LIMIT_S <= made[1] < 5.0 + ANSWER_LIMIT_S + 4 * PROBE_INTERVAL_S


def test_a_worker_whose_every_thread_hangs_past_the_timeout_is_replaced() -> None:
    async def run() -> tuple[int, bool]:
        clock = asyncio.get_running_loop().time
        board: SlotBoard[Occupant] = SlotBoard(clock, asyncio.get_running_loop().call_soon)
        board.on_free(nobody)
        made: list[FakeWorker] = []

        def make(_: int) -> FakeWorker:
            made.append(FakeWorker())
            return made[-1]

        seat = Seat(1, SeatPlan(make, 1, 5.0, lambda _: None, clock), board)
        await seat.open()
        await asyncio.sleep(1.0)
        assert board.take(nobody) is not None
        await asyncio.sleep(60.0)
        is_free_again = board.take(nobody) is not None
        await seat.close()
        return len(made), is_free_again

    assert in_virtual_time(run()) == (2, True)


def test_a_front_that_was_stopped_itself_kills_nobody() -> None:
    async def run() -> int:
        lag = [0.0]
        made: list[FakeWorker] = []

        def make(_: int) -> FakeWorker:
            made.append(FakeWorker())
            return made[-1]

        loop = asyncio.get_running_loop()
        plan = SeatPlan(make, 1, 5.0, lambda _: None, lambda: loop.time() + lag[0])
        seat = Seat(1, plan, SlotBoard(plan.clock, loop.call_soon))
        await seat.open()
        await asyncio.sleep(3.0)
        lag[0] = 1000.0
        await asyncio.sleep(30.0)
        await seat.close()
        return len(made)

    assert in_virtual_time(run()) == 1


def test_a_worker_that_hangs_and_cannot_be_ended_is_spoken_of_once() -> None:
    async def run() -> tuple[int, bool]:
        clock = asyncio.get_running_loop().time
        board: SlotBoard[Occupant] = SlotBoard(clock, asyncio.get_running_loop().call_soon)
        board.on_free(nobody)
        worker = FakeWorker()
        worker.is_immortal = True
        seat = Seat(1, SeatPlan(lambda _: worker, 1, 5.0, lambda _: None, clock), board)
        await seat.open()
        await asyncio.sleep(1.0)
        assert board.take(nobody) is not None
        await asyncio.sleep(120.0)
        is_fit = seat.is_fit()
        await seat.close()
        return worker.aborts, is_fit

    assert in_virtual_time(run()) == (1, False)


def test_a_seat_is_as_its_service_says() -> None:
    async def run() -> list[tuple[bool, bool]]:
        clock = asyncio.get_running_loop().time
        board: SlotBoard[Occupant] = SlotBoard(clock, asyncio.get_running_loop().call_soon)
        board.on_free(nobody)
        worker = FakeWorker()
        worker.health = Health(is_alive=True, is_ready=False)
        seat = Seat(1, SeatPlan(lambda _: worker, 1, 5.0, lambda _: None, clock), board)
        await seat.open()
        said = [(seat.is_alive(), seat.is_fit())]
        for health in (WELL, Health(is_alive=False, is_ready=True)):
            worker.health = health
            await asyncio.sleep(2 * PROBE_INTERVAL_S)
            said.append((seat.is_alive(), seat.is_fit()))
        await seat.close()
        return said

    assert in_virtual_time(run()) == [(True, False), (True, True), (False, True)]
