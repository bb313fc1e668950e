"""`Unqueued`: requests that need no slot, those of async APIs: at once, and within their time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ekiben.errors import DeadlineExceeded
from ekiben.serving.batching.deadlines import Deadlines
from ekiben.serving.wire import Answer, Call


class Unqueued:
    """Takes calls to `run`, which is cancelled after `timeout_s`: `asyncio.timeout` without a timer per request."""

    def __init__(self, run: Callable[[Call], Awaitable[Answer]], timeout_s: float) -> None:
        self._run = run
        self._deadlines: Deadlines[asyncio.Task[Any]] = Deadlines(timeout_s, self._cancel, time.monotonic)
        self._late: set[asyncio.Task[Any]] = set()

    async def __call__(self, call: Call) -> Answer:
        """The answer. Raises DeadlineExceeded."""
        task = asyncio.current_task()
        assert task is not None, "a request is answered in a task"
        self._deadlines.add(task, time.monotonic())
        try:
            return await self._run(call)
        except asyncio.CancelledError as error:
            if task in self._late and task.uncancel() == 0:
                raise DeadlineExceeded(f"not answered within `{self._deadlines.timeout_s:g}` s") from error
            raise
        finally:
            self._deadlines.discard(task)
            self._late.discard(task)
            del task  # its error holds this frame: the call would live until the cycle is found

    def close(self) -> None:
        """Watches nothing any more."""
        self._deadlines.close()

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        self._late.add(task)
        task.cancel()
