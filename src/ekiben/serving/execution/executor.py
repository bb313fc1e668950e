"""`Executor`: what runs inside a worker, in the front's process or a child: calls in, replies out, for one instance.

Sync methods run in a pool of `threads` threads, decoding and encoding included, so that the event loop is free
meanwhile; async methods run on the loop, large bodies decoded beside it. A call whose caller gave up keeps its thread
until it ends: a thread cannot be stopped, and starting another in its place would run more of the service's code at
once than it asked for.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar
from weakref import WeakSet

from ekiben.errors import Overloaded, UnknownRoute
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.calling.caller import CALLER, caller_of
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.hooks import ALIVE, READY, STATE
from ekiben.serving.declare.service import Service
from ekiben.serving.execution.batch import answer_batch
from ekiben.serving.execution.health import HealthHook
from ekiben.serving.execution.program import (
    USER_FAILURES,
    Program,
    call_contained,
    drive,
    drive_async,
)
from ekiben.serving.execution.single import answer_one
from ekiben.serving.execution.stream_async import LoopChunks
from ekiben.serving.execution.stream_sync import ThreadedChunks
from ekiben.serving.execution.streaming import MethodChunks, StreamCall
from ekiben.serving.execution.threads import Threads
from ekiben.serving.execution.warm_up import warm_up
from ekiben.serving.failures import failure_replies, failure_reply, is_own_end, reply_to
from ekiben.serving.wire import Answer, Call, Reply

logger = logging.getLogger("ekiben.serving")

R = TypeVar("R")

INLINE_BYTES = 64 * 1024  # bodies up to this are decoded on the event loop: a thread would cost more than it frees

FREE_THREAD_S = 0.5  # seconds that a thread gets to be done with its call before the shut-down hooks run beside it


class Executor:
    """Runs calls of a service's APIs on `instance`.

    `batching` replaces, by API name, what decorators say (the server's configuration may); an API that is not in it, or
    is None there, is batched as declared.
    """

    def __init__(
        self,
        service: Service,
        instance: object,
        *,
        threads: int = 1,
        batching: Mapping[str, BatchOptions | None] | None = None,
        warms_up: bool = True,
    ) -> None:
        self._service = service
        self._instance = instance
        self._batching = dict(batching or {})
        self._warms_up = warms_up
        self._state: dict[str, object] = getattr(instance, STATE, {})
        self._streams: WeakSet[ThreadedChunks] = WeakSet()
        self._calls_others = bool(service.dependencies)
        self._threads = Threads(threads, f"ekiben-{service.name}", carries_context=self._calls_others)
        self._hook_threads = self._threads  # what a thread opened is closed in the same one, while it answers
        self._alive_hook = HealthHook(instance, ALIVE)
        self._ready_hook = HealthHook(instance, READY)

    async def start(self) -> None:
        """Runs the start-up hooks, in order, and warms up.

        What a hook raises is the caller's to report: the worker cannot serve. Nor can it where an example fails, which
        is a ServiceError.
        """
        for name in self._service.startup_hooks:
            await self._run_hook(name)
        if self._warms_up:
            await self.warm_up()

    async def warm_up(self) -> None:
        """Answers the example of each API that has one. Raises ServiceError where that fails."""
        for endpoint in self._service.endpoints.values():
            await warm_up(endpoint, self._batching.get(endpoint.name) or endpoint.batch, self)

    async def stop(self) -> None:
        """Closes what streams, and runs the shut-down hooks, all of them even if one fails.

        Calls under way are not waited for.
        """
        if closing := [one.begin_closing() for one in self._streams]:
            await asyncio.wait(closing, timeout=FREE_THREAD_S)
        if self._service.shutdown_hooks and not await self._has_free_thread():
            self._hook_threads = Threads(1, f"ekiben-{self._service.name}-end")
        for name in self._service.shutdown_hooks:
            try:
                await self._run_hook(name)
            except USER_FAILURES as error:
                if is_own_end(error):
                    raise
                logger.exception("the shut-down hook `%s` failed", name)
        self._threads.stop()

    async def is_alive(self) -> bool:
        """What the service's `__is_alive__` says, True without one."""
        return await self._alive_hook.ask()

    async def is_ready(self) -> bool:
        """What the service's `__is_ready__` says, True without one."""
        return await self._ready_hook.ask()

    def is_async(self, endpoint: str) -> bool:
        """Whether cancelling a run of this API ends it: a thread goes on."""
        found = self._service.endpoints.get(endpoint)
        return found is not None and found.is_async

    async def run(
        self, endpoint: str, calls: Sequence[Call], has_left: Callable[[int], bool] = lambda _: False
    ) -> list[Reply]:
        """One reply for each call, in order, whatever they did. A batchable API gets the calls as one batch; those of
        another sync API run one after the other in one thread.

        `has_left(index)` says whether the client of a call has gone: what nobody waits for is not begun. It may be
        asked in a thread.
        """
        found = self._service.endpoints.get(endpoint)
        if found is None:
            return [failure_reply(UnknownRoute(f"`{endpoint}` is no API of this service"), call) for call in calls]
        if self._calls_others:
            CALLER.set(caller_of(calls))
        try:
            if found.is_async and found.batch is None and len(calls) == 1:
                return [await self._drive_async(found, answer_one(found, calls[0], self._state), calls)]
            return await self._answer(found, calls, has_left)
        except USER_FAILURES as error:
            if is_own_end(error):
                raise
            return failure_replies(error, calls)

    async def stream(self, endpoint: str, call: Call) -> Answer:
        """The answer of an API that streams, once its first chunk is there; what went wrong before it is a Reply.

        Cancelled, it does not end a thread: the method is closed when it next yields. Whoever gets a StreamReply has to
        read its `chunks` to their end, or close them.
        """
        found = self._service.endpoints.get(endpoint)
        if found is None:
            return failure_reply(UnknownRoute(f"`{endpoint}` is no API of this service"), call)
        if self._calls_others:
            CALLER.set(caller_of([call]))
        method: Callable[..., Any] = getattr(self._instance, found.function)
        stream = StreamCall(found, call, self._state)
        chunks: MethodChunks
        if found.is_async:
            chunks = LoopChunks(stream, method, self._threads if stream.size_bytes > INLINE_BYTES else None)
        else:
            chunks = ThreadedChunks(stream, method, self._threads)
            self._streams.add(chunks)
        try:
            return await chunks.open()
        except USER_FAILURES as error:
            if is_own_end(error):
                raise
            return failure_reply(error, call)

    async def _answer(self, found: Endpoint, calls: Sequence[Call], has_left: Callable[[int], bool]) -> list[Reply]:
        if found.batch is not None:
            options = self._batching.get(found.name) or found.batch
            batch = answer_batch(found, calls, options, self._state, lambda: all(map(has_left, range(len(calls)))))
            if found.is_async:
                return await self._drive_async(found, batch, calls)
            return await self._threads.run(drive, batch, getattr(self._instance, found.function))
        if not found.is_async:
            return await self._threads.run(self._answer_each, found, calls, has_left)
        return list(await asyncio.gather(*(self._answer_alone(found, call) for call in calls)))

    async def _answer_alone(self, found: Endpoint, call: Call) -> Reply:
        if self._calls_others:
            CALLER.set(caller_of([call]))
        return await self._drive_async(found, answer_one(found, call, self._state), [call])

    def _answer_each(self, found: Endpoint, calls: Sequence[Call], has_left: Callable[[int], bool]) -> list[Reply]:
        """A group of calls in this thread, one after the other: a hop between threads costs more than a small call."""
        method: Callable[..., Any] = getattr(self._instance, found.function)
        replies = []
        for index, call in enumerate(calls):
            if has_left(index):
                replies.append(reply_to(Overloaded("nobody waits for it"), call.request_id))
                continue
            if self._calls_others:
                CALLER.set(caller_of([call]))
            begun_s = time.perf_counter()
            reply = drive(answer_one(found, call, self._state), method)
            worked_s = time.perf_counter() - begun_s
            replies.append(Reply(reply.status, reply.payload, reply.headers, worked_s=worked_s))
        return replies

    def _drive_async(self, found: Endpoint, program: Program[R], calls: Sequence[Call]) -> Coroutine[Any, Any, R]:
        """What runs the program of these calls on the loop, to be awaited: every coroutine around it costs."""
        body_bytes = sum([len(call.payload.body) for call in calls])
        threads = self._threads if body_bytes > INLINE_BYTES else None
        return drive_async(program, getattr(self._instance, found.function), threads)

    async def _run_hook(self, name: str) -> None:
        hook: Callable[[], object] = getattr(self._instance, name)
        if inspect.iscoroutinefunction(hook):
            await hook()
        else:
            await self._hook_threads.run(call_contained, hook)

    async def _has_free_thread(self) -> bool:
        try:
            async with asyncio.timeout(FREE_THREAD_S):
                await self._threads.run(bool)
        except TimeoutError:
            return False
        return True
