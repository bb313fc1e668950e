"""Workers of a real server: where they run, what they may use, how long they serve, and what they say of themselves."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.serving.server_process import ServerProcess, eventually, run_to_end, serving, write_service

SERVICE = """
import os
import time
from pathlib import Path
import ekiben

@ekiben.service
class Probe:
    def __is_alive__(self) -> bool:
        return not Path("dead").exists()

    async def __is_ready__(self) -> bool:
        return not Path("tired").exists()

    @ekiben.api
    def pid(self) -> int:
        time.sleep(0.01)
        return os.getpid()

    @ekiben.api
    def variable(self, name: str) -> str:
        time.sleep(0.02)
        return os.environ.get(name, "")

    @ekiben.api
    def length(self, text: str) -> int:
        return len(text)

    @ekiben.api
    def repeat(self, text: str, times: int) -> str:
        return text * times
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_service(tmp_path, SERVICE)


def all_at_once(server: ServerProcess, route: str, **fields: str) -> set[object]:
    """What many requests are answered that keep every worker busy."""
    with ThreadPoolExecutor(8) as clients:
        return set(clients.map(lambda _: server.post(route, **fields).json(), range(64)))


def values_of(server: ServerProcess, name: str) -> set[object]:
    """What requests find in the variable, over all workers."""
    return all_at_once(server, "/variable", name=name)


def pids_of(server: ServerProcess) -> set[object]:
    return all_at_once(server, "/pid")


def test_a_single_worker_lives_in_the_server_and_on_request_beside_it(project: Path) -> None:
    with serving(project) as server:
        assert pids_of(server) == {server.process.pid}
    with serving(project, environ={"EKIBEN_ISOLATION": "process"}) as server:
        [pid] = pids_of(server)
        assert pid != server.process.pid
        os.kill(int(str(pid)), signal.SIGKILL)
        eventually(lambda: server.metric('ekiben_worker_restarts_total{reason="death"') == 1)
        assert server.post("/pid").json() not in (pid, server.process.pid)


def test_a_service_that_shall_not_be_isolated_has_one_worker(project: Path) -> None:
    ended = run_to_end(
        project, "service", "--root", str(project), "-p", "0", "--workers=2", environ={"EKIBEN_ISOLATION": "none"}
    )
    assert ended.returncode != 0
    assert "`isolation: none` keeps the service in the server's process, but `workers` is 2" in ended.stderr


def test_workers_that_have_served_their_time_are_replaced_and_nobody_notices(project: Path) -> None:
    with serving(project, "--workers=2", environ={"EKIBEN_MAX_REQUESTS": "50"}) as server:
        first = pids_of(server)
        is_ready = []

        def has_changed_twice() -> bool:
            is_ready.append(server.client.get("/readyz").status_code == 200)
            assert server.post("/pid").status_code == 200
            return server.metric('ekiben_worker_restarts_total{reason="lifetime"') >= 4

        eventually(has_changed_twice, within_s=40)
        assert all(is_ready)
        assert not first & pids_of(server)
        assert server.metric('ekiben_worker_restarts_total{reason="death"') == 0


def test_each_worker_sees_its_own_device_and_so_does_its_replacement(project: Path) -> None:
    environ = {"CUDA_VISIBLE_DEVICES": "GPU-a,MIG-b,GPU-c", "EKIBEN_GPUS": "1"}
    with serving(project, "--workers=2", environ=environ) as server:
        assert values_of(server, "CUDA_VISIBLE_DEVICES") == {"GPU-a", "MIG-b"}
        assert "CUDA_VISIBLE_DEVICES=MIG-b" in server.output()
        first = pids_of(server)
        for pid in first:
            os.kill(int(str(pid)), signal.SIGKILL)
        eventually(lambda: server.metric('ekiben_worker_restarts_total{reason="death"') == 2)
        assert not first & pids_of(server)
        assert values_of(server, "CUDA_VISIBLE_DEVICES") == {"GPU-a", "MIG-b"}


def test_a_worker_that_gets_a_part_of_the_devices_is_a_process_of_its_own(project: Path) -> None:
    with serving(project, environ={"CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b", "EKIBEN_GPUS": "1"}) as server:
        assert values_of(server, "CUDA_VISIBLE_DEVICES") == {"GPU-a"}
        assert pids_of(server) != {server.process.pid}
    with serving(project, environ={"CUDA_VISIBLE_DEVICES": "GPU-a", "EKIBEN_GPUS": "1"}) as server:
        assert pids_of(server) == {server.process.pid}


def test_too_few_devices_end_the_start_in_words(project: Path) -> None:
    ended = run_to_end(
        project,
        "service", "--root", str(project), "-p", "0", "--workers=3",
        environ={"CUDA_VISIBLE_DEVICES": "0", "EKIBEN_GPUS": "1"},
    )  # fmt: skip
    assert ended.returncode != 0
    assert "3 workers with `resources.gpu` 1 need 3 GPUs, and 1 can be seen" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("workers", "environ", "value"),
    [
        ("1", {}, None),
        ("2", {"EKIBEN_CPUS": "1"}, "1"),
        ("1", {"OMP_NUM_THREADS": "5"}, "5"),
        ("2", {"OMP_NUM_THREADS": "5"}, "5"),
    ],
)
def test_numeric_libraries_share_the_cores(
    project: Path, workers: str, environ: dict[str, str], value: str | None
) -> None:
    with serving(project, f"--workers={workers}", environ=environ) as server:
        cores = str(len(os.sched_getaffinity(0)))
        assert values_of(server, "OMP_NUM_THREADS") == {value or cores}
        assert values_of(server, "MKL_NUM_THREADS") == {value or cores}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_hooks_of_a_service_answer_for_every_worker(project: Path, workers: str) -> None:
    with serving(project, f"--workers={workers}") as server:
        for note, path in (("tired", "/readyz"), ("dead", "/livez")):
            assert server.client.get(path).status_code == 200
            (project / note).touch()
            eventually(lambda path=path: server.client.get(path).status_code == 503)
            (project / note).unlink()
            eventually(lambda path=path: server.client.get(path).status_code == 200)


@pytest.mark.parametrize("size", [1_000, 200_000, 5_000_000])
def test_bodies_of_every_size_cross_both_ways(project: Path, size: int) -> None:
    with serving(project, "--workers=2") as server:
        for _ in range(3):
            assert server.post("/length", text="x" * size).json() == size
            assert server.post("/repeat", text="ab", times=size).json() == "ab" * size
