"""ServerMetrics: names and labels that dashboards rely on, in a text that parsers read."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from ekiben.serving.metrics import MetricLabels, ServerMetrics

LABELS = {"service": "Iris", "version": "v1", "endpoint": "classify"}
NAMES = {
    *("request_total", "request_duration_seconds_bucket", "request_in_progress", "batch_size_bucket"),
    *("batch_wait_seconds_bucket", "batch_service_seconds_bucket", "batch_predicted_seconds_bucket"),
    *("batch_queue_depth", "batch_dispatch_total", "batch_shed_total", "batch_cancelled_total"),
    *("batch_retried_total", "worker_restarts_total"),
}


def used_metrics(namespace: str = "ekiben") -> ServerMetrics:
    """Metrics of a server that has met everything once."""
    metrics = ServerMetrics(MetricLabels("Iris", "v1"), namespace)
    endpoint = metrics.endpoint("classify")
    endpoint.count_in_progress(lambda: 3)
    endpoint.answered(200, 0.004)
    batches = metrics.batches("classify")
    batches.batch_started(5, 2, [0.001, 0.002], "free", 0.01)
    batches.batch_finished(5, 0.02, 0.01)
    batches.shed("deadline", 2)
    batches.cancelled(1)
    batches.queue_depth(7)
    metrics.calls_retried("classify", 4)
    metrics.worker_restarted()
    return metrics


def samples(metrics: ServerMetrics) -> dict[str, list[tuple[dict[str, str], float]]]:
    """`{name: [(labels, value)]}` of the page, read by Prometheus' own parser."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(metrics.page().body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_every_name_is_there_with_its_labels() -> None:
    found = samples(used_metrics())
    for name in NAMES:
        labels, _ = found[f"ekiben_{name}"][0]
        expected = LABELS if name != "worker_restarts_total" else {"service": "Iris", "version": "v1"}
        assert expected.items() <= labels.items()


def test_what_happened_is_counted() -> None:
    found = samples(used_metrics())
    assert found["ekiben_request_total"] == [({**LABELS, "code": "200"}, 1.0)]
    assert found["ekiben_request_in_progress"] == [(LABELS, 3.0)]
    assert found["ekiben_batch_size_sum"] == [(LABELS, 5.0)]
    assert found["ekiben_batch_wait_seconds_count"] == [(LABELS, 2.0)]
    assert found["ekiben_batch_shed_total"] == [({**LABELS, "cause": "deadline"}, 2.0)]
    assert found["ekiben_batch_dispatch_total"] == [({**LABELS, "reason": "free"}, 1.0)]
    assert found["ekiben_batch_retried_total"] == [(LABELS, 4.0)]


def test_the_namespace_renames_ours_and_leaves_the_process_alone() -> None:
    found = samples(used_metrics("bentoml_service"))
    assert "bentoml_service_request_total" in found
    assert "process_resident_memory_bytes" in found
    assert not [name for name in found if name.startswith("ekiben_") or name.endswith("_created")]
