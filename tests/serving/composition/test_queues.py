"""The ways of requests to a worker, through real servers: their time, their turn, their end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving.server_process import ServerProcess, eventually, serving, write_service

SOURCE = """
import asyncio, time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
import ekiben

@ekiben.service(name="Ways", traffic={"timeout": 1.0, "max_concurrency": 4})
class Ways:
    def __init__(self) -> None:
        self.begun: list[str] = []

    @ekiben.api
    def nap(self, seconds: float, name: str = "") -> str:
        self.begun.append(name)
        time.sleep(seconds)
        return name

    @ekiben.api
    def hold(self, name: str, until: str) -> str:
        self.begun.append(name)
        while not Path(until).exists():
            time.sleep(0.01)
        return name

    @ekiben.api
    def log(self) -> list[str]:
        return self.begun

    @ekiben.api(batchable=True, strategy="fixed", max_latency_ms=900_000)
    def gather(self, rows: list[int]) -> list[int]:
        return rows

    @ekiben.api
    async def wait(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "waited"

    @ekiben.api
    def count(self, pauses: list[float]) -> Generator[str, None, None]:
        for pause in pauses:
            time.sleep(pause)
            yield "x"

    @ekiben.api
    async def count_later(self, pauses: list[float]) -> AsyncGenerator[str, None]:
        for pause in pauses:
            await asyncio.sleep(pause)
            yield "x"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with serving(write_service(tmp_path / "project", SOURCE)) as server:
        yield server


def ask(server: ServerProcess, route: str, **fields: object) -> list[httpx.Response]:
    """Asks in a thread; the answer stands in the list when it is there."""
    answers: list[httpx.Response] = []
    threading.Thread(target=lambda: answers.append(server.post(route, **fields)), daemon=True).start()
    return answers


def in_progress(server: ServerProcess, api: str) -> float:
    return server.metric(f'ekiben_request_in_progress{{endpoint="{api}"')


def test_what_waits_too_long_is_504_and_never_runs_and_a_running_one_keeps_its_thread(
    server: ServerProcess, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    running = ask(server, "/hold", name="running", until=str(end))
    eventually(lambda: in_progress(server, "hold") == 1)
    waiting = server.post("/hold", name="waiting", until=str(end))
    eventually(lambda: running != [])
    behind = server.post("/hold", name="behind", until=str(end))
    assert (running[0].status_code, waiting.status_code, behind.status_code) == (504, 504, 504)
    assert server.metric('ekiben_batch_shed_total{cause="timeout",endpoint="hold"') == 2
    end.touch()
    assert server.post("/hold", name="later", until=str(end)).status_code == 200
    assert server.post("/log").json() == ["running", "later"]


def test_queues_of_apis_that_are_not_batched_are_counted_but_make_no_batches(server: ServerProcess) -> None:
    assert server.post("/nap", seconds=0.0).status_code == 200
    assert server.metric('ekiben_batch_wait_seconds_count{endpoint="nap"') == 1
    assert server.metric('ekiben_batch_queue_depth{endpoint="nap"') == 0
    assert 'ekiben_batch_size_count{endpoint="nap"' not in server.client.get("/metrics").text
    assert 'ekiben_batch_wait_seconds_count{endpoint="wait"' not in server.client.get("/metrics").text


def test_a_held_batch_does_not_hold_other_apis_and_goes_when_the_server_is_told_to_stop(server: ServerProcess) -> None:
    held = ask(server, "/gather", rows=[1, 2])
    eventually(lambda: server.metric('ekiben_batch_queue_depth{endpoint="gather"') == 2)
    assert server.post("/nap", seconds=0.0, name="other").json() == "other"
    assert server.end() == 0
    eventually(lambda: held != [])
    assert held[0].json() == [1, 2]


def test_an_async_call_is_504_in_its_time_beside_others_that_are_not_late(server: ServerProcess) -> None:
    late = ask(server, "/wait", seconds=5.0)
    time.sleep(0.5)
    assert server.post("/wait", seconds=0.8).status_code == 200
    eventually(lambda: late != [], within_s=1)
    assert late[0].status_code == 504


@pytest.mark.parametrize("route", ["/count", "/count_later"])
def test_a_stream_is_under_way_to_its_end_and_counted_then(server: ServerProcess, route: str) -> None:
    api = route.removeprefix("/")
    with server.client.stream("POST", route, json={"pauses": [0.0, 0.5, 0.9]}) as answer:
        chunks = answer.iter_raw()
        next(chunks)
        assert in_progress(server, api) == 1
        assert server.metric(f'ekiben_request_total{{code="200",endpoint="{api}"') == 0
        list(chunks)
    eventually(lambda: in_progress(server, api) == 0)
    assert server.metric(f'ekiben_request_total{{code="200",endpoint="{api}"') == 1


@pytest.mark.parametrize("route", ["/count", "/count_later"])
def test_a_stream_whose_first_chunk_is_late_is_504_and_a_later_one_breaks_it_off(
    server: ServerProcess, route: str
) -> None:
    api = route.removeprefix("/")
    assert server.post(route, pauses=[1.5]).status_code == 504
    time.sleep(0.6)  # a thread that sleeps keeps its slot
    with pytest.raises(httpx.RemoteProtocolError):
        server.post(route, pauses=[0.0, 1.5])
    eventually(lambda: in_progress(server, api) == 0)
    assert server.metric(f'ekiben_request_total{{code="500",endpoint="{api}"') == 1


def test_streams_count_against_max_concurrency_until_they_end(server: ServerProcess) -> None:
    streams = [ask(server, "/count_later", pauses=[0.0, 0.7, 0.7]) for _ in range(4)]
    eventually(lambda: in_progress(server, "count_later") == 4)
    assert server.post("/nap", seconds=0.0).status_code == 429
    eventually(lambda: all(streams))
    assert server.post("/nap", seconds=0.0).status_code == 200


def test_a_client_that_leaves_a_stream_frees_its_thread(server: ServerProcess) -> None:
    with server.client.stream("POST", "/count", json={"pauses": [0.0] + [0.2] * 50}) as answer:
        next(answer.iter_raw())
    assert server.post("/nap", seconds=0.0).status_code == 200
    assert server.metric('ekiben_request_total{code="499",endpoint="count"') == 1
