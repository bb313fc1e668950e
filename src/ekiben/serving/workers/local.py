"""`LocalWorker`: the service in the front's own process, the choice for one worker: nothing is copied or sent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from ekiben.errors import Overloaded
from ekiben.serving.batching.audience import Audience
from ekiben.serving.execution.executor import Executor
from ekiben.serving.failures import reply_to
from ekiben.serving.wire import Answer, Call, Reply, StreamReply
from ekiben.serving.workers.health import Health, HealthWatch
from ekiben.serving.workers.stacks import stacks
from ekiben.serving.workers.worker import STOP_S

logger = logging.getLogger("ekiben.serving")


class LocalWorker:
    """`bring_up` makes the service's instance and its executor, and runs the start-up hooks."""

    def __init__(self, bring_up: Callable[[], Awaitable[Executor]]) -> None:
        self._bring_up = bring_up
        self._executor: Executor | None = None
        self._health: HealthWatch | None = None
        self._closed = asyncio.Event()

    async def start(self) -> Health:
        """Makes the instance."""
        self._executor = await self._bring_up()
        self._health = HealthWatch(self._executor)
        return await self._health.ask()

    async def run(self, endpoint: str, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        """Runs the calls in this process; when their audience has left, async ones end."""
        assert self._executor is not None, "run before start"
        if audience is None:
            return await self._executor.run(endpoint, calls)
        running = self._executor.run(endpoint, calls, audience.has_left)
        if not self._executor.is_async(endpoint):  # a thread cannot be cancelled
            return await running
        return await _while_waited_for(audience, running, calls)

    async def stream(self, endpoint: str, call: Call) -> Answer:
        """Runs the call in this process, up to its first chunk."""
        assert self._executor is not None, "run before start"
        opening = asyncio.create_task(self._executor.stream(endpoint, call))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if self._executor.is_async(endpoint):
                opening.cancel()
            await _close_when_open(opening)
            raise

    async def probe(self) -> Health:
        """Being called is the answer that the front's loop turns; the service's own is asked for."""
        assert self._health is not None, "probe before start"
        return await self._health.ask()

    async def wait_closed(self) -> None:
        """Returns after `stop`: this worker cannot end without the front."""
        await self._closed.wait()

    async def wait_idle(self) -> None:
        """Returns at once: nothing is told to wait for this worker's work but the end of the front."""

    @property
    def served(self) -> int:
        """0: this worker is never replaced."""
        return 0

    def memory_bytes(self) -> int:
        """0: the memory is the front's, too."""
        return 0

    def abort(self) -> None:
        """Logs the threads' stacks; a thread cannot be ended without the front."""
        logger.error("it runs in the server's own process, which cannot end a thread; they stand at\n%s", stacks())

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


async def _while_waited_for(
    audience: Audience, running: Coroutine[object, object, list[Reply]], calls: Sequence[Call]
) -> list[Reply]:
    """Cancels what runs when its audience has left: within the caller's task, as one of its own costs every batch."""
    task = asyncio.current_task()
    assert task is not None
    is_unwanted = False

    def cancel() -> None:
        nonlocal is_unwanted
        if not is_unwanted:
            is_unwanted = True
            task.cancel()

    audience.on_gone = cancel
    try:
        return await running
    except asyncio.CancelledError:
        if not is_unwanted or task.cancelling() > 1:  # the server's own end
            raise
        return [reply_to(Overloaded("cancelled"), call.request_id) for call in calls]
    finally:
        audience.on_gone = None
        if is_unwanted:
            task.uncancel()


async def _close_when_open(opening: asyncio.Task[Answer]) -> None:
    """Returns when nothing of the stream runs any more; a thread is not free before its first chunk."""
    with contextlib.suppress(asyncio.CancelledError):
        answer = await opening
        if isinstance(answer, StreamReply):
            await answer.chunks.aclose()
