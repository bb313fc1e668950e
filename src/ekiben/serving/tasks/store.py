"""What a queue of tasks has to do, whoever keeps it: `TaskBook` for those who ask, `TaskSource` for those who run.

Everything is asynchronous and happens whole or not at all, with several servers at it. Raises StoreError where the
queue cannot be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.tasks.rows import Claim, TaskRow, TaskStatus, Work
from ekiben.serving.tasks.rules import Verdict
from ekiben.serving.wire import Call, Reply


class TaskBook(Protocol):
    """Tasks as their clients know them, by API name and id. All but `add` raise NotFound where there is none."""

    async def add(self, name: str, call: Call) -> TaskRow:
        """Puts a call into the queue, and returns when it is kept. Raises Overloaded where too many wait."""

    async def add_again(self, name: str, task_id: str) -> TaskRow:
        """The same call as a new task. Raises BadInput for a task that has not ended, Overloaded as `add`."""

    async def look(self, name: str, task_id: str) -> TaskRow:
        """Where a task stands."""

    async def result(self, name: str, task_id: str) -> tuple[TaskRow, Reply | None]:
        """The same, with what it was answered."""

    async def cancel(self, name: str, task_id: str, *, stops_running: bool) -> tuple[TaskRow, TaskStatus]:
        """Ends a task that waits, and with `stops_running` one that runs; where it stands now and where it stood."""


class TaskSource(Protocol):
    """Tasks as a server runs them, which owns what it has claimed for as long as it lives."""

    async def claim(self, name: str, most: int, options: TaskOptions) -> list[Work]:
        """Up to `most` tasks that are due, the oldest first; what dead servers have lost is judged first."""

    async def settle(self, claim: Claim, verdict: Verdict, reply: Reply | None) -> bool:
        """Writes down what became of a run. False, and nothing is written, where the claim was lost meanwhile."""

    async def depth(self, name: str) -> tuple[int, bool]:
        """How many tasks wait, and whether `claim` would find something to do."""

    async def sweep(self) -> int:
        """Removes some of what has ended long ago; how many, 0 when that was all."""

    def watch(self, on_held: Callable[[Collection[Claim]], None]) -> None:
        """`on_held` is told every now and then, on the loop, which claims this server still holds."""
