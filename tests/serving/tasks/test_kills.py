"""Tasks outlive whoever runs them: real servers and workers, really killed."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.serving.server_process import ServerProcess, eventually, serving
from tests.serving.tasks.served import Client, begun, write_tasks

TASKS = 500  # of each kind
THREADS = 4
ATTEMPTS = 2  # of the tasks that kill their worker


def submit_many(server: ServerProcess, name: str) -> list[str]:
    client = Client(server.client)
    with ThreadPoolExecutor(4) as several:
        return list(several.map(lambda x: client.submit(name, x=x, nap=0.005), range(TASKS)))


def test_of_a_thousand_tasks_on_two_servers_of_which_one_is_killed_none_is_lost_and_none_run_twice(
    tmp_path: Path,
) -> None:
    environ = write_tasks(tmp_path)
    threads = ("--threads", str(THREADS))
    with (
        serving(tmp_path, *threads, environ=environ) as first,
        serving(tmp_path, *threads, environ=environ) as second,
    ):
        again, once = submit_many(first, "square"), submit_many(second, "once")
        eventually(lambda: begun(tmp_path).total() > TASKS // 4)
        first.end(signal.SIGKILL)
        client = Client(second.client)
        squares = [client.ended("square", task_id, 120) for task_id in again]
        onces = [client.ended("once", task_id, 120) for task_id in once]
        results = [client.get("square", task_id).json() for task_id in again]
    runs = begun(tmp_path)
    assert results == [x * x for x in range(TASKS)]
    assert {row["status"] for row in squares} == {"completed"}
    assert all(1 <= runs[task_id] <= 2 for task_id in again)
    assert sum(runs[task_id] - 1 for task_id in again) <= THREADS
    assert max(runs[task_id] for task_id in once) == 1
    assert sum(row["status"] == "failed" for row in onces) <= THREADS
    assert all(row["status"] in ("completed", "failed") for row in onces)


def test_a_server_that_was_killed_goes_on_where_it_was_when_it_is_back(tmp_path: Path) -> None:
    environ = write_tasks(tmp_path)
    with serving(tmp_path, environ=environ) as server:
        client = Client(server.client)
        done = client.submit("square", x=3)
        client.ended("square", done)
        running, lost = client.submit("wait", seconds=0.5), client.submit("once", x=1, nap=20)
        eventually(lambda: begun(tmp_path).total() == 3)
        waiting = client.submit("square", x=4)
        canceled = client.submit("square", x=5)
        assert client.cancel("square", canceled).status_code == 200
        server.end(signal.SIGKILL)
    with serving(tmp_path, environ=environ) as server:
        client = Client(server.client)
        assert client.ended("square", waiting)["status"] == "completed"
        assert client.ended("once", lost)["status"] == "failed"
        assert client.ended("wait", running) | {"attempts": 2, "status": "completed"} == client.status("wait", running)
        assert [client.get("square", one).json() for one in (done, waiting)] == [9, 16]
        assert "the server that ran the task ended" in client.get("once", lost).text
    assert begun(tmp_path) == {done: 1, running: 2, lost: 1, waiting: 1}


def test_a_task_that_kills_its_worker_ends_after_its_attempts_and_one_that_may_not_at_once(tmp_path: Path) -> None:
    environ = {**write_tasks(tmp_path), "EKIBEN_ISOLATION": "process"}
    with serving(tmp_path, environ=environ) as server:
        client = Client(server.client)
        killers: dict[str, str] = {}
        for name in ("kill", "kill_async", "kill_once"):  # one after the other, as each takes down whatever runs
            killers[name] = client.submit(name)
            assert client.ended(name, killers[name], 60)["status"] == "failed"
            assert client.get(name, killers[name]).status_code in (500, 503)  # 503: there was no other worker
            client.ended("square", client.submit("square", x=1))
    runs = begun(tmp_path)
    assert runs[killers["kill"]] == 2 * ATTEMPTS  # the pool runs a call once more by itself
    assert ATTEMPTS <= runs[killers["kill_async"]] <= 2 * ATTEMPTS
    assert runs[killers["kill_once"]] == 1


def test_a_server_that_is_told_to_stop_finishes_what_runs_and_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    environ = write_tasks(tmp_path)
    with serving(tmp_path, environ=environ) as server:
        client = Client(server.client)
        running = client.submit("once", x=7, nap=1.5)
        eventually(lambda: begun(tmp_path)[running] == 1)
        waiting = client.submit("once", x=8)
        assert server.end() == 0
    with serving(tmp_path, environ=environ) as server:
        client = Client(server.client)
        assert client.ended("once", running)["status"] == "completed"
        client.ended("once", waiting)
        assert [client.get("once", one).json() for one in (running, waiting)] == [7, 8]
    assert begun(tmp_path) == {running: 1, waiting: 1}


def test_a_server_whose_time_is_over_gives_back_what_may_run_again(tmp_path: Path) -> None:
    environ = {**write_tasks(tmp_path), "EKIBEN_DRAIN_TIMEOUT": "0.5"}
    with serving(tmp_path, environ=environ) as server:
        client = Client(server.client)
        again, once = client.submit("square", x=2, nap=2), client.submit("wait", seconds=30)
        eventually(lambda: begun(tmp_path).total() == 2)
        server.end()
    with serving(tmp_path, environ=environ) as server:
        client = Client(server.client)
        assert client.ended("square", again)["status"] == "completed"
        assert client.cancel("wait", once).json()["status"] == "canceled"
