"""Relief: a worker that has served its time is replaced by one that is up, and finishes what it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.metrics.ledger import RestartReason
from ekiben.serving.workers.lifetime import Lifetime
from ekiben.serving.workers.seat import LIFETIME_CHECK_S, LONGEST_BACKOFF_S, Occupant, Seat, SeatPlan
from ekiben.serving.workers.slots import SlotBoard
from tests.serving.workers.fake_worker import FakeWorker, call_of, nobody
from tests.serving.workers.virtual_time import in_virtual_time

ONE_CALL = Lifetime(max_requests=1)


@dataclass
class House:
    """Seats and their board once open, the workers that were made for them in order, and why they were."""

    lifetime: Lifetime
    make: Callable[[], FakeWorker] = FakeWorker
    made: list[tuple[int, FakeWorker]] = field(default_factory=list)
    reasons: list[RestartReason] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    board: SlotBoard[Occupant] = field(init=False)

    def _make(self, number: int) -> FakeWorker:
        worker = self.make()
        self.made.append((number, worker))
        return worker

    @asynccontextmanager
    async def open(self, seats: int = 1) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        self.board = SlotBoard(loop.time, loop.call_soon)
        self.board.on_free(nobody)
        plan = SeatPlan(self._make, 1, 5.0, self.reasons.append, loop.time, self.lifetime, draw=lambda: 0.0)
        self.seats = [Seat(number, plan, self.board) for number in range(1, seats + 1)]
        for seat in self.seats:
            await seat.open()
        try:
            yield
        finally:
            await asyncio.gather(*(seat.close() for seat in self.seats))


def test_a_worker_that_answered_enough_is_replaced_and_stopped() -> None:
    async def run() -> None:
        house = House(ONE_CALL)
        async with house.open():
            await house.made[0][1].run("predict", [call_of()])
            await asyncio.sleep(3 * LIFETIME_CHECK_S)
            assert house.reasons == ["lifetime"]
            assert [worker.is_dead() for _, worker in house.made] == [True, False]

    in_virtual_time(run())


@pytest.mark.parametrize("lifetime", [Lifetime(max_age_s=10.0), Lifetime(max_memory_bytes=1000)], ids=["age", "memory"])
def test_age_and_memory_end_a_workers_time(lifetime: Lifetime) -> None:
    async def run() -> None:
        house = House(lifetime)
        async with house.open():
            await asyncio.sleep(9.0)
            assert len(house.made) == 1
            house.made[0][1].memory = 1000
            await asyncio.sleep(2.0)
            assert len(house.made) == 2

    in_virtual_time(run())


def test_a_seat_stays_fit_and_offers_a_slot_while_its_worker_is_relieved() -> None:
    async def run() -> None:
        house = House(ONE_CALL, make=lambda: FakeWorker(starts_in_s=1.0))
        async with house.open():
            await house.made[0][1].run("predict", [call_of()])
            for _ in range(40):
                await asyncio.sleep(0.1)
                assert house.seats[0].is_fit()
                slot = house.board.take(nobody)
                assert slot is not None
                house.board.give_back(slot)
            assert house.reasons == ["lifetime"]

    in_virtual_time(run())


def test_a_relieved_worker_takes_no_work_and_ends_what_it_has() -> None:
    async def run() -> None:
        house = House(ONE_CALL)
        async with house.open():
            await asyncio.sleep(0)
            first = house.board.take(nobody)
            assert first is not None
            await house.made[0][1].run("predict", [call_of()])
            await asyncio.sleep(2.0)
            second = house.board.take(nobody)
            assert second is not None
            assert second.worker is not first.worker
            assert not house.made[0][1].is_dead()
            house.board.give_back(first)
            await asyncio.sleep(0.1)
            assert house.made[0][1].is_dead()
            assert house.board.take(nobody) is None  # the slot that came back is nobody's

    in_virtual_time(run())


def test_a_successor_that_cannot_start_leaves_the_old_worker_in_its_place() -> None:
    async def run() -> None:
        workers = [FakeWorker(), FakeWorker(failure=ServiceError("cannot start")), FakeWorker()]
        house = House(ONE_CALL, make=lambda: workers.pop(0))
        async with house.open():
            await house.made[0][1].run("predict", [call_of()])
            await asyncio.sleep(2.0)
            assert (len(house.made), house.reasons, house.seats[0].is_fit()) == (2, [], True)
            assert not house.made[0][1].is_dead()
            await asyncio.sleep(LONGEST_BACKOFF_S + 1.0)
            assert house.reasons == ["lifetime"]

    in_virtual_time(run())


def test_a_worker_that_dies_while_its_successor_starts_is_replaced_all_the_same() -> None:
    async def run() -> None:
        house = House(ONE_CALL, make=lambda: FakeWorker(starts_in_s=1.0))
        async with house.open():
            await house.made[0][1].run("predict", [call_of()])
            await asyncio.sleep(LIFETIME_CHECK_S + 0.1)
            house.made[0][1].die()
            await asyncio.sleep(2.0)
            assert len(house.made) == 2
            assert house.seats[0].is_fit()
            assert house.board.take(nobody) is not None

    in_virtual_time(run())


def test_seats_relieve_their_workers_one_at_a_time() -> None:
    async def run() -> None:
        house = House(Lifetime(max_memory_bytes=1), make=lambda: FakeWorker(starts_in_s=1.0))
        async with house.open(seats=3):
            for _, worker in house.made:
                worker.memory = 1
            starting = []
            for _ in range(50):
                await asyncio.sleep(0.1)
                starting.append(sum(worker.is_starting for _, worker in house.made))
            assert max(starting) == 1
            assert sorted(number for number, _ in house.made[3:]) == [1, 2, 3]

    in_virtual_time(run())


def test_closing_stops_the_worker_that_leaves_and_the_one_that_comes() -> None:
    async def run() -> None:
        house = House(ONE_CALL, make=lambda: FakeWorker(starts_in_s=1.0))
        async with house.open():
            await house.made[0][1].run("predict", [call_of()])
            await asyncio.sleep(LIFETIME_CHECK_S + 0.1)
            assert house.made[1][1].is_starting
        assert all(worker.is_dead() for _, worker in house.made)

    in_virtual_time(run())
