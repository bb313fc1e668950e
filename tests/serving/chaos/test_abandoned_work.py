"""Work that nobody waits for any more keeps its slot until it really ends: a service never sees more calls at once than
it has threads, whatever its clients do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import uvloop
from httpx import URL

from tests.serving.chaos.client import Client, Lost, post
from tests.serving.server_process import ServerProcess, eventually, serving, write_service

THREADS = 2
CLIENTS = 24

# Each call writes down how many are at it in its process, itself among them.
SOURCE = """
import os, threading, time
import ekiben

LOCK = threading.Lock()
RECORD = os.open(os.environ["CHAOS_RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
inside = 0


def work(seconds):
    global inside
    with LOCK:
        inside += 1
        os.write(RECORD, f"{inside}\\n".encode())
    try:
        time.sleep(seconds)
    finally:
        with LOCK:
            inside -= 1


@ekiben.service(name="Slow")
class Slow:
    @ekiben.api
    def alone(self, numbers: list[float]) -> list[float]:
        work(0.15)
        return numbers

    @ekiben.api(batchable=True, max_batch_size=4)
    def together(self, numbers: list[float]) -> list[float]:
        work(0.15)
        return numbers

    @ekiben.api
    def fail(self, numbers: list[float]) -> list[float]:
        work(0.15)
        raise ValueError("failed slowly")
"""


async def press(server: ServerProcess, route: str, stay_s: float) -> list[int]:
    """CLIENTS requests at once, three times over, each given up after `stay_s`; gives the statuses of the others."""
    url = URL(server.url)

    async def ask(number: int) -> int:
        client = Client(url.host, url.port or 80)
        try:
            return (await asyncio.wait_for(client.ask(post(route, {"numbers": [number]})), stay_s)).status
        except (TimeoutError, Lost):
            return 0
        finally:
            client.leave()

    found = [await asyncio.gather(*(ask(number) for number in range(CLIENTS))) for _ in range(3)]
    return [status for statuses in found for status in statuses]


@pytest.mark.parametrize("route", ["/alone", "/together", "/fail"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_calls_that_time_out_or_are_abandoned_keep_their_slot(tmp_path: Path, workers: str, route: str) -> None:
    project = write_service(tmp_path / "project", SOURCE)
    record = project / "runs"
    arguments = ("--workers", workers, "--threads", str(THREADS), "--timeout", "0.1")
    with serving(project, *arguments, environ={"CHAOS_RUNS": str(record)}) as server:
        timed_out = uvloop.run(press(server, route, stay_s=30))
        left = uvloop.run(press(server, route, stay_s=0.05))
        eventually(lambda: server.metric("ekiben_request_in_progress{") == 0)
        assert server.client.get("/readyz").status_code == 200
    assert set(timed_out) <= {504, 503}
    assert 0 in left
    assert set(left) <= {0, 503, 504}
    at_once = [int(line) for line in record.read_text().split()]
    assert max(at_once) == THREADS


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_queue_of_abandoned_requests_is_forgotten_and_not_run(tmp_path: Path, workers: str) -> None:
    project = write_service(tmp_path / "project", SOURCE)
    record = project / "runs"
    arguments = ("--workers", workers, "--threads", str(THREADS))
    with serving(project, *arguments, environ={"CHAOS_RUNS": str(record)}) as server:
        assert set(uvloop.run(press(server, "/alone", stay_s=0.05))) == {0}
        assert server.post("/alone", numbers=[1]).status_code == 200
        assert len(record.read_text().split()) < CLIENTS
