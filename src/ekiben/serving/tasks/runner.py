"""`TaskRunner`: claims tasks while there is room, has each answered as any other call, and keeps what came of it.

What it cannot write down it tries to until it can: an answer that was paid for is not thrown away. A task that another
server has taken, or a client has cancelled, is no longer run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from ekiben.errors import DeadlineExceeded, EkibenError, Overloaded, StoreError, WorkerLost
from ekiben.serving.failures import reply_to
from ekiben.serving.tasks.job import Job
from ekiben.serving.tasks.rows import Claim, TaskStatus, Work
from ekiben.serving.tasks.rules import Again, Ended, Verdict, after_answer, after_loss, after_stop
from ekiben.serving.tasks.store import TaskSource
from ekiben.serving.wire import Reply

logger = logging.getLogger("ekiben.serving")

LOOK_S = 1.0  # between looks for what other servers have queued or lost
SWEEP_S = 30.0  # between sweeps
AGAIN_S = 1.0  # after a queue that could not be reached
STOPPING_S = 0.2  # that runs get to end, first by themselves and then cancelled


class TaskObserver(Protocol):
    """Is told what becomes of tasks, by API name."""

    def reached(self, name: str, status: TaskStatus) -> None:
        """A task came to a status here."""

    def ran(self, name: str, duration_s: float) -> None:
        """A run has ended."""

    def waiting(self, name: str, count: int) -> None:
        """So many tasks wait in the queue, whichever server runs them."""


@dataclass(slots=True, eq=False)
class _Run:
    """A claimed task under way; `is_dropped` once nobody wants it here, `is_answered` once only its end is written."""

    job: Job
    work: Work
    task: asyncio.Task[None] | None = None
    is_dropped: bool = False
    is_answered: bool = False


class TaskRunner:
    """Runs the tasks of `jobs` while `is_ready()`, from `start` to `close`."""

    def __init__(
        self, jobs: Sequence[Job], source: TaskSource, observer: TaskObserver, is_ready: Callable[[], bool]
    ) -> None:
        self._jobs = jobs
        self._source = source
        self._observer = observer
        self._is_ready = is_ready
        self._runs: dict[Claim, _Run] = {}
        self._wake = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._serving: asyncio.Task[None] | None = None
        self._is_draining = False
        self._next_sweep_s = 0.0
        source.watch(self._drop_lost)

    def start(self) -> None:
        """Begins to look for tasks."""
        self._serving = asyncio.create_task(self._serve(), name="tasks")

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def drop(self, task_id: str) -> None:
        """A client has cancelled the task: its run here ends, if there is one and it is async."""
        for run in self._runs.values():
            if run.work.claim.id == task_id:
                self._drop(run)

    def begin_drain(self) -> None:
        """Claims nothing more; what runs goes on."""
        self._is_draining = True
        self._wake.set()

    async def drain(self) -> None:
        """Returns when nothing runs."""
        await self._end_serving()
        await self._is_idle.wait()

    async def close(self) -> None:
        """Ends what runs, and gives back what may be run again."""
        await self._end_serving()
        await self._end_runs()  # what waits for a worker is refused meanwhile, and so never began
        left = [run for run in self._runs.values() if not run.is_dropped]
        for run in left:
            self._drop(run)
        await self._end_runs()
        reply = reply_to(Overloaded("the server was stopped while the task ran"), "")
        for run in left:
            try:
                await self._source.settle(run.work.claim, after_stop(run.job.options), reply)
            except StoreError as error:  # whoever comes next sees that the lease has run out
                logger.error("task %s could not be given back: %s", run.work.claim.id, error)

    async def _end_serving(self) -> None:
        """Not by force: a claim that nobody takes would be lost until its lease has run out."""
        self.begin_drain()
        if self._serving is not None:
            await asyncio.wait([self._serving], timeout=STOPPING_S)

    async def _end_runs(self) -> None:
        if tasks := [run.task for run in self._runs.values() if run.task is not None]:
            await asyncio.wait(tasks, timeout=STOPPING_S)

    async def _serve(self) -> None:
        while not self._is_draining:
            self._wake.clear()
            wait_s = LOOK_S
            try:
                if self._is_ready():
                    for job in self._jobs:
                        await self._claim_for(job)
                await self._sweep_now_and_then()
            except StoreError as error:
                logger.error("%s", error)
                wait_s = AGAIN_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _claim_for(self, job: Job) -> None:
        waiting, has_work = await self._source.depth(job.name)
        self._observer.waiting(job.name, waiting)
        room = job.room - sum(run.job is job for run in self._runs.values())
        if not has_work or room <= 0:
            return
        works = await self._source.claim(job.name, room, job.options)
        self._observer.waiting(job.name, max(0, waiting - len(works)))
        for work in works:
            run = _Run(job, work)
            self._runs[work.claim] = run
            self._is_idle.clear()
            run.task = asyncio.create_task(self._attend(run), name=f"task {work.claim.id}")

    async def _sweep_now_and_then(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + SWEEP_S
            while await self._source.sweep() and not self._is_draining:
                continue

    async def _attend(self, run: _Run) -> None:
        try:
            self._observer.reached(run.job.name, TaskStatus.IN_PROGRESS)
            verdict, reply = await self._run(run)
            run.is_answered = True
            await self._settle(run, verdict, reply)
        except asyncio.CancelledError:
            if not run.is_dropped:
                raise
        finally:
            del self._runs[run.work.claim]
            if not self._runs:
                self._is_idle.set()
            self._wake.set()

    async def _run(self, run: _Run) -> tuple[Verdict, Reply | None]:
        job, work = run.job, run.work
        begun_s = time.perf_counter()
        limit = asyncio.timeout(job.timeout_s)
        try:
            async with limit:
                answer = await job.answer(work.call)
            assert isinstance(answer, Reply), "a task does not stream"
        except (Overloaded, WorkerLost) as error:
            if isinstance(error, Overloaded) and not error.has_begun:
                return Again(error.retry_after_s, is_counted=False), None
            return after_loss(job.options, work.claim.attempt), reply_to(error, work.call.request_id)
        except EkibenError as error:
            answer = reply_to(error, work.call.request_id)
        except TimeoutError:
            late = DeadlineExceeded(f"the task did not end within `{job.timeout_s:g}` s")
            answer = reply_to(late, work.call.request_id)
        self._observer.ran(job.name, time.perf_counter() - begun_s)
        return after_answer(job.options, work.claim.attempt, answer.status), answer

    async def _settle(self, run: _Run, verdict: Verdict, reply: Reply | None) -> None:
        while True:
            try:
                is_ours = await self._source.settle(run.work.claim, verdict, reply)
            except StoreError as error:
                logger.error("what came of task %s is not kept yet: %s", run.work.claim.id, error)
                await asyncio.sleep(AGAIN_S)
                continue
            if is_ours:
                status = verdict.status if isinstance(verdict, Ended) else TaskStatus.PENDING
                self._observer.reached(run.job.name, status)
            if isinstance(verdict, Again):
                asyncio.get_running_loop().call_later(verdict.wait_s, self._wake.set)
            return

    def _drop_lost(self, held: Collection[Claim]) -> None:
        """Ends runs whose task is not this server's any more."""
        for claim, run in list(self._runs.items()):
            if claim not in held and not run.is_answered:
                self._drop(run)

    def _drop(self, run: _Run) -> None:
        run.is_dropped = True
        if run.task is not None:
            run.task.cancel()
