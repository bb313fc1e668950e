"""`Tasks`: desk, runner and queue of one server, put together and brought up and down as one."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
import uuid
from collections.abc import Callable, Sequence

from ekiben.serving.config.server import ServerConfig
from ekiben.serving.tasks.desk import TaskDesk
from ekiben.serving.tasks.job import Job
from ekiben.serving.tasks.place import queue_folder
from ekiben.serving.tasks.runner import TaskObserver, TaskRunner
from ekiben.serving.tasks.sqlite.queue import QueuePlan
from ekiben.serving.tasks.sqlite.store import SqliteStore
from ekiben.settings import load_settings


class Tasks:
    """The tasks of a service in this server, from `start` to `close`. They are run while `is_ready()`; what runs has
    `drain_s` seconds from the beginning of the drain.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        plan: QueuePlan,
        observer: TaskObserver,
        is_ready: Callable[[], bool],
        *,
        drain_s: float,
    ) -> None:
        self._drain_s = drain_s
        self._ends_s = math.inf
        self._store = SqliteStore(plan)
        self._runner = TaskRunner(jobs, self._store, observer, is_ready)
        self.desk = TaskDesk({job.name: job for job in jobs}, self._store, self._runner, observer)

    async def start(self) -> None:
        """Opens the queue, and begins to run what is in it. Raises StoreError."""
        await self._store.open()
        self._runner.start()

    def begin_drain(self) -> None:
        """Begins no more tasks."""
        self._ends_s = min(self._ends_s, time.monotonic() + self._drain_s)
        self._runner.begin_drain()

    async def drain(self) -> None:
        """Returns when none runs, or their time is over."""
        self.begin_drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._ends_s - time.monotonic())):
                await self._runner.drain()

    async def close(self) -> None:
        """Gives back what runs."""
        await self._runner.close()
        await self._store.close()


def queue_plan(service: str, config: ServerConfig) -> QueuePlan:
    """The queue that the configuration asks for. Raises StoreError."""
    return QueuePlan(
        folder=queue_folder(config.tasks_path.value, load_settings().home.value, service),
        service=service,
        owner=uuid.uuid4().hex,
        lease_s=config.tasks_lease_s.value,
        max_pending=config.tasks_max_queue.value,
        retention_s=config.tasks_retention_s.value,
        max_kept=config.tasks_max_kept.value,
    )
