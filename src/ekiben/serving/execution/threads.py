"""`Threads`: a fixed number of threads that run jobs in order of arrival and hand results back to the loop.

In place of ThreadPoolExecutor, whose future, with the lock in it and the loop's future chained to it, costs more than a
small model does: a hop there and back takes 16 us with that and 6 us with this. Knows nothing of services.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")

JOB_FAILURES = (BaseException,)  # a job runs user code, and somebody waits for whatever comes of it


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One call of `function`, whose outcome goes into `answer` on `loop`."""

    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    function: Callable[..., object]
    arguments: tuple[object, ...]


_Jobs: TypeAlias = "SimpleQueue[_Job | None]"  # None: there will be no more


class Threads:
    """`count` threads named `name`, started with the first job. They keep no process alive.

    Jobs run in the context of whoever gives them where `carries_context`, which costs a little.
    """

    def __init__(self, count: int, name: str, *, carries_context: bool = False) -> None:
        self._count = count
        self._carries_context = carries_context
        self._name = name
        self._jobs: _Jobs = SimpleQueue()
        self._has_started = False
        weakref.finalize(self, self._jobs.put, None).atexit = False

    async def run(self, function: Callable[..., R], *arguments: object) -> R:
        """What `function` returns or raises in a thread, when one is free.

        Cancelled before it has begun, it never runs; afterwards the thread goes on, and nobody hears of the outcome.
        """
        if not self._has_started:
            self._start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        if self._carries_context:
            self._jobs.put(_Job(loop, answer, contextvars.copy_context().run, (function, *arguments)))
        else:
            self._jobs.put(_Job(loop, answer, function, arguments))
        return await answer

    def stop(self) -> None:
        """Cancels the jobs that wait; each thread ends when it is done with the one that it has."""
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is not None:
                job.answer.cancel()
        self._jobs.put(None)

    def _start(self) -> None:
        self._has_started = True
        for number in range(self._count):
            threading.Thread(target=_work, args=(self._jobs,), name=f"{self._name}-{number}", daemon=True).start()


def _work(jobs: _Jobs) -> None:
    """A thread's life. It holds no `Threads`, so that one which nobody has any more can end it."""
    job = jobs.get()
    while job is not None:
        _run(job)
        del job  # what a call was about is not kept until the next one
        job = jobs.get()
    jobs.put(None)  # for the next thread


def _run(job: _Job) -> None:
    if job.answer.cancelled():
        return
    try:
        outcome = job.function(*job.arguments)
    except JOB_FAILURES as error:
        _post(job, _fail, error)
    else:
        _post(job, _succeed, outcome)


def _post(job: _Job, settle: Callable[[asyncio.Future[Any], Any], None], outcome: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has closed, and nobody waits any more
        job.loop.call_soon_threadsafe(settle, job.answer, outcome)


def _succeed(answer: asyncio.Future[Any], outcome: object) -> None:
    if not answer.done():
        answer.set_result(outcome)


def _fail(answer: asyncio.Future[Any], error: BaseException) -> None:
    if not answer.done():
        if isinstance(error, StopIteration):  # which no future takes: it would end the coroutine that waits
            error, cause = RuntimeError("user code raised StopIteration"), error
            error.__cause__ = cause
        answer.set_exception(error)
