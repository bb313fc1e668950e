"""`Seat`: one worker's place in the pool. When its worker dies, or hangs and is killed, another one takes it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ekiben.errors import EkibenError
from ekiben.serving.workers.readiness import PROBE_INTERVAL_S, WorkerView, is_fit, is_lost
from ekiben.serving.workers.slots import SlotBoard
from ekiben.serving.workers.worker import Worker, WorkerDied

logger = logging.getLogger("ekiben.serving")

FIRST_BACKOFF_S = 0.1  # before the first restart: a death by accident costs little
LONGEST_BACKOFF_S = 30.0  # a service that dies at once is not restarted in a hot loop
STABLE_S = 30.0  # a worker that lived this long pays the first backoff again


@dataclass(slots=True, eq=False)
class Occupant:
    """A worker that is up: when a probe or a run last came back, and how many async calls it has."""

    worker: Worker
    last_answer_at: float
    async_runs: int = 0


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """How a seat is filled: `make_worker` makes a worker not yet started, with `slots` threads.

    `on_restart` is told of each worker that takes a dead one's place; `timeout_s` is how long a call may run.
    """

    make_worker: Callable[[], Worker]
    slots: int
    timeout_s: float
    on_restart: Callable[[], None]
    clock: Callable[[], float]


class Seat:
    """Keeps one worker up, from `open` to `close`."""

    def __init__(self, number: int, plan: SeatPlan, board: SlotBoard[Occupant]) -> None:
        self._number = number
        self._plan = plan
        self._board = board
        self._keeping: asyncio.Task[None] | None = None
        self._worker: Worker | None = None
        self.occupant: Occupant | None = None

    async def open(self) -> None:
        """Returns when the first worker is up. Raises what its start failed with: it is not tried again."""
        started = asyncio.get_running_loop().create_future()
        self._keeping = asyncio.create_task(self._keep(started), name=f"worker {self._number}")
        await started

    async def close(self) -> None:
        """Stops the worker."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        if self._worker is not None:
            await self._worker.stop()

    def is_fit(self) -> bool:
        """Whether the worker here answered lately, or runs a batch within its timeout."""
        if self.occupant is None:
            return False
        return is_fit(self._view(self.occupant), self._plan.clock(), timeout_s=self._plan.timeout_s)

    def _view(self, occupant: Occupant) -> WorkerView:
        return WorkerView(occupant.last_answer_at, [slot.taken_at for slot in self._board.taken_of(occupant)])

    async def _keep(self, started: asyncio.Future[None]) -> None:
        backoff_s = FIRST_BACKOFF_S
        while True:
            begun_at = self._plan.clock()
            try:
                await self._live(started)
            except Exception as error:  # a fault of ours, too: `open` must hear of it, and the seat be filled again
                if not started.done():
                    started.set_exception(error)
                    return
                fault = None if isinstance(error, EkibenError) else error
                logger.error("worker %d could not be started again: %s", self._number, error, exc_info=fault)
            if self._plan.clock() - begun_at >= STABLE_S:
                backoff_s = FIRST_BACKOFF_S
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    async def _live(self, started: asyncio.Future[None]) -> None:
        """One worker's life, from its start to its end."""
        self._worker = self._plan.make_worker()
        await self._worker.start()
        occupant = Occupant(self._worker, self._plan.clock())
        self.occupant = occupant
        self._board.add(occupant, self._plan.slots)
        if started.done():
            self._plan.on_restart()
            logger.info("worker %d is up again", self._number)
        else:
            started.set_result(None)
        probing = asyncio.create_task(self._probe(occupant))
        try:
            await occupant.worker.wait_closed()
            logger.error("worker %d died; another one takes its place", self._number)
        finally:
            probing.cancel()
            self.occupant = None
            self._board.remove(occupant)

    async def _probe(self, occupant: Occupant) -> None:
        """Asks for an answer now and then, while a thread is free to give it; kills a worker that is lost.

        It has to look so twice: after a pause of the front itself, what the worker has long said is only about to be
        read.
        """
        was_lost = False
        with contextlib.suppress(WorkerDied):
            while True:
                await asyncio.sleep(PROBE_INTERVAL_S)
                looks_lost = is_lost(self._view(occupant), self._plan.clock(), timeout_s=self._plan.timeout_s)
                if looks_lost and was_lost and occupant.worker.kill():
                    logger.error("worker %d hangs: nothing came from it well beyond the timeout", self._number)
                    return
                was_lost = looks_lost
                if self._board.free_of(occupant):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(occupant.worker.probe(), PROBE_INTERVAL_S)
                        occupant.last_answer_at = self._plan.clock()
