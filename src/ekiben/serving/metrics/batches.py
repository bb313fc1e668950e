"""`BatchMetrics`: the batches of one API beside its queue, as its batcher reports them; and what is shown of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar, get_args

from ekiben.serving.batching.view import DispatchReason
from ekiben.serving.metrics.family import Family, Labels
from ekiben.serving.metrics.naming import Naming
from ekiben.serving.metrics.queues import QueueMetrics
from ekiben.serving.metrics.tally import Tally

V = TypeVar("V")

ROW_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # rows in a batch


class BatchMetrics(QueueMetrics):
    """The observer of a batcher that joins requests. Every reason is shown from 0 on."""

    def __init__(self, bounds: Sequence[float]) -> None:
        super().__init__(bounds)
        self.sizes = Tally(ROW_BOUNDS)
        self.services = Tally(bounds)
        self.predictions = Tally(bounds)
        self.by_reason: dict[DispatchReason, int] = dict.fromkeys(get_args(DispatchReason), 0)

    def batch_started(
        self, rows: int, requests: int, waits_s: Sequence[float], reason: DispatchReason, predicted_s: float | None, /
    ) -> None:
        """A batch began."""
        super().batch_started(rows, requests, waits_s, reason, predicted_s)
        self.sizes.observe(rows)
        if predicted_s is not None:
            self.predictions.observe(predicted_s)
        self.by_reason[reason] += 1

    def batch_finished(self, rows: int, service_s: float, predicted_s: float | None, /) -> None:
        """A batch ended."""
        self.services.observe(service_s)


def batch_families(naming: Naming, queues: Mapping[str, BatchMetrics]) -> Iterator[Family]:
    """What is shown of the batches; `queues` by the name of the API."""

    def of_each(read: Callable[[BatchMetrics], V]) -> list[tuple[Labels, V]]:
        return [(naming.endpoint(name), read(queue)) for name, queue in queues.items()]

    sizes = [(naming.batch_size(name), queue.sizes) for name, queue in queues.items()]
    yield naming.histogram(naming.batch_size_name, "Rows in a batch", sizes)
    yield naming.histogram("batch_service_seconds", "A batch in a worker", of_each(lambda queue: queue.services))
    predictions = of_each(lambda queue: queue.predictions)
    yield naming.histogram("batch_predicted_seconds", "What the cost model expected of a batch", predictions)
    reasons = [
        (naming.endpoint(name, reason=reason), count)
        for name, queue in queues.items()
        for reason, count in queue.by_reason.items()
    ]
    yield naming.counter("batch_dispatch", "Batches begun, by why they began then", reasons)
