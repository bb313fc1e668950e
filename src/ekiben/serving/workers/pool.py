"""`Pool`: the workers of a service, as the queues and the front use them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Protocol, TypeAlias, TypeVar

from ekiben.errors import Overloaded, WorkerLost
from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.slots import Claimant, SlotLost
from ekiben.serving.metrics.ledger import RestartReason
from ekiben.serving.streams import FollowedChunks, StreamEnd
from ekiben.serving.wire import Answer, Call, Reply, StreamReply
from ekiben.serving.workers.lifetime import ENDLESS, Lifetime
from ekiben.serving.workers.seat import Occupant, Seat, SeatPlan
from ekiben.serving.workers.slots import Slot, SlotBoard
from ekiben.serving.workers.worker import Worker, WorkerDied, WorkerGone

logger = logging.getLogger("ekiben.serving")

R = TypeVar("R")

PoolSlot: TypeAlias = Slot[Occupant]

_ASYNC_RUNS = attrgetter("async_runs")


class PoolObserver(Protocol):
    """Is told what the pool mends."""

    def worker_restarted(self, reason: RestartReason) -> None:
        """A worker's place was taken by a new one."""

    def calls_retried(self, endpoint: str, count: int) -> None:
        """Calls whose worker died were given to another one."""


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What a pool is made of: `workers` workers with `threads` threads each; a call may run `timeout_s` seconds.

    `make_worker` is told the number of the seat, from 1 on, whose worker it makes; `service` is whose workers they are.
    """

    make_worker: Callable[[int], Worker]
    workers: int
    threads: int
    timeout_s: float
    lifetime: Lifetime = ENDLESS
    service: str = ""


class Pool:
    """Hands out slots (it is the queues' `Slots`) and runs calls in them; keeps every worker's place filled."""

    def __init__(self, plan: PoolPlan, observer: PoolObserver) -> None:
        loop = asyncio.get_running_loop()
        self._board: SlotBoard[Occupant] = SlotBoard(loop.time, loop.call_soon)
        self._observer = observer
        self._kept: set[PoolSlot] = set()
        self._retry_turn = asyncio.Lock()
        self._clock = loop.time
        seat_plan = SeatPlan(
            plan.make_worker,
            plan.threads,
            plan.timeout_s,
            observer.worker_restarted,
            loop.time,
            plan.lifetime,
            service=plan.service,
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

    def free(self) -> int:
        """How many slots could be taken now."""
        return self._board.free()

    def take(self, claimant: Claimant) -> PoolSlot | None:
        """A free slot of the least loaded worker, or None; never waits."""
        return self._board.take(claimant)

    def give_back(self, slot: PoolSlot) -> None:
        """The work in the slot is over, unless it is kept: by a stream, or by a thread that may still be at it."""
        if slot not in self._kept:
            self._board.give_back(slot)

    def on_free(self, claimant: Claimant) -> None:
        """Calls back whenever a slot may be free, in turn with the other APIs."""
        self._board.on_free(claimant)

    async def run(self, slot: PoolSlot, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        """One reply per call of one endpoint. The caller took the slot and gives it back. Raises SlotLost."""
        worker = slot.worker.worker
        return await self._in_slot(slot, worker.run(calls[0].endpoint, calls, audience))

    async def run_stream(self, slot: PoolSlot, calls: Sequence[Call], _: Audience | None = None) -> list[Answer]:
        """The answer to one call of a sync generator, which keeps the slot until its chunks end. Raises SlotLost."""
        (call,) = calls
        answer = await self._in_slot(slot, slot.worker.worker.stream(call.endpoint, call))
        if not isinstance(answer, StreamReply):
            return [answer]
        self._kept.add(slot)

        def end(_: StreamEnd) -> None:
            self._kept.discard(slot)
            self._board.give_back(slot)

        return [replace(answer, chunks=FollowedChunks(answer.chunks, end))]

    async def run_async(self, call: Call, *, is_idempotent: bool = True) -> Answer:
        """Runs a call of an async API at once, without a slot; cancelling it cancels the API's coroutine.

        Where its worker dies it runs once more; those that died together do so one after the other, so that the call
        that kills workers is found out. Raises WorkerLost.
        """

        occupant = self._least_busy()
        occupant.async_runs += 1
        try:
            replies = await occupant.worker.run(call.endpoint, (call,))
        except WorkerDied as error:
            lost = self._lost(occupant, error)
        else:
            occupant.last_answer_at = self._clock()
            return replies[0]
        finally:
            occupant.async_runs -= 1

        async def run(worker: Worker) -> Answer:
            return (await worker.run(call.endpoint, (call,)))[0]

        return await self._again(call, run, lost, is_idempotent=is_idempotent)

    async def stream_async(self, call: Call, *, is_idempotent: bool = True) -> Answer:
        """Like `run_async`, for an async generator."""

        def run(worker: Worker) -> Awaitable[Answer]:
            return worker.stream(call.endpoint, call)

        try:
            return await self._on_one(run)
        except SlotLost as error:
            lost = error
        return await self._again(call, run, lost, is_idempotent=is_idempotent)

    async def _again(
        self, call: Call, run: Callable[[Worker], Awaitable[Answer]], lost: SlotLost, *, is_idempotent: bool
    ) -> Answer:
        """The answer to a call whose worker died."""
        if lost.has_begun and not is_idempotent:
            raise self._given_up(call) from lost
        self._observer.calls_retried(call.endpoint, 1)
        async with self._retry_turn:
            try:
                return await self._on_one(run)
            except SlotLost as again:
                raise self._given_up(call) from again
            except Overloaded as error:
                raise Overloaded(error.message, has_begun=lost.has_begun) from error

    async def _on_one(self, run: Callable[[Worker], Awaitable[Answer]]) -> Answer:
        """Beside whatever else the least busy worker has."""
        occupant = self._least_busy()
        occupant.async_runs += 1

        def end(_: StreamEnd | None = None) -> None:
            occupant.async_runs -= 1

        answer: Answer | None = None
        try:
            answer = await self._watched(occupant, run(occupant.worker))
        finally:
            if not isinstance(answer, StreamReply):
                end()
        if isinstance(answer, StreamReply):
            return replace(answer, chunks=FollowedChunks(answer.chunks, end))
        return answer

    def _least_busy(self) -> Occupant:
        occupant = min(self._board.workers(), key=_ASYNC_RUNS, default=None)
        if occupant is None:
            raise Overloaded("no worker is up")
        return occupant

    async def _in_slot(self, slot: PoolSlot, work: Awaitable[R]) -> R:
        try:
            return await self._watched(slot.worker, work)
        except asyncio.CancelledError:  # the server ends, and a thread may still be at it
            self._kept.add(slot)
            raise

    async def _watched(self, occupant: Occupant, work: Awaitable[R]) -> R:
        """What comes of `work` by this worker, which is then known to answer. Raises SlotLost."""
        try:
            done = await work
        except WorkerDied as error:
            raise self._lost(occupant, error) from error
        occupant.last_answer_at = self._clock()
        return done

    def _lost(self, occupant: Occupant, death: WorkerDied) -> SlotLost:
        self._board.remove(occupant)  # at once: its other slots must not be offered before the seat has noticed
        return SlotLost(has_begun=not isinstance(death, WorkerGone))

    def _given_up(self, call: Call) -> WorkerLost:
        logger.error("a worker died while it ran request %s to `%s`", call.request_id, call.endpoint)
        return WorkerLost()
