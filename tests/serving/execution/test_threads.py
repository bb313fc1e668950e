"""`Threads`: what they run, what they refuse to run, and when they end."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest

from ekiben.serving.execution.threads import Threads


class Panic(BaseException):
    """What foreign code raises: no Exception."""


def alive(name: str) -> int:
    return sum(one.name.startswith(name) for one in threading.enumerate())


def end_of(name: str) -> bool:
    for _ in range(500):
        if not alive(name):
            return True
        time.sleep(0.01)
    return False


def test_jobs_of_one_thread_run_in_their_order() -> None:
    async def go() -> list[int]:
        threads = Threads(1, "order")
        log: list[int] = []
        await asyncio.gather(*(threads.run(log.append, number) for number in range(50)))
        return log

    assert asyncio.run(go()) == list(range(50))


def test_as_many_jobs_run_at_once_as_there_are_threads() -> None:
    async def go() -> list[int]:
        together = threading.Barrier(3, timeout=10)
        threads = Threads(3, "together")
        return await asyncio.gather(*(threads.run(together.wait) for _ in range(3)))

    assert sorted(asyncio.run(go())) == [0, 1, 2]


@pytest.mark.parametrize("error", [ValueError("x"), Panic("x"), KeyboardInterrupt()], ids=repr)
def test_what_a_job_raises_reaches_its_caller(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def go() -> BaseException | None:
        try:
            await Threads(1, "fails").run(fail)
        except type(error) as raised:
            return raised
        return None

    assert asyncio.run(go()) is error


def test_a_stop_iteration_does_not_end_the_coroutine_that_waits() -> None:
    async def go() -> None:
        await Threads(1, "stops").run(next, iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(go())


def test_a_job_that_is_cancelled_before_it_begins_never_runs_and_a_running_one_ends_unheard() -> None:
    async def go() -> list[str]:
        threads = Threads(1, "cancelled")
        go_on = threading.Event()
        log: list[str] = []

        def wait() -> None:
            go_on.wait(10)
            log.append("ended")

        running = asyncio.create_task(threads.run(wait))
        waiting = asyncio.create_task(threads.run(log.append, "never"))
        await asyncio.sleep(0.02)
        running.cancel()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        go_on.set()
        await threads.run(log.append, "next")
        return log

    assert asyncio.run(go()) == ["ended", "next"]


def test_stopped_threads_end_and_cancel_what_waits() -> None:
    async def go() -> None:
        threads = Threads(2, "stopped")
        await threads.run(bool)
        go_on = threading.Event()
        running = [asyncio.create_task(threads.run(go_on.wait, 10)) for _ in range(2)]
        waiting = asyncio.create_task(threads.run(bool))
        await asyncio.sleep(0.02)
        threads.stop()
        go_on.set()
        assert await asyncio.gather(*running) == [True, True]
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(go())
    assert end_of("stopped")


def test_threads_that_nobody_has_any_more_end() -> None:
    async def go() -> None:
        await Threads(2, "forgotten").run(bool)

    asyncio.run(go())
    gc.collect()
    assert end_of("forgotten")


def test_a_thread_survives_the_loop_that_it_worked_for() -> None:
    threads = Threads(1, "survivor")
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait(10)

    async def leave() -> None:
        task = asyncio.create_task(threads.run(wait))
        await asyncio.sleep(0)
        begun.wait(10)
        task.cancel()

    async def go() -> int:
        return await threads.run(int, "7")

    asyncio.run(leave())
    go_on.set()
    assert asyncio.run(go()) == 7
