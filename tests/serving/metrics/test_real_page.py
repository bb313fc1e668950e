"""The page of a real server with worker processes: whole, right and as Prometheus wants it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from ekiben.serving.workers.teller import TELL_S
from tests.serving.server_process import ServerProcess, eventually, serving, write_service

SERVICE = """
import os
import prometheus_client
import ekiben
from ekiben import metrics

CALLS = metrics.Counter("probe_calls", "Calls by kind", ["kind"])
MODELS = metrics.Gauge("probe_loaded_models", "Models in memory")
ROWS = metrics.Histogram("probe_rows", "Rows in a call", buckets=(1, 10, 100))
PLAIN = prometheus_client.Gauge("probe_plain", "One of prometheus_client's own")
STATE = metrics.Enum("probe_state", "What it does", states=["idle", "busy"])
ABOUT = metrics.Info("probe_model", "Which model")

@ekiben.service(name="Probe")
class Probe:
    def __init__(self) -> None:
        MODELS.set(2)
        PLAIN.set(os.getpid())
        ABOUT.info({"name": "iris"})

    @ekiben.api(batchable=True, max_batch_size=16)
    def double(self, rows: list[int]) -> list[int]:
        ROWS.observe(len(rows))
        return [2 * row for row in rows]

    @ekiben.api
    def pid(self) -> int:
        CALLS.labels("pid").inc()
        return os.getpid()
"""
RELIEVED = "ekiben_worker_restarts_total{'reason': 'lifetime', 'service': 'Probe', 'version': ''}"
PROMTOOL = ("promtool", "check", "metrics")


def shown(server: ServerProcess) -> dict[str, float]:
    """`{series: value}` of the page, as a reader of Prometheus' format takes it."""
    return {
        f"{sample.name}{dict(sorted(sample.labels.items()))}": sample.value
        for family in text_string_to_metric_families(server.client.get("/metrics").text)
        for sample in family.samples
    }


def call(server: ServerProcess, times: int) -> set[int]:
    """The process ids of the workers that answered so many calls."""
    with ThreadPoolExecutor(8) as pool:
        return {reply.json() for reply in pool.map(lambda _: server.post("/pid"), range(times))}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_page_is_whole_and_right_with_any_number_of_processes(tmp_path: Path, workers: int) -> None:
    project = write_service(tmp_path / "project", SERVICE)
    with serving(project, "--workers", str(workers)) as server:
        call(server, 40)
        server.post("/double", rows=[1, 2, 3])
        page = shown(server)
        openmetrics = server.client.get("/metrics", headers={"accept": "application/openmetrics-text"}).text
        checked = subprocess.run(
            PROMTOOL, input=server.client.get("/metrics").content, capture_output=True, check=False
        )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
    assert "probe_rows" in {family.name for family in parse_openmetrics(openmetrics)}  # type: ignore[no-untyped-call]
    assert page["probe_calls_total{'kind': 'pid'}"] == 40
    assert page["probe_loaded_models{}"] == 2 * workers
    assert page["probe_rows_sum{}"] == 3
    assert page["probe_model_info{'name': 'iris'}"] == 1
    plain = {value for series, value in page.items() if series.startswith("probe_plain{'worker'")}
    assert len(plain) == workers
    labels = {"code": "200", "endpoint": "pid", "service": "Probe", "version": ""}
    assert page[f"ekiben_request_total{labels}"] == 40
    assert page["ekiben_connections_open{'service': 'Probe', 'version': ''}"] >= 1


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes_show_what_they_use(tmp_path: Path, workers: int) -> None:
    project = write_service(tmp_path / "project", SERVICE)
    with serving(project, "--workers", str(workers)) as server:
        page = shown(server)
    used = [value for series, value in page.items() if series.startswith("ekiben_worker_resident_memory_bytes")]
    assert [value > 2**20 for value in used] == ([True, True] if workers == 2 else [])


def test_what_a_worker_counted_stays_when_it_is_killed(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project", SERVICE)
    with serving(project, "--workers", "2") as server:
        pids = call(server, 40)
        assert shown(server)["probe_calls_total{'kind': 'pid'}"] == 40
        os.kill(pids.pop(), signal.SIGKILL)
        eventually(lambda: server.metric("ekiben_worker_restarts_total") == 1)
        page = shown(server)
        assert page["probe_calls_total{'kind': 'pid'}"] == 40
        assert page["probe_loaded_models{}"] == 4
        call(server, 2)
        assert shown(server)["probe_calls_total{'kind': 'pid'}"] == 42


def test_what_a_worker_counted_is_told_without_a_reader(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project", SERVICE)
    with serving(project, "--workers", "2") as server:
        pids = call(server, 40)
        time.sleep(TELL_S * 2)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: server.metric("ekiben_worker_restarts_total") == len(pids))
        assert shown(server)["probe_calls_total{'kind': 'pid'}"] == 40


def test_what_a_worker_counted_stays_when_it_has_served_its_time(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project", SERVICE)
    with serving(project, "--workers", "2", environ={"EKIBEN_MAX_REQUESTS": "10"}) as server:
        call(server, 60)
        eventually(lambda: server.output().count("is up again") == 2)
        page = shown(server)
        assert (page[RELIEVED], page["probe_calls_total{'kind': 'pid'}"]) == (2, 60)


def test_metrics_that_are_switched_off_have_no_page(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project", SERVICE)
    with serving(project, environ={"EKIBEN_METRICS_ENABLED": "false"}) as server:
        assert server.post("/pid").status_code == 200
        assert server.client.get("/metrics").status_code == 404
