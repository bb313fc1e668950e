"""What the server counts, in Prometheus' words. One registry of our own, filled by the front alone.

The front sees every request and forms every batch, so the figures are whole however many worker processes there are.
Children of a metric are looked up once and kept: counting a request costs about a microsecond. Durations are in
seconds, sizes in rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from ekiben.serving.batching.view import DispatchReason, ShedCause
from ekiben.serving.wire import Payload

# Seconds. BentoML's bounds, with three below for models that answer in a millisecond.
DURATION_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180)
ROW_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # rows in a batch

_SERVICE = ("service", "version")
_ENDPOINT = (*_SERVICE, "endpoint")


@dataclass(frozen=True, slots=True)
class MetricLabels:
    """What all series of a server carry. `version` is the Bento's, empty for a project that was not built."""

    service: str
    version: str = ""


class ServerMetrics:
    """Every metric of a server; `namespace` is what their names begin with."""

    def __init__(self, labels: MetricLabels, namespace: str = "ekiben") -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # `_created` series double the page and nothing here reads them
        self.registry = CollectorRegistry(auto_describe=False)
        self._labels = (labels.service, labels.version)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

        def counter(name: str, documentation: str, *labelnames: str) -> Counter:
            return Counter(f"{namespace}_{name}", documentation, labelnames, registry=self.registry)

        def histogram(name: str, documentation: str, bounds: Sequence[float], *labelnames: str) -> Histogram:
            return Histogram(
                f"{namespace}_{name}", documentation, labelnames, registry=self.registry, buckets=tuple(bounds)
            )

        def gauge(name: str, documentation: str) -> Gauge:
            return Gauge(f"{namespace}_{name}", documentation, _ENDPOINT, registry=self.registry)

        self.request_total = counter("request", "Requests answered", *_ENDPOINT, "code")
        self.request_duration = histogram(
            "request_duration_seconds", "From a request's head to its answer", DURATION_BOUNDS, *_ENDPOINT, "code"
        )
        self.request_in_progress = gauge("request_in_progress", "Requests under way")
        self.batch_size = histogram("batch_size", "Rows in a batch", ROW_BOUNDS, *_ENDPOINT)
        self.batch_wait = histogram(
            "batch_wait_seconds", "A request's time in the queue before its batch", DURATION_BOUNDS, *_ENDPOINT
        )
        self.batch_service = histogram("batch_service_seconds", "A batch in a worker", DURATION_BOUNDS, *_ENDPOINT)
        self.batch_predicted = histogram(
            "batch_predicted_seconds", "What the cost model expected of a batch", DURATION_BOUNDS, *_ENDPOINT
        )
        self.batch_queue_depth = gauge("batch_queue_depth", "Rows that wait for a batch")
        self.batch_dispatch = counter("batch_dispatch", "Batches begun, by why they began then", *_ENDPOINT, "reason")
        self.batch_shed = counter("batch_shed", "Requests refused unserved, by cause", *_ENDPOINT, "cause")
        self.batch_cancelled = counter("batch_cancelled", "Requests whose client left the queue", *_ENDPOINT)
        self.batch_retried = counter("batch_retried", "Requests run again after their worker died", *_ENDPOINT)
        restarts = counter("worker_restarts", "Workers that took a dead one's place", *_SERVICE)
        self._worker_restarts = restarts.labels(*self._labels)

    def endpoint(self, name: str) -> EndpointMetrics:
        """The series of one API's requests."""
        return EndpointMetrics(self, (*self._labels, name))

    def batches(self, name: str) -> BatchMetrics:
        """The series of one API's batches."""
        return BatchMetrics(self, (*self._labels, name))

    def worker_restarted(self) -> None:
        """A dead worker's place was taken by a new one."""
        self._worker_restarts.inc()

    def calls_retried(self, endpoint: str, count: int) -> None:
        """Calls whose worker died were given to another one."""
        self.batch_retried.labels(*self._labels, endpoint).inc(count)

    def page(self) -> Payload:
        """The text that Prometheus reads."""
        return Payload(CONTENT_TYPE_LATEST, generate_latest(self.registry))


class EndpointMetrics:
    """The series that every API has."""

    def __init__(self, metrics: ServerMetrics, labels: tuple[str, str, str]) -> None:
        self._metrics = metrics
        self._labels = labels
        self._by_code: dict[int, tuple[Counter, Histogram]] = {}
        self._in_progress = metrics.request_in_progress.labels(*labels)

    def count_in_progress(self, read: Callable[[], float]) -> None:
        """`read` tells how many requests are under way; it is asked when the page is read, not at each request."""
        self._in_progress.set_function(read)

    def answered(self, code: int, duration_s: float) -> None:
        """A request was answered with `code`."""
        series = self._by_code.get(code)
        if series is None:
            labels = (*self._labels, str(code))
            series = (self._metrics.request_total.labels(*labels), self._metrics.request_duration.labels(*labels))
            self._by_code[code] = series
        series[0].inc()
        series[1].observe(duration_s)


class BatchMetrics:
    """The series of one batchable API: the observer of its batcher."""

    def __init__(self, metrics: ServerMetrics, labels: tuple[str, str, str]) -> None:
        self._metrics = metrics
        self._labels = labels
        self._size = metrics.batch_size.labels(*labels)
        self._wait = metrics.batch_wait.labels(*labels)
        self._service = metrics.batch_service.labels(*labels)
        self._predicted = metrics.batch_predicted.labels(*labels)
        self._queue_depth = metrics.batch_queue_depth.labels(*labels)
        self._dispatch: dict[DispatchReason, Counter] = {}
        self._cancelled = metrics.batch_cancelled.labels(*labels)

    def batch_started(
        self, rows: int, requests: int, waits_s: Sequence[float], reason: DispatchReason, predicted_s: float | None, /
    ) -> None:
        """A batch began."""
        self._size.observe(rows)
        for wait_s in waits_s:
            self._wait.observe(wait_s)
        if predicted_s is not None:
            self._predicted.observe(predicted_s)
        if reason not in self._dispatch:
            self._dispatch[reason] = self._metrics.batch_dispatch.labels(*self._labels, reason)
        self._dispatch[reason].inc()

    def batch_finished(self, rows: int, service_s: float, predicted_s: float | None, /) -> None:
        """A batch ended."""
        self._service.observe(service_s)

    def shed(self, cause: ShedCause, count: int, /) -> None:
        """Requests were refused unserved."""
        self._metrics.batch_shed.labels(*self._labels, cause).inc(count)

    def cancelled(self, count: int, /) -> None:
        """Requests left the queue."""
        self._cancelled.inc(count)

    def queue_depth(self, rows: int, /) -> None:
        """The queue now holds so many rows."""
        self._queue_depth.set(rows)
