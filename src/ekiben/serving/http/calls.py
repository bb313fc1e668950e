"""The requests of one API: how many at once, how long, and by which of three ways they reach a worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from ekiben.errors import DeadlineExceeded, EkibenError, TooManyRequests
from ekiben.serving.batching.batcher import Batcher
from ekiben.serving.batching.observer import BatchObserver
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.options import BatchOptions
from ekiben.serving.failures import reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.http.sample import estimate_rows
from ekiben.serving.metrics.requests import EndpointMetrics
from ekiben.serving.wire import Call, Payload, Reply
from ekiben.serving.workers.pool import Pool, PoolSlot

Answer: TypeAlias = Callable[[Call], Awaitable[Reply]]
CLIENT_GONE = 499  # nginx's code for a client that closed the connection; only counted, never sent


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What a request may take: `timeout_s` seconds from the end of its body to its answer, `max_body_bytes` bytes."""

    timeout_s: float
    max_body_bytes: int


class Gate:
    """Counts the requests under way over all APIs; beyond `most` (None: no bound) none is let in."""

    __slots__ = ("_most", "inside")

    def __init__(self, most: int | None) -> None:
        self._most = most
        self.inside = 0

    def check(self) -> None:
        """Raises TooManyRequests where the next request is one too many."""
        if self._most is not None and self.inside >= self._most:
            raise TooManyRequests("too many requests are under way", hint="`traffic.max_concurrency` sets the bound")


class ApiCalls:
    """Handles the requests of one endpoint; `answer` takes a call to a worker and back.

    A request is under way, for `gate` and for its timeout, once its body is there: a client that is slow to send, or
    stops, takes nobody's turn. How long a body may take is the connection's affair (`limits`).
    """

    def __init__(
        self, endpoint: Endpoint, answer: Answer, *, gate: Gate, limits: CallLimits, metrics: EndpointMetrics | None
    ) -> None:
        self._name = endpoint.name
        self._wants_headers = endpoint.context_parameter is not None
        self._answer = answer
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._inside = 0
        if metrics is not None:
            metrics.count_in_progress(lambda: self._inside)

    async def __call__(self, request: Request) -> Reply:
        """The reply, whatever happened; counted with its status and duration, unless nothing is."""
        if self._metrics is None:
            return await self._reply(request)
        begun = time.perf_counter()
        code = CLIENT_GONE
        try:
            reply = await self._reply(request)
            code = reply.status
        finally:
            self._metrics.answered(code, time.perf_counter() - begun)
        return reply

    async def _reply(self, request: Request) -> Reply:
        timeout_s = self._limits.timeout_s
        is_inside = False
        try:
            self._gate.check()  # before the body too: none is read to be refused
            body = await request.read(self._limits.max_body_bytes)
            self._gate.check()
            self._gate.inside += 1
            self._inside += 1
            is_inside = True
            async with asyncio.timeout(timeout_s):
                return await self._answer(self._call(request, body))
        except TimeoutError:
            return reply_to(DeadlineExceeded(f"not answered within {timeout_s:g} s"), request.id)
        except EkibenError as error:
            return reply_to(error, request.id)
        finally:
            if is_inside:
                self._gate.inside -= 1
                self._inside -= 1

    def _call(self, request: Request, body: bytes) -> Call:
        payload = Payload(request.field(b"content-type"), body)
        headers = request.headers() if self._wants_headers else ()
        return Call(self._name, payload, request.id, request.method, request.path, request.query, headers)


def batched(batcher: Batcher[PoolSlot], endpoint: Endpoint, options: BatchOptions) -> Answer:
    """Through the API's batcher."""
    count_rows = endpoint.input.count_rows
    dimension = options.batch_dim[0]

    def count(payload: Payload) -> int:
        return count_rows(payload, dimension)

    def answer(call: Call) -> Awaitable[Reply]:
        return batcher.submit(call, estimate_rows(count, call.payload))

    return answer


def make_batcher(pool: Pool, options: BatchOptions, observer: BatchObserver) -> Batcher[PoolSlot]:
    """The queue of a batchable API, over all workers of the pool."""

    def run(slot: PoolSlot, calls: list[Call]) -> Awaitable[list[Reply]]:
        return pool.run_batch(slot, calls, is_idempotent=options.is_idempotent)

    return Batcher(options, pool, run, observer=observer)


def unbatched(pool: Pool, endpoint: Endpoint) -> Answer:
    """Straight to a worker: in a slot where the method is sync, beside everything where it is async."""
    return pool.run_async if endpoint.is_async else pool.run_sync
