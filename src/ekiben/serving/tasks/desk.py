"""`TaskDesk`: what clients ask of tasks. A task is asked for by the name of its API, and not found by another."""

from __future__ import annotations

from collections.abc import Mapping

from ekiben.errors import BadInput, Conflict
from ekiben.serving.tasks.job import Job
from ekiben.serving.tasks.rows import TaskRow, TaskStatus
from ekiben.serving.tasks.runner import TaskObserver, TaskRunner
from ekiben.serving.tasks.store import TaskBook
from ekiben.serving.wire import Call, Reply


class TaskDesk:
    """All raise NotFound for a task that is not there, and StoreError where the queue cannot be reached."""

    def __init__(self, jobs: Mapping[str, Job], book: TaskBook, runner: TaskRunner, observer: TaskObserver) -> None:
        self._jobs = jobs
        self._book = book
        self._runner = runner
        self._observer = observer

    async def submit(self, name: str, call: Call) -> TaskRow:
        """The task that the call has become, which is on the disk then. Raises Overloaded where too many wait."""
        return self._added(await self._book.add(name, call))

    async def retry(self, name: str, task_id: str) -> TaskRow:
        """The same call as another task. Raises BadInput while the first one has not ended, and Overloaded."""
        return self._added(await self._book.add_again(name, task_id))

    async def status(self, name: str, task_id: str) -> TaskRow:
        """Where it stands."""
        return await self._book.look(name, task_id)

    async def result(self, name: str, task_id: str) -> Reply:
        """What the call was answered, be it a failure. Raises BadInput before its end, Conflict where it has none."""
        row, reply = await self._book.result(name, task_id)
        if reply is not None:
            return reply
        if row.status is TaskStatus.CANCELED:
            raise Conflict(f"task `{task_id}` was canceled and has no result")
        raise BadInput(f"task `{task_id}` is not completed yet", hint=f"it is {row.status}")

    async def cancel(self, name: str, task_id: str) -> TaskRow:
        """Ends a task that waits, or runs and is async. Raises Conflict for one that nothing can stop, or has ended."""
        is_async = self._jobs[name].is_async
        row, before = await self._book.cancel(name, task_id, stops_running=is_async)
        if row.status is not TaskStatus.CANCELED:
            hint = "it runs in a thread, which cannot be stopped; an `async def` can" if not before.is_end else None
            raise Conflict(f"task `{task_id}` cannot be canceled: it is {row.status}", hint=hint)
        if not before.is_end:
            self._observer.reached(name, TaskStatus.CANCELED)
            self._runner.drop(task_id)
        return row

    def _added(self, row: TaskRow) -> TaskRow:
        self._observer.reached(row.name, TaskStatus.PENDING)
        self._runner.wake()
        return row
