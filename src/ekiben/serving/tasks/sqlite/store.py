"""`SqliteStore`: the queue in an SQLite file, as `TaskBook` and `TaskSource` say."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.tasks.rows import Claim, TaskRow, TaskStatus, Work
from ekiben.serving.tasks.rules import Verdict
from ekiben.serving.tasks.sqlite.queue import QueuePlan
from ekiben.serving.tasks.sqlite.thread import StoreThread
from ekiben.serving.wire import Call, Reply


class SqliteStore:
    """The tasks of one service as one server sees them, from `open` to `close`. Made on the loop that it is used on."""

    def __init__(self, plan: QueuePlan, clock: Callable[[], float] = time.time) -> None:
        self._thread = StoreThread(plan, clock, self._tell_held)
        self._on_held: Callable[[Collection[Claim]], None] = lambda _: None

    async def open(self) -> None:
        """Opens the file, which is made where it is not there. Raises StoreError."""
        await self._thread.start()

    async def close(self) -> None:
        """Closes it."""
        await self._thread.close()

    async def add(self, name: str, call: Call) -> TaskRow:
        """Puts a call into the queue."""
        return await self._thread.do(lambda queue: queue.add(name, call))

    async def add_again(self, name: str, task_id: str) -> TaskRow:
        """Puts the call of a task that has ended into the queue as another one."""
        return await self._thread.do(lambda queue: queue.add_again(name, task_id))

    async def look(self, name: str, task_id: str) -> TaskRow:
        """Where a task stands."""
        return await self._thread.do(lambda queue: queue.look(name, task_id), writes=False)

    async def result(self, name: str, task_id: str) -> tuple[TaskRow, Reply | None]:
        """The same, with what it was answered."""
        return await self._thread.do(lambda queue: queue.result(name, task_id), writes=False)

    async def cancel(self, name: str, task_id: str, *, stops_running: bool) -> tuple[TaskRow, TaskStatus]:
        """Ends a task; where it stands now and where it stood."""
        return await self._thread.do(lambda queue: queue.cancel(name, task_id, stops_running=stops_running))

    async def claim(self, name: str, most: int, options: TaskOptions) -> list[Work]:
        """Makes tasks this server's."""
        return await self._thread.do(lambda queue: queue.claim(name, most, options))

    async def settle(self, claim: Claim, verdict: Verdict, reply: Reply | None) -> bool:
        """Writes down what became of a run."""
        return await self._thread.do(lambda queue: queue.settle(claim, verdict, reply))

    async def depth(self, name: str) -> tuple[int, bool]:
        """How many tasks wait, and whether one of them is due or lost."""
        return await self._thread.do(lambda queue: queue.depth(name), writes=False)

    async def sweep(self) -> int:
        """Removes some of what has ended long ago; how many."""
        return await self._thread.do(lambda queue: queue.sweep())

    def watch(self, on_held: Callable[[Collection[Claim]], None]) -> None:
        """`on_held` is told of what this server still holds."""
        self._on_held = on_held

    def _tell_held(self, held: Sequence[Claim]) -> None:
        self._on_held(held)
