"""`Queues`: how the requests of each API get to a worker and back.

    batchable                  a batcher of the API's own, which joins them
    sync                       a batcher too, which only groups them: one after the other in one hop to a thread
    sync generator             the same, one at a time; the slot stays taken until the last chunk
    async, async generator     no queue and no slot: at once, beside everything else

All batchers share the pool's slots. A request's time, `traffic.timeout`, is watched here, whichever way it takes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from ekiben.serving.batching.batch import Run
from ekiben.serving.batching.batcher import Batcher
from ekiben.serving.batching.joining import BatchPolicy
from ekiben.serving.batching.observer import BatchObserver
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.policy import Policy
from ekiben.serving.batching.queue import Recipient, Ticket
from ekiben.serving.batching.singles import SinglesPolicy
from ekiben.serving.composition.sample import estimate_rows
from ekiben.serving.composition.unqueued import Unqueued
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.metrics.server import ServerMetrics
from ekiben.serving.wire import Answer, Call, Payload
from ekiben.serving.workers.pool import Pool, PoolSlot


class Queued:
    """The way through a queue. `count_rows` says what a call brings; None: every call is one."""

    def __init__(self, batcher: Batcher[PoolSlot], count_rows: Callable[[Payload], int] | None = None) -> None:
        self._batcher = batcher
        self._count_rows = count_rows

    async def __call__(self, call: Call) -> Answer:
        """The answer. Raises Overloaded, DeadlineExceeded."""
        return await self._batcher.submit(call, self._rows_of(call))

    def join(self, call: Call, recipient: Recipient) -> Ticket | None:
        """Queues the call; `recipient` gets the answer in a later turn of the loop. None: it would be refused."""
        rows = self._rows_of(call)
        return self._batcher.admit(call, rows, recipient) if self._batcher.has_room(rows) else None

    def leave(self, ticket: Ticket) -> None:
        """Nobody waits for the answer any more."""
        self._batcher.abandon(ticket)

    def _rows_of(self, call: Call) -> int:
        return 1 if self._count_rows is None else estimate_rows(self._count_rows, call.payload)


Way: TypeAlias = Queued | Unqueued


class Queues:
    """Makes the queue of each API, drains and closes them. A request has `timeout_s` from its body to its answer."""

    def __init__(self, pool: Pool, metrics: ServerMetrics, timeout_s: float) -> None:
        self._pool = pool
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._batchers: list[Batcher[PoolSlot]] = []
        self._unqueued: list[Unqueued] = []

    def task_way_of(self, endpoint: Endpoint, options: BatchOptions | None) -> Way:
        """The same for tasks, beside the API's requests: without a limit of time or a deadline, which are the affair of
        whoever keeps them. Its queue is counted by the name of what fills it."""
        apart = replace(endpoint, name=f"{endpoint.name}/submit")
        return self.way_of(apart, None if options is None else replace(options, deadline_s=None), math.inf)

    def way_of(self, endpoint: Endpoint, options: BatchOptions | None, timeout_s: float | None = None) -> Way:
        """What takes a call of this API to a worker and back; `options` say how it is batched, None that it is not.

        A call has `timeout_s`, by default as long as all.
        """
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        if options is not None:
            policy = BatchPolicy(options, endpoint=endpoint.name)
            batcher = self._batcher(endpoint, policy, self._pool.run, self._metrics.batches(endpoint.name), timeout_s)
            return Queued(batcher, partial(endpoint.input.count_rows, batch_dim=options.batch_dim[0]))
        if endpoint.is_async:
            run = self._pool.stream_async if endpoint.is_stream else self._pool.run_async
            unqueued = Unqueued(partial(run, is_idempotent=endpoint.is_idempotent), timeout_s)
            self._unqueued.append(unqueued)
            return unqueued
        observer = self._metrics.queue(endpoint.name)
        if endpoint.is_stream:
            return Queued(self._batcher(endpoint, SinglesPolicy(most=1), self._pool.run_stream, observer, timeout_s))
        return Queued(self._batcher(endpoint, SinglesPolicy(), self._pool.run, observer, timeout_s))

    def begin_drain(self) -> None:
        """Nothing is held back any more; what comes is still taken."""
        for batcher in self._batchers:
            batcher.begin_drain()

    async def close(self) -> None:
        """Refuses what still waits."""
        await asyncio.gather(*(batcher.close(drain=False) for batcher in self._batchers))
        for unqueued in self._unqueued:
            unqueued.close()

    def _batcher(
        self, endpoint: Endpoint, policy: Policy, run: Run[PoolSlot], observer: BatchObserver, timeout_s: float
    ) -> Batcher[PoolSlot]:
        batcher = Batcher(
            policy,
            self._pool,
            run,
            observer=observer,
            timeout_s=timeout_s,
            is_idempotent=endpoint.is_idempotent,
        )
        self._batchers.append(batcher)
        return batcher
