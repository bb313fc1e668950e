"""`python -m ekiben.serving`: exit statuses, messages, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.server_process import eventually, run_to_end, serving, started, write_service


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_service(tmp_path / "project")


def test_print_config_shows_each_value_and_where_it_came_from(project: Path) -> None:
    (project / "ekiben.yaml").write_text("services: {Probe: {traffic: {timeout: 7}}}")
    done = run_to_end(
        project, "service", "--print-config", "--workers", "2", environ={"PORT": "8080", "EKIBEN_THREADS": "3"}
    )
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert done.returncode == 0
    assert rows["http.port"] == ["8080", "environment", "PORT"]
    assert rows["workers"] == ["2", "command", "line", "--workers"]
    assert rows["traffic.timeout"] == ["7.0", "file", str(project / "ekiben.yaml")]
    assert rows["http.host"] == ["127.0.0.1", "default"]


def test_a_mistake_is_a_message_with_a_hint_and_no_traceback(project: Path) -> None:
    done = run_to_end(project, "service:Porbe")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "hint: did you mean `service:Probe`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_first_word_serve_is_passed_over(project: Path) -> None:
    done = run_to_end(project, "serve", "service", "--print-config")
    assert done.returncode == 0


def test_a_wrong_use_has_status_2(project: Path) -> None:
    assert run_to_end(project).returncode == 2
    assert run_to_end(project, "service", "--port", "none").returncode == 2


def test_the_module_in_the_current_folder_is_served(project: Path) -> None:
    with started(project, "service:Probe", "-p", "0") as server:
        assert server.post("/nap", seconds=0).json() == "rested"


def test_access_is_logged_where_it_is_asked_for(project: Path) -> None:
    with serving(project, "--access-log") as server:
        server.client.get("/docs.json", headers={"x-request-id": "seen"})
        eventually(lambda: "GET /docs.json 200" in server.output())
        assert "seen" in server.output()
    with serving(project) as server:
        server.client.get("/docs.json")
        server.process.terminate()
        server.process.wait(15)
        assert "/docs.json" not in server.output()


def test_configuration_reaches_the_batcher_of_worker_processes(project: Path) -> None:
    text = "services: {Probe: {workers: 2, batching: {double: {max_batch_size: 2}}}}"
    (project / "ekiben.yaml").write_text(text)
    with serving(project) as server:
        assert server.post("/double", rows=[[1.0], [2.0], [3.0]]).json() == [[2.0], [4.0], [6.0]]
