"""`Seat`: one worker's place in the pool. When its worker dies, hangs or has served its time, another one takes it.

A worker that has served its time is relieved: its successor is up before its slots are withdrawn, what it runs ends,
and then it is stopped. Of all seats one is relieved at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

from ekiben.errors import EkibenError
from ekiben.serving.metrics.ledger import RestartReason
from ekiben.serving.workers.health import WELL, Health
from ekiben.serving.workers.lifetime import ENDLESS, Lifetime, Use
from ekiben.serving.workers.readiness import PROBE_INTERVAL_S, WorkerView, is_fit, is_lost
from ekiben.serving.workers.slots import SlotBoard
from ekiben.serving.workers.worker import Worker, WorkerDied

logger = logging.getLogger("ekiben.serving")

T = TypeVar("T")

FIRST_BACKOFF_S = 0.1  # before the first restart: a death by accident costs little
LONGEST_BACKOFF_S = 30.0  # a service that dies before it ever answered is not restarted in a hot loop
LIFETIME_CHECK_S = 0.5  # between looks at how much a worker has served
DRAIN_CHECK_S = 0.05  # between looks at whether a relieved worker still has slots
LONGEST_DRAIN_S = 600.0  # that a relieved worker's streams get; its calls end within their timeout


@dataclass(slots=True, eq=False)
class Occupant:
    """A worker that is up since `born_at`.

    `last_answer_at` is when a probe or a run last came back, `health` what its service says of itself; `async_runs` are
    its calls without a slot. `hangs`: it was found to be lost, and that was said.
    """

    worker: Worker
    born_at: float
    last_answer_at: float
    health: Health = WELL
    async_runs: int = 0
    hangs: bool = False


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """How a seat is filled: `make_worker` makes a worker not yet started, with `slots` threads, for a seat's number.

    `on_restart` is told why a worker took another's place; `timeout_s` is how long a call may run. All seats share
    `turn`: who relieves its worker holds it. `draw` gives numbers from 0 to 1. `service` is whose workers they are, for
    the log.
    """

    make_worker: Callable[[int], Worker]
    slots: int
    timeout_s: float
    on_restart: Callable[[RestartReason], None]
    clock: Callable[[], float]
    lifetime: Lifetime = ENDLESS
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    draw: Callable[[], float] = random.random
    service: str = ""


class Seat:
    """Keeps one worker up, from `open` to `close`."""

    def __init__(self, number: int, plan: SeatPlan, board: SlotBoard[Occupant]) -> None:
        self._number = number
        self._name = f"worker {number} of `{plan.service}`" if plan.service else f"worker {number}"
        self._plan = plan
        self._board = board
        self._tasks: set[asyncio.Task[object]] = set()
        self._workers: set[Worker] = set()
        self.occupant: Occupant | None = None

    async def open(self) -> None:
        """Returns when the first worker is up. Raises what its start failed with: it is not tried again."""
        self._spawn(self._keep(await self._fill()))

    async def close(self) -> None:
        """Stops the worker, and those that come or go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    def is_fit(self) -> bool:
        """Whether the worker here answered lately, or runs a batch within its timeout, and its service is ready."""
        if self.occupant is None or not self.occupant.health.is_ready:
            return False
        return is_fit(self._view(self.occupant), self._plan.clock(), timeout_s=self._plan.timeout_s)

    def is_alive(self) -> bool:
        """Whether the service here does not say that it is beyond hope."""
        return self.occupant is None or self.occupant.health.is_alive

    async def _keep(self, occupant: Occupant) -> None:
        """One worker after another, for ever."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            ending = self._spawn(self._attend(occupant))
            successor = None
            if await self._has_served_its_time(occupant, ending):
                successor = await self._relieve(occupant, ending)
            reason: RestartReason = "lifetime" if successor is not None else await ending
            if occupant.last_answer_at > occupant.born_at:
                backoff_s = FIRST_BACKOFF_S
            while successor is None:
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)
                successor = await self._try_to_fill()
            occupant = successor
            self._plan.on_restart(reason)
            logger.info("%s is up again", self._name)

    async def _fill(self) -> Occupant:
        """Starts a worker and seats it beside one that may still be here, whose place it takes."""
        worker = self._plan.make_worker(self._number)
        self._workers.add(worker)
        try:
            health = await worker.start()
        except Exception:
            await worker.stop()
            self._workers.discard(worker)
            raise
        now = self._plan.clock()
        self.occupant = Occupant(worker, now, now, health)
        self._board.add(self.occupant, self._plan.slots)
        return self.occupant

    async def _try_to_fill(self) -> Occupant | None:
        try:
            return await self._fill()
        except Exception as error:  # a fault of ours, too: the seat is to be filled again whatever it was
            fault = None if isinstance(error, EkibenError) else error
            logger.error("%s could not be started again: %s", self._name, error, exc_info=fault)
            return None

    async def _attend(self, occupant: Occupant) -> RestartReason:
        """Returns when the worker has ended by itself, or was ended because it hangs."""
        probing = self._spawn(self._probe(occupant))
        try:
            await occupant.worker.wait_closed()
            logger.error("%s died; another one takes its place", self._name)
            self._workers.discard(occupant.worker)
        finally:
            probing.cancel()
            self._board.remove(occupant)
            if self.occupant is occupant:
                self.occupant = None
        return "hang" if occupant.hangs else "death"

    async def _probe(self, occupant: Occupant) -> None:
        """Asks for an answer now and then; ends a worker that is lost.

        An answer counts while a thread is free to give one. It has to look twice: after a pause of the front itself,
        what the worker has long said is only about to be read.
        """
        was_lost = False
        with contextlib.suppress(WorkerDied):
            while True:
                await asyncio.sleep(PROBE_INTERVAL_S)
                looks_lost = is_lost(self._view(occupant), self._plan.clock(), timeout_s=self._plan.timeout_s)
                if looks_lost and was_lost and not occupant.hangs:
                    logger.error("%s hangs: nothing came from it well beyond the timeout", self._name)
                    occupant.worker.abort()
                occupant.hangs = looks_lost and was_lost
                was_lost = looks_lost
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PROBE_INTERVAL_S):
                        occupant.health = await occupant.worker.probe()
                    if self._board.free_of(occupant):
                        occupant.last_answer_at = self._plan.clock()

    def _view(self, occupant: Occupant) -> WorkerView:
        return WorkerView(occupant.last_answer_at, [slot.taken_at for slot in self._board.taken_of(occupant)])

    async def _has_served_its_time(self, occupant: Occupant, ending: asyncio.Task[RestartReason]) -> bool:
        """Waits until the worker has; False when it has ended before."""
        if not self._plan.lifetime.is_bounded:
            await asyncio.wait([ending])
        own = self._plan.lifetime.drawn(self._plan.draw())
        while not ending.done():
            await asyncio.wait([ending], timeout=LIFETIME_CHECK_S)
            worker = occupant.worker
            use = Use(worker.served, self._plan.clock() - occupant.born_at, worker.memory_bytes())
            why = own.why_over(use)
            if why is not None:
                logger.info("%s %s; another one takes its place", self._name, why)
                return True
        return False

    async def _relieve(self, occupant: Occupant, ending: asyncio.Task[RestartReason]) -> Occupant | None:
        """Brings a successor up, then lets the worker finish; None where it has ended before there was one."""
        while not ending.done():
            async with self._plan.turn:
                successor = await self._try_to_fill()
                if successor is not None:
                    self._board.withdraw(occupant)
                    self._spawn(self._dismiss(occupant, ending))
                    return successor
            await asyncio.wait([ending], timeout=LONGEST_BACKOFF_S)
        return None

    async def _dismiss(self, occupant: Occupant, ending: asyncio.Task[RestartReason]) -> None:
        """Stops a worker when nothing runs in it any more."""
        until = self._plan.clock() + max(self._plan.timeout_s, LONGEST_DRAIN_S)
        while (self._board.taken_of(occupant) or occupant.async_runs) and self._plan.clock() < until:
            await asyncio.wait([ending], timeout=DRAIN_CHECK_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - self._plan.clock())):
                await occupant.worker.wait_idle()
        ending.cancel()
        await occupant.worker.stop()
        self._workers.discard(occupant.worker)

    def _spawn(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=self._name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
