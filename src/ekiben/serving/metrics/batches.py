"""`BatchMetrics`: the queue and the batches of one API, as its batcher reports them; and what is shown of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar, get_args

from ekiben.serving.batching.view import DispatchReason, ShedCause
from ekiben.serving.metrics.family import Family, Labels
from ekiben.serving.metrics.naming import Naming
from ekiben.serving.metrics.tally import Tally

V = TypeVar("V")

ROW_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # rows in a batch


class BatchMetrics:
    """A batcher's observer; `bounds` are those of durations, in seconds. Every reason and cause is shown from 0 on."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.sizes = Tally(ROW_BOUNDS)
        self.waits = Tally(bounds)
        self.services = Tally(bounds)
        self.predictions = Tally(bounds)
        self.rows_waiting = 0
        self.by_reason: dict[DispatchReason, int] = dict.fromkeys(get_args(DispatchReason), 0)
        self.by_cause: dict[ShedCause, int] = dict.fromkeys(get_args(ShedCause), 0)
        self.requests_cancelled = 0

    def batch_started(
        self, rows: int, requests: int, waits_s: Sequence[float], reason: DispatchReason, predicted_s: float | None, /
    ) -> None:
        """A batch began."""
        self.sizes.observe(rows)
        for wait_s in waits_s:
            self.waits.observe(wait_s)
        if predicted_s is not None:
            self.predictions.observe(predicted_s)
        self.by_reason[reason] += 1

    def batch_finished(self, rows: int, service_s: float, predicted_s: float | None, /) -> None:
        """A batch ended."""
        self.services.observe(service_s)

    def shed(self, cause: ShedCause, count: int, /) -> None:
        """Requests were refused unserved."""
        self.by_cause[cause] += count

    def cancelled(self, count: int, /) -> None:
        """Requests left the queue."""
        self.requests_cancelled += count

    def queue_depth(self, rows: int, /) -> None:
        """The queue now holds so many rows."""
        self.rows_waiting = rows


def batch_families(naming: Naming, queues: Mapping[str, BatchMetrics]) -> Iterator[Family]:
    """What is shown of the batches; `queues` by the name of the API."""

    def of_each(read: Callable[[BatchMetrics], V]) -> list[tuple[Labels, V]]:
        return [(naming.endpoint(name), read(queue)) for name, queue in queues.items()]

    sizes = [(naming.batch_size(name), queue.sizes) for name, queue in queues.items()]
    yield naming.histogram(naming.batch_size_name, "Rows in a batch", sizes)
    waits = of_each(lambda queue: queue.waits)
    yield naming.histogram("batch_wait_seconds", "A request's time in the queue before its batch", waits)
    yield naming.histogram("batch_service_seconds", "A batch in a worker", of_each(lambda queue: queue.services))
    predictions = of_each(lambda queue: queue.predictions)
    yield naming.histogram("batch_predicted_seconds", "What the cost model expected of a batch", predictions)
    yield naming.gauge("batch_queue_depth", "Rows that wait for a batch", of_each(lambda queue: queue.rows_waiting))
    reasons = [
        (naming.endpoint(name, reason=reason), count)
        for name, queue in queues.items()
        for reason, count in queue.by_reason.items()
    ]
    yield naming.counter("batch_dispatch", "Batches begun, by why they began then", reasons)
    causes = [
        (naming.endpoint(name, cause=cause), count)
        for name, queue in queues.items()
        for cause, count in queue.by_cause.items()
    ]
    yield naming.counter("batch_shed", "Requests refused unserved, by cause", causes)
    cancelled = of_each(lambda queue: queue.requests_cancelled)
    yield naming.counter("batch_cancelled", "Requests whose client left the queue", cancelled)
