"""`Job`: one task API as the runner knows it; how many of its tasks run at once here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.wire import Answer, Call

ASYNC_ROOM = 16  # tasks of an async API at once for each worker: they wait for others, and use no thread


@dataclass(frozen=True, slots=True)
class Job:
    """`answer` takes a call to a worker and back, the way of any other call; a run gets `timeout_s` seconds.

    One that is not `is_async` runs in a thread, which nothing can stop.
    """

    name: str
    options: TaskOptions
    timeout_s: float
    answer: Callable[[Call], Awaitable[Answer]]
    is_async: bool
    room: int


def room_of(*, is_async: bool, batch_size: int | None, workers: int, threads: int) -> int:
    """How many tasks of an API are claimed at once: what keeps the workers at work, so that the rest is anybody's."""
    if batch_size is not None:
        return batch_size * workers * (1 if is_async else threads)
    return workers * (ASYNC_ROOM if is_async else threads)
