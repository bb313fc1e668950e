"""`ServerMetrics`: all that one server counts, and its page."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import get_args

import ekiben
from ekiben.serving.metrics.batches import BatchMetrics, batch_families
from ekiben.serving.metrics.bounds import DURATION_BOUNDS
from ekiben.serving.metrics.family import Family, Sample
from ekiben.serving.metrics.ledger import RestartReason, WorkerLedger
from ekiben.serving.metrics.merge import joined
from ekiben.serving.metrics.naming import Naming
from ekiben.serving.metrics.page import OF_PROCESS, render
from ekiben.serving.metrics.processes import process_families
from ekiben.serving.metrics.queues import QueueMetrics, queue_families
from ekiben.serving.metrics.requests import EndpointMetrics, request_families
from ekiben.serving.metrics.runners import runner_families
from ekiben.serving.wire import Payload

logger = logging.getLogger("ekiben.serving")


@dataclass(slots=True)
class Readings:
    """What is asked of the rest of the server when the page is read."""

    connections: Callable[[], int] = lambda: 0
    dropped_lines: Callable[[], int] = lambda: 0


class ServerMetrics:
    """Filled on the loop's thread alone; `readings` and `workers` are set by the parts that know."""

    def __init__(self, naming: Naming, duration_bounds: Sequence[float] = DURATION_BOUNDS) -> None:
        self.workers = WorkerLedger()
        self.readings = Readings()
        self._naming = naming
        self._bounds = duration_bounds
        self._endpoints: dict[str, EndpointMetrics] = {}
        self._queues: dict[str, QueueMetrics] = {}
        self._batches: dict[str, BatchMetrics] = {}
        self._retried: dict[str, int] = {}
        self._restarts: dict[RestartReason, int] = dict.fromkeys(get_args(RestartReason), 0)
        self._refused: set[str] = set()
        self._beside: list[ServerMetrics] = []
        self._further: list[Callable[[Naming], Iterator[Family]]] = []

    @property
    def bounds(self) -> Sequence[float]:
        """Those of durations, in seconds."""
        return self._bounds

    def add(self, families: Callable[[Naming], Iterator[Family]]) -> None:
        """Shows what a part counts that not every server has."""
        self._further.append(families)

    def endpoint(self, name: str) -> EndpointMetrics:
        """The series of one API's requests."""
        self._retried[name] = 0
        self._endpoints[name] = EndpointMetrics(self._bounds)
        return self._endpoints[name]

    def queue(self, name: str) -> QueueMetrics:
        """The series of the queue of an API that is not batched."""
        self._queues[name] = QueueMetrics(self._bounds)
        return self._queues[name]

    def batches(self, name: str) -> BatchMetrics:
        """The series of one batchable API's queue."""
        self._queues[name] = self._batches[name] = BatchMetrics(self._bounds)
        return self._batches[name]

    def worker_restarted(self, reason: RestartReason = "death") -> None:
        """A worker's place was taken by a new one."""
        self._restarts[reason] += 1

    def calls_retried(self, endpoint: str, count: int) -> None:
        """Calls whose worker died were given to another one."""
        self._retried[endpoint] = self._retried.get(endpoint, 0) + count

    def show(self, other: ServerMetrics) -> None:
        """The page shows what another service of the same server counts, too."""
        self._beside.append(other)

    async def page(self, accept: str = "") -> Payload:
        """The text that Prometheus reads; `accept` is the header of who asks."""
        await asyncio.gather(*(one.workers.refresh() for one in (self, *self._beside)))
        return await render(self._all_families(), accept)

    def families(self) -> Iterator[Family]:
        """What the server itself counts."""
        naming = self._naming
        yield from request_families(naming, self._endpoints)
        yield from queue_families(naming, self._queues)
        yield from batch_families(naming, self._batches)
        for families in self._further:
            yield from families(naming)
        if naming.served.is_runner:
            yield from runner_families(naming, self._endpoints, self._batches)
        retried = [(naming.endpoint(name), count + self._retried_of(name)) for name, count in self._retried.items()]
        yield naming.counter("batch_retried", "Requests run again after their worker died", retried)
        restarts = [(naming.service(reason=reason), count) for reason, count in self._restarts.items()]
        yield naming.counter("worker_restarts", "Workers replaced, by why", restarts)
        yield from process_families(naming, self.workers.pids())
        connections = [(naming.service(), self.readings.connections())]
        yield naming.gauge("connections_open", "Connections of clients", connections)
        dropped = [(naming.service(), self.readings.dropped_lines())]
        yield naming.counter("access_log_dropped", "Lines of the access log that nobody took in time", dropped)
        yield self._info()

    def _retried_of(self, name: str) -> int:
        return self._queues[name].requests_retried if name in self._queues else 0

    def _info(self) -> Family:
        name = f"{self._naming.namespace}_server"
        labels = self._naming.service(ekiben_version=ekiben.__version__, python_version=platform.python_version())
        return Family(name, "info", "What serves", [Sample(f"{name}_info", labels, 1)])

    def _all_families(self) -> Iterator[Family]:
        """The server's own, then the service's, without those that would stand twice on the page."""
        taken = set(OF_PROCESS)
        everyone = (self, *self._beside)
        own = chain.from_iterable(one.families() for one in everyone)
        for family in joined(own) if self._beside else own:
            taken |= _names_of(family)
            yield family
        measured = chain.from_iterable(one.workers.families() for one in everyone)
        for family in joined(measured) if self._beside else measured:
            if not _names_of(family) & taken:
                yield family
            elif family.name not in self._refused:
                self._refused.add(family.name)
                logger.error(
                    "the service's metric `%s` has the name of one of the server's own and is not shown", family.name
                )


def _names_of(family: Family) -> set[str]:
    return {family.name, *(sample.name for sample in family.samples)}
