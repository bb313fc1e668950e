"""`LocalWorker`: the service in the front's own process, the choice for one worker: nothing is copied or sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ekiben.serving.batching.batch import Audience
from ekiben.serving.execution.executor import Executor
from ekiben.serving.failures import logger
from ekiben.serving.wire import Answer, Call, Reply
from ekiben.serving.workers.worker import STOP_S


class LocalWorker:
    """`bring_up` makes the service's instance and its executor, and runs the start-up hooks."""

    def __init__(self, bring_up: Callable[[], Awaitable[Executor]]) -> None:
        self._bring_up = bring_up
        self._executor: Executor | None = None
        self._closed = asyncio.Event()

    async def start(self) -> None:
        """Makes the instance."""
        self._executor = await self._bring_up()

    async def run(self, endpoint: str, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        """Runs the calls in this process."""
        assert self._executor is not None, "run before start"
        if audience is None:
            return await self._executor.run(endpoint, calls)
        return await self._executor.run(endpoint, calls, lambda _: audience.is_gone)

    async def stream(self, endpoint: str, call: Call) -> Answer:
        """Runs the call in this process, up to its first chunk."""
        assert self._executor is not None, "run before start"
        return await self._executor.stream(endpoint, call)

    async def probe(self) -> None:
        """Being called is the answer: the front's loop turns."""

    async def wait_closed(self) -> None:
        """Returns after `stop`: this worker cannot end without the front."""
        await self._closed.wait()

    def kill(self) -> bool:
        """False: a thread cannot be ended without the front."""
        return False

    async def stop(self) -> None:
        """Runs the shut-down hooks, and waits no longer for them than a child would get."""
        self._closed.set()
        if self._executor is None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await self._executor.stop()
        except TimeoutError:
            logger.error("the shut-down hooks did not end within %g s", STOP_S)
