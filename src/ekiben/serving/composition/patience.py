"""`Patience`: calls that wait for a service, and give up where none of its workers answers for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ekiben.errors import Overloaded

R = TypeVar("R")

DOWN_S = 5.0  # seconds without a worker, after which calls are given up: longer than a small one takes to start
PART_OF_TIME = 0.8  # of the caller's time, so that it hears which service is down before nobody listens
LOOK_S = 0.1  # seconds between two looks, while calls wait


class Patience:
    """`is_up` says whether a worker is fit; `name` is the service's, for those that gave up.

    `has_started`: until then models load, which may take as long as it takes.
    """

    def __init__(self, name: str, is_up: Callable[[], bool]) -> None:
        self.has_started = False
        self._name = name
        self._is_up = is_up
        self._waiting: dict[asyncio.Task[Any], float] = {}
        self._given_up: set[asyncio.Task[Any]] = set()
        self._down_since_s: float | None = None
        self._for_worker: list[asyncio.Future[None]] = []
        self._looking: asyncio.TimerHandle | None = None

    async def bear(self, work: Awaitable[R], left_s: float | None) -> R:
        """What comes of `work`, for which `left_s` seconds are left. Raises Overloaded where the service stays down."""
        task = asyncio.current_task()
        assert task is not None, "a call is answered in a task"
        self._waiting[task] = DOWN_S if left_s is None else min(DOWN_S, left_s * PART_OF_TIME)
        if self._looking is None:
            self._look()
        try:
            return await work
        except asyncio.CancelledError as error:
            if task in self._given_up and task.uncancel() == 0:
                raise Overloaded(f"the service `{self._name}` is down: none of its workers answers") from error
            raise
        finally:
            self._waiting.pop(task, None)
            self._given_up.discard(task)
            del task  # its error holds this frame: the call would live until the cycle is found

    async def until_up(self) -> None:
        """Returns when a worker is fit. To be borne."""
        if not self._is_up():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._for_worker.append(waiter)
            await waiter

    def _look(self) -> None:
        """Looks as long as anybody waits: whether a worker is fit is a matter of time, of whose end nobody tells."""
        self._looking = None
        if not self._waiting:
            self._down_since_s = None
            return
        now_s = time.monotonic()
        is_up = self._is_up()
        if is_up:
            for waiter in self._for_worker:
                if not waiter.done():
                    waiter.set_result(None)
            self._for_worker.clear()
        if is_up or not self.has_started:
            self._down_since_s = None
        elif self._down_since_s is None:
            self._down_since_s = now_s
        else:
            self._give_up(now_s - self._down_since_s)
        self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _give_up(self, down_s: float) -> None:
        for task in [one for one, most_s in self._waiting.items() if down_s >= most_s]:
            del self._waiting[task]
            self._given_up.add(task)
            task.cancel()
