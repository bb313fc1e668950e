"""ServerMetrics: names and labels that dashboards rely on, in a text that parsers read."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from ekiben.serving.config.values import LabelStyle
from ekiben.serving.metrics.family import Family, Sample
from ekiben.serving.metrics.naming import Naming, ServedAs
from ekiben.serving.metrics.page import OF_PROCESS
from ekiben.serving.metrics.server import ServerMetrics

LABELS = {"service": "Iris", "version": "v1", "endpoint": "classify"}
NAMES = {
    *("request_total", "request_duration_seconds_bucket", "request_in_progress", "batch_size_bucket"),
    *("batch_wait_seconds_bucket", "batch_service_seconds_bucket", "batch_predicted_seconds_bucket"),
    *("batch_queue_depth", "batch_dispatch_total", "batch_shed_total", "batch_cancelled_total"),
    *("batch_retried_total", "worker_restarts_total", "last_request_timestamp_seconds", "connections_open"),
    *("access_log_dropped_total", "server_info"),
}
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"


def used_metrics(namespace: str = "ekiben", style: LabelStyle = "ekiben") -> ServerMetrics:
    """Metrics of a server that has met everything once."""
    metrics = ServerMetrics(Naming(ServedAs("Iris", "v1", {"classify": "/v2/classify"}), namespace, style))
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
    metrics.worker_restarted("hang")
    return metrics


def page(metrics: ServerMetrics, accept: str = "") -> str:
    return bytes(asyncio.run(metrics.page(accept)).body).decode()


def samples(metrics: ServerMetrics) -> dict[str, list[tuple[dict[str, str], float]]]:
    """`{name: [(labels, value)]}` of the page, read by Prometheus' own parser."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(page(metrics)):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_every_name_is_there_with_its_labels() -> None:
    found = samples(used_metrics())
    for name in NAMES:
        labels, _ = found[f"ekiben_{name}"][0]
        assert {"service": "Iris", "version": "v1"}.items() <= labels.items()
        if name.startswith(("request", "batch")):
            assert labels["endpoint"] == "classify"


def test_what_happened_is_counted() -> None:
    found = samples(used_metrics())
    assert found["ekiben_request_total"] == [({**LABELS, "code": "200"}, 1.0)]
    assert found["ekiben_request_in_progress"] == [(LABELS, 3.0)]
    assert found["ekiben_batch_size_sum"] == [(LABELS, 5.0)]
    assert found["ekiben_batch_wait_seconds_count"] == [(LABELS, 2.0)]
    assert ({**LABELS, "cause": "deadline"}, 2.0) in found["ekiben_batch_shed_total"]
    assert ({**LABELS, "reason": "free"}, 1.0) in found["ekiben_batch_dispatch_total"]
    assert found["ekiben_batch_retried_total"] == [(LABELS, 4.0)]
    assert ({"service": "Iris", "version": "v1", "reason": "hang"}, 1.0) in found["ekiben_worker_restarts_total"]


def test_every_reason_and_cause_is_shown_before_it_happens() -> None:
    found = samples(used_metrics())
    assert ({**LABELS, "cause": "overload"}, 0.0) in found["ekiben_batch_shed_total"]
    assert ({**LABELS, "reason": "held"}, 0.0) in found["ekiben_batch_dispatch_total"]


def test_the_namespace_renames_ours_and_leaves_the_process_alone() -> None:
    found = samples(used_metrics("bentoml_service"))
    assert "bentoml_service_request_total" in found
    assert "process_resident_memory_bytes" in found
    assert not [name for name in found if name.startswith("ekiben_") or name.endswith("_created")]


def test_bentomls_labels_are_written_where_they_are_asked_for() -> None:
    found = samples(used_metrics("bentoml_service", "bentoml"))
    service = {"service_name": "Iris", "service_version": "v1", "runner_name": "Iris"}
    total = {**service, "endpoint": "/v2/classify", "http_response_code": "200"}
    assert found["bentoml_service_request_total"] == [(total, 1.0)]
    assert found["bentoml_service_adaptive_batch_size_count"] == [({**service, "method_name": "classify"}, 1.0)]


def test_a_reader_that_asks_for_openmetrics_gets_it() -> None:
    text = page(used_metrics(), OPENMETRICS)
    assert text.endswith("# EOF\n")
    assert "ekiben_request" in {family.name for family in parse_openmetrics(text)}  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_a_large_metric_is_whole_and_has_one_head(accept: str) -> None:
    metrics = used_metrics()
    many = [Sample("many", {"number": str(number)}, number) for number in range(1000)]
    metrics.workers.measure_here(lambda: [Family("many", "gauge", "Many", many, mode="sum")])
    lines = [line for line in page(metrics, accept).splitlines() if "many" in line]
    assert lines[:2] == ["# HELP many Many", "# TYPE many gauge"]
    assert lines[2:] == [f'many{{number="{number}"}} {number}.0' for number in range(1000)]


def test_promtool_finds_nothing_to_blame() -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=page(used_metrics()), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_names_that_are_kept_for_the_process_are_those_that_it_shows() -> None:
    assert {name for name in samples(used_metrics()) if not name.startswith("ekiben_")} <= OF_PROCESS


def test_a_metric_of_the_service_with_a_name_of_ours_is_left_out_in_words(caplog: pytest.LogCaptureFixture) -> None:
    metrics = used_metrics()
    clash = Family("ekiben_request_total", "gauge", "theirs", [Sample("ekiben_request_total", {}, 9)])
    kept = Family("mine", "gauge", "theirs", [Sample("mine", {}, 1)], mode="livesum")
    metrics.workers.measure_here(lambda: [clash, kept])
    samples(metrics)
    found = samples(metrics)
    assert [value for _, value in found["ekiben_request_total"]] == [1.0]
    assert found["mine"] == [({}, 1.0)]
    assert [record.getMessage() for record in caplog.records] == [
        "the service's metric `ekiben_request_total` has the name of one of the server's own and is not shown"
    ]


def test_no_start_waits_for_the_library_that_writes_the_page() -> None:
    code = (
        "import sys, ekiben.serving.server, ekiben.serving.workers.child; sys.exit('prometheus_client' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
