"""Tasks as clients see them: one real server for all, BentoML's own client among those who ask."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.server_process import ServerProcess, environment, eventually, serving, write_service
from tests.serving.tasks.served import Client, write_tasks

ASKING = str(Path(__file__).with_name("bentoml_asking.py"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Two threads, so that one task that naps keeps no other back; a queue of five."""
    folder = tmp_path_factory.mktemp("tasks")
    environ = {**write_tasks(folder), "EKIBEN_TASKS_MAX_QUEUE": "5", "EKIBEN_TASKS_CONCURRENCY": "2"}
    with serving(folder, "--threads", "2", environ=environ) as one:
        yield one


@pytest.fixture
def client(server: ServerProcess) -> Client:
    return Client(server.client)


def test_a_task_is_told_by_bentomls_keys_and_its_result_is_what_the_api_answers(client: Client) -> None:
    task_id = client.submit("square", x=5)
    row = client.ended("square", task_id)
    assert list(row)[:4] == ["task_id", "status", "created_at", "executed_at"]
    assert str(row["created_at"]) <= str(row["executed_at"]) <= str(row["completed_at"])
    assert client.get("square", task_id).content == client.http.post("/square", json={"x": 5}).content == b"25"


def test_a_failed_task_gives_the_failure_with_its_status(client: Client) -> None:
    for name, fields, status in (("fail", {}, 500), ("square", {"x": "no number"}, 400)):
        task_id = client.submit(name, **fields)
        assert client.ended(name, task_id)["status"] == "failed"
        answer = client.get(name, task_id)
        assert (answer.status_code, "secret" in answer.text) == (status, False)


def test_what_cannot_be_told_of_a_task_is_refused(client: Client) -> None:
    running = client.submit("square", x=1, nap=1.0)
    assert client.http.get("/square/status").status_code == 400
    assert client.http.get("/square/status", params={"task_id": "0"}).status_code == 404
    assert client.http.get("/once/status", params={"task_id": running}).status_code == 404
    assert client.get("square", running).status_code == 400
    assert client.http.post("/square/retry", params={"task_id": running}).status_code == 400
    eventually(lambda: client.status("square", running)["state"] == "in_progress")
    assert client.cancel("square", running).status_code == 409
    assert client.http.post("/square/cancel").status_code == 405
    client.ended("square", running)


def test_beyond_the_bound_submitting_is_503_and_says_when_to_come_again(client: Client) -> None:
    running = [client.submit("wait", seconds=60) for _ in range(2)]
    eventually(lambda: all(client.status("wait", one)["state"] == "in_progress" for one in running))
    waiting = [client.submit("wait", seconds=60) for _ in range(5)]
    refused = client.http.post("/wait/submit", json={"seconds": 60})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    ends = [client.cancel("wait", one).json()["status"] for one in (*waiting, *running)]
    assert ends == ["canceled"] * 7
    assert client.get("wait", running[0]).status_code == 409


def test_batchable_tasks_share_calls_and_large_ones_come_back_whole(client: Client, server: ServerProcess) -> None:
    tasks = [client.submit("double", rows=[row]) for row in range(5)]
    text = "x" * 300_000
    large = client.submit("size", text=text)
    for row, task_id in enumerate(tasks):
        client.ended("double", task_id)
        assert client.get("double", task_id).json() == [2 * row]
    client.ended("size", large)
    assert client.get("size", large).json() == text
    assert server.metric('ekiben_batch_size_sum{endpoint="double/submit"') == 5


def test_tasks_are_counted_by_status(client: Client, server: ServerProcess) -> None:
    client.ended("once", client.submit("once", x=1))
    for status in ("pending", "in_progress", "completed"):
        assert server.metric(f'ekiben_task_total{{endpoint="once",service="Tasks",status="{status}"') == 1
    assert server.metric('ekiben_task_duration_seconds_count{endpoint="once"') == 1
    assert server.metric('ekiben_task_queue_depth{endpoint="once"') == 0


def test_the_documents_tell_of_tasks(client: Client) -> None:
    paths = client.http.get("/docs.json").json()["paths"]
    below = {path: list(operations) for path, operations in paths.items() if path.startswith("/square")}
    assert below == {
        "/square": ["post"],
        "/square/submit": ["post"],
        "/square/status": ["get"],
        "/square/get": ["get"],
        "/square/cancel": ["put"],
        "/square/retry": ["post"],
    }
    routes = client.http.get("/schema.json").json()["routes"]
    assert all(route["is_task"] for route in routes)


def test_bentomls_own_client_submits_asks_retries_and_cancels(server: ServerProcess) -> None:
    asking = subprocess.run(
        [sys.executable, "-W", "ignore", ASKING, server.url], capture_output=True, text=True, timeout=60, check=False
    )
    assert asking.returncode == 0, asking.stderr
    assert json.loads(asking.stdout) == {
        "result": 49,
        "status": "completed",
        "early": "InvalidArgument",
        "again": 49,
        "canceled": "canceled",
    }


def test_a_task_that_waits_is_in_progress_for_bentomls_clients_and_pending_for_ours(client: Client) -> None:
    running = [client.submit("wait", seconds=60) for _ in range(2)]
    waiting = client.submit("wait", seconds=60)
    row = client.status("wait", waiting)
    assert (row["status"], row["state"], row["executed_at"]) == ("in_progress", "pending", None)
    for one in (waiting, *running):
        client.cancel("wait", one)


def test_a_queue_that_cannot_be_opened_ends_the_start_with_its_setting(tmp_path: Path) -> None:
    environ = {**write_tasks(tmp_path), "EKIBEN_TASKS_PATH": str(tmp_path / "notes" / "below a file")}
    command = [sys.executable, "-m", "ekiben.serving", "service", "--root", str(tmp_path), "-p", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment(**environ), check=False)
    assert ended.returncode == 1
    assert "EKIBEN_TASKS_PATH" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_server_without_tasks_reads_nothing_of_them(tmp_path: Path) -> None:
    source = """
import sys
import ekiben

@ekiben.service
class Plain:
    @ekiben.api
    def modules(self) -> list[str]:
        return sorted(sys.modules)
"""
    with serving(write_service(tmp_path, source)) as server:
        modules = server.post("/modules").json()
    assert "ekiben.serving.server" in modules
    theirs = [name for name in modules if "sqlite" in name or (name.startswith("ekiben") and "task" in name)]
    assert theirs == ["ekiben.serving.http.tasking"]
