"""`Pool`: the workers of a service, as the batchers and the front use them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ekiben.errors import Overloaded
from ekiben.serving.batching.batch import AUDIENCE, Audience
from ekiben.serving.failures import internal_error
from ekiben.serving.wire import Call, Reply
from ekiben.serving.workers.lifetime import ENDLESS, Lifetime
from ekiben.serving.workers.seat import Occupant, Seat, SeatPlan
from ekiben.serving.workers.slots import Slot, SlotBoard
from ekiben.serving.workers.turns import Turns
from ekiben.serving.workers.worker import RestartReason, Worker, WorkerDied, WorkerGone

logger = logging.getLogger("ekiben.serving")

PoolSlot: TypeAlias = Slot[Occupant]


class PoolObserver(Protocol):
    """Is told what the pool mends."""

    def worker_restarted(self, reason: RestartReason) -> None:
        """A worker's place was taken by a new one."""

    def calls_retried(self, endpoint: str, count: int) -> None:
        """Calls whose worker died were given to another one."""


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What a pool is made of: `workers` workers with `threads` threads each; a call may run `timeout_s` seconds.

    `make_worker` is told the number of the seat, from 1 on, whose worker it makes.
    """

    make_worker: Callable[[int], Worker]
    workers: int
    threads: int
    timeout_s: float
    lifetime: Lifetime = ENDLESS


class Pool:
    """Hands out slots (it is the batchers' `Slots`) and runs calls in them; keeps every worker's place filled."""

    def __init__(self, plan: PoolPlan, observer: PoolObserver) -> None:
        loop = asyncio.get_running_loop()
        self._board: SlotBoard[Occupant] = SlotBoard(loop.time, loop.call_soon)
        self._observer = observer
        self._turns: dict[str, Turns[Occupant]] = {}
        self._unfinished: set[PoolSlot] = set()
        self._works: set[asyncio.Task[list[Reply]]] = set()
        self._clock = loop.time
        seat_plan = SeatPlan(
            plan.make_worker, plan.threads, plan.timeout_s, observer.worker_restarted, loop.time, plan.lifetime
        )
        self._seats = [Seat(number, seat_plan, self._board) for number in range(1, plan.workers + 1)]

    async def start(self) -> None:
        """Returns when every worker is up. Raises EkibenError where one cannot be brought up."""
        opened = await asyncio.gather(*(seat.open() for seat in self._seats), return_exceptions=True)
        for outcome in opened:
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """Stops every worker."""
        await asyncio.gather(*(seat.close() for seat in self._seats))

    def is_ready(self) -> bool:
        """Whether at least one worker is fit to serve."""
        return any(seat.is_fit() for seat in self._seats)

    def is_alive(self) -> bool:
        """Whether no worker's service says that it is beyond hope."""
        return all(seat.is_alive() for seat in self._seats)

    def is_busy(self) -> bool:
        """Whether work is under way that holds a slot."""
        return self._board.is_any_taken()

    def take(self) -> PoolSlot | None:
        """A free slot of the least loaded worker, or None; never waits."""
        return self._board.take()

    def give_back(self, slot: PoolSlot) -> None:
        """The work in the slot is over; a slot whose run was cancelled stays taken: its thread may still be at it."""
        if slot not in self._unfinished:
            self._board.give_back(slot)

    def on_free(self, callback: Callable[[], None]) -> None:
        """Calls back whenever a slot may be free, in turn with the other APIs."""
        self._board.on_free(callback)

    async def run_batch(self, slot: PoolSlot, calls: Sequence[Call], *, is_idempotent: bool) -> list[Reply]:
        """One reply per call of one endpoint. The caller took the slot and gives it back.

        Where the worker dies, each call is run once more, alone, by another worker: the one that kills workers is then
        found out and answered 500. With `is_idempotent` false all are answered 500.
        """
        audience = AUDIENCE.get()
        try:
            return await self._run(slot.worker, calls, audience)
        except WorkerGone:
            logger.debug("a batch for `%s` met a worker that was gone", calls[0].endpoint)
        except WorkerDied:
            if not is_idempotent or (audience is not None and audience.is_gone):
                return [self._given_up(call) for call in calls]
        except asyncio.CancelledError:  # the server ends
            self._unfinished.add(slot)
            raise
        self._observer.calls_retried(calls[0].endpoint, len(calls))
        again = await asyncio.gather(*(self.run_sync(call) for call in calls))
        return list(again)

    async def run_sync(self, call: Call) -> Reply:
        """Runs a call in a slot, when one is free and the call's turn has come.

        Cancelled while it waits, it never runs; cancelled while it runs, the slot stays taken until the work has ended.
        """
        slot = await self._turns_of(call.endpoint).take()
        work = asyncio.create_task(self._run_in(slot, call))
        self._works.add(work)
        work.add_done_callback(self._works.discard)
        return (await asyncio.shield(work))[0]

    async def run_async(self, call: Call) -> Reply:
        """Runs a call of an async API at once, without a slot; cancelling it cancels the API's coroutine."""
        occupant = min(self._board.workers(), key=lambda one: one.async_runs, default=None)
        if occupant is None:
            raise Overloaded("no worker is up")
        occupant.async_runs += 1
        try:
            return (await self._run(occupant, [call]))[0]
        except WorkerGone:
            return await self.run_async(call)
        except WorkerDied:
            return self._given_up(call)
        finally:
            occupant.async_runs -= 1

    async def _run_in(self, slot: PoolSlot, call: Call) -> list[Reply]:
        try:
            return await self._run(slot.worker, [call])
        except WorkerGone:
            return [await self.run_sync(call)]
        except WorkerDied:
            return [self._given_up(call)]
        finally:
            self._board.give_back(slot)

    async def _run(self, occupant: Occupant, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        try:
            replies = await occupant.worker.run(calls[0].endpoint, calls, audience)
        except WorkerDied:
            self._board.remove(occupant)  # at once: its other slots must not be offered before the seat has noticed
            raise
        occupant.last_answer_at = self._clock()
        return replies

    def _turns_of(self, endpoint: str) -> Turns[Occupant]:
        if endpoint not in self._turns:
            self._turns[endpoint] = Turns(self._board)
        return self._turns[endpoint]

    def _given_up(self, call: Call) -> Reply:
        logger.error("a worker died while it ran request %s to `%s`", call.request_id, call.endpoint)
        return internal_error(call.request_id, "the worker that ran it died")
