"""`Unqueued`: requests that need no slot, those of async APIs: at once, and within their time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ekiben.errors import DeadlineExceeded
from ekiben.serving.batching.deadlines import Deadlines
from ekiben.serving.wire import Answer, Call


class _Run:
    """One request under way, in a task of its own."""

    __slots__ = ("is_late", "task")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.is_late = False


class Unqueued:
    """Takes calls to `run`, which is cancelled after `timeout_s`: `asyncio.timeout` without a timer per request."""

    def __init__(self, run: Callable[[Call], Awaitable[Answer]], timeout_s: float) -> None:
        self._run = run
        self._deadlines: Deadlines[_Run] = Deadlines(timeout_s, _cancel, time.monotonic)

    async def __call__(self, call: Call) -> Answer:
        """The answer. Raises DeadlineExceeded."""
        task = asyncio.current_task()
        assert task is not None, "a request is answered in a task"
        run = _Run(task)
        self._deadlines.add(run, time.monotonic())
        try:
            return await self._run(call)
        except asyncio.CancelledError as error:
            if run.is_late and task.uncancel() == 0:
                raise DeadlineExceeded(f"not answered within `{self._deadlines.timeout_s:g}` s") from error
            raise
        finally:
            self._deadlines.discard(run)

    def close(self) -> None:
        """Watches nothing any more."""
        self._deadlines.close()


def _cancel(run: _Run) -> None:
    run.is_late = True
    run.task.cancel()
