"""`QueueMetrics`: the queue of one API, batched or not, as its batcher reports it; and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar, get_args

from ekiben.serving.batching.view import DispatchReason, ShedCause
from ekiben.serving.metrics.family import Family, Labels
from ekiben.serving.metrics.naming import Naming
from ekiben.serving.metrics.tally import Tally

V = TypeVar("V")


class QueueMetrics:
    """A batcher's observer; `bounds` are those of durations, in seconds. Every cause is shown from 0 on."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.waits = Tally(bounds)
        self.rows_waiting = 0
        self.by_cause: dict[ShedCause, int] = dict.fromkeys(get_args(ShedCause), 0)
        self.requests_cancelled = 0
        self.requests_retried = 0

    def batch_started(
        self, rows: int, requests: int, waits_s: Sequence[float], reason: DispatchReason, predicted_s: float | None, /
    ) -> None:
        """Requests went to a worker."""
        for wait_s in waits_s:
            self.waits.observe(wait_s)

    def batch_finished(self, rows: int, service_s: float, predicted_s: float | None, /) -> None:
        """Calls that only went together are no batch: nothing is counted."""

    def shed(self, cause: ShedCause, count: int, /) -> None:
        """Requests were refused unserved."""
        self.by_cause[cause] += count

    def cancelled(self, count: int, /) -> None:
        """Requests left the queue."""
        self.requests_cancelled += count

    def retried(self, count: int, /) -> None:
        """Requests are run again."""
        self.requests_retried += count

    def queue_depth(self, rows: int, /) -> None:
        """The queue now holds so many rows."""
        self.rows_waiting = rows


def queue_families(naming: Naming, queues: Mapping[str, QueueMetrics]) -> Iterator[Family]:
    """What is shown of the queues; by the name of the API."""

    def of_each(read: Callable[[QueueMetrics], V]) -> list[tuple[Labels, V]]:
        return [(naming.endpoint(name), read(queue)) for name, queue in queues.items()]

    waits = of_each(lambda queue: queue.waits)
    yield naming.histogram("batch_wait_seconds", "A request's time in the queue before it goes to a worker", waits)
    yield naming.gauge("batch_queue_depth", "Rows that wait for a worker", of_each(lambda queue: queue.rows_waiting))
    causes = [
        (naming.endpoint(name, cause=cause), count)
        for name, queue in queues.items()
        for cause, count in queue.by_cause.items()
    ]
    yield naming.counter("batch_shed", "Requests refused unserved, by cause", causes)
    cancelled = of_each(lambda queue: queue.requests_cancelled)
    yield naming.counter("batch_cancelled", "Requests whose client left the queue", cancelled)
