"""`Station`: one service in a server: its workers, the queues before them, and what is counted of both."""

from __future__ import annotations

import time
from dataclasses import replace

from ekiben.errors import EkibenError, UnknownRoute
from ekiben.serving.composition.gate import Gate
from ekiben.serving.composition.patience import Patience
from ekiben.serving.composition.queues import Queues, Way
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.failures import INTERNAL
from ekiben.serving.metrics.requests import EndpointMetrics
from ekiben.serving.metrics.server import ServerMetrics
from ekiben.serving.streams import FollowedChunks, StreamEnd
from ekiben.serving.wire import Answer, Call, StreamReply
from ekiben.serving.workers.plan import ServicePlan, pool_plan
from ekiben.serving.workers.pool import Pool

CLIENT_GONE = 499  # nginx's code for a client that closed the connection; only counted, never sent


class Station:
    """Runs the service of `plan`; made on the server's loop. Raises EkibenError where that cannot be."""

    def __init__(self, plan: ServicePlan, metrics: ServerMetrics) -> None:
        self.plan = plan
        self.metrics = metrics
        self.timeout_s = plan.config.timeout_s.value
        self.gate = Gate(plan.config.max_concurrency.value)
        self.pool = Pool(pool_plan(plan, metrics.workers), metrics)
        self._queues = Queues(self.pool, metrics, self.timeout_s)
        self.patience = Patience(plan.service.name, self.pool.is_ready)
        self._calls: dict[str, _InnerCalls] = {}

    @property
    def name(self) -> str:
        """The service's."""
        return self.plan.service.name

    def way_of(self, endpoint: Endpoint) -> Way:
        """What takes a call of this API to a worker and back. Asked for once for each API."""
        return self._queues.way_of(endpoint, self.plan.config.batch_options(endpoint.name, endpoint.batch))

    def task_way_of(self, endpoint: Endpoint) -> Way:
        """The same for the tasks of an API."""
        return self._queues.task_way_of(endpoint, self.plan.config.batch_options(endpoint.name, endpoint.batch))

    def endpoint_metrics(self, endpoint: Endpoint) -> EndpointMetrics | None:
        """What is counted of the API's requests; None where nothing is. Asked for once for each API."""
        return self.metrics.endpoint(endpoint.name) if self.plan.config.has_metrics.value else None

    def open_inside(self) -> None:
        """Takes calls of other services, by `answer`: the first service's come by HTTP alone."""
        for name, endpoint in self.plan.service.endpoints.items():
            self._calls[name] = _InnerCalls(self.way_of(endpoint), self.gate, self.endpoint_metrics(endpoint))

    async def answer(self, call: Call, left_s: float | None) -> Answer:
        """The answer to another service's call, which waits `left_s` seconds for it, None: as long as any.

        Raises EkibenError where there is none: Overloaded where no worker is up for too long.
        """
        calls = self._calls.get(call.endpoint)
        if calls is None:
            raise UnknownRoute(f"`{self.name}` has no API `{call.endpoint}`")
        if not self.pool.is_ready():  # an API without a queue would refuse at once
            await self.patience.bear(self.patience.until_up(), left_s)
        return await self.patience.bear(calls.answer(call, self.timeout_s), left_s)

    async def start(self) -> None:
        """Returns when every worker is up. Raises EkibenError where one cannot be brought up."""
        await self.pool.start()

    def begin_drain(self) -> None:
        """Nothing is held back any more; what comes is still taken."""
        self._queues.begin_drain()

    async def close(self) -> None:
        """Refuses what still waits for a worker."""
        await self._queues.close()


class _InnerCalls:
    """The calls of other services to one API."""

    def __init__(self, way: Way, gate: Gate, metrics: EndpointMetrics | None) -> None:
        self._way = way
        self._gate = gate
        self._metrics = metrics
        self._inside = 0
        if metrics is not None:
            metrics.count_in_progress(lambda: self._inside)

    async def answer(self, call: Call, timeout_s: float) -> Answer:
        """The way's answer, counted."""
        self._gate.check()
        begun_s = time.perf_counter()
        self._gate.inside += 1
        self._inside += 1
        answer: Answer | None = None
        code = CLIENT_GONE
        try:
            answer = await self._way(call)
            code = answer.status
        except EkibenError as error:
            code = error.http_status
            raise
        finally:
            if not isinstance(answer, StreamReply):
                self._end(code, begun_s)
        return self._followed(answer, begun_s, timeout_s) if isinstance(answer, StreamReply) else answer

    def _followed(self, answer: StreamReply, begun_s: float, timeout_s: float) -> StreamReply:
        codes: dict[StreamEnd, int] = {"complete": answer.status, "failed": INTERNAL, "closed": CLIENT_GONE}
        chunks = FollowedChunks(answer.chunks, lambda how: self._end(codes[how], begun_s), timeout_s)
        return replace(answer, chunks=chunks)

    def _end(self, code: int, begun_s: float) -> None:
        self._gate.inside -= 1
        self._inside -= 1
        if self._metrics is not None:
            self._metrics.answered(code, time.perf_counter() - begun_s)
