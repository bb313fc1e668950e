"""A server whose service does its worst: it panics, hangs, swallows cancellation. Real processes, real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.serving.server_process import eventually, serving, write_service

SOURCE = '''
import asyncio, os, threading, time
from pathlib import Path
import ekiben

class Panic(BaseException):
    """As foreign code raises it: no Exception."""

FAILURES = {
    "panic": Panic, "generator": GeneratorExit, "cancelled": asyncio.CancelledError,
    "interrupt": KeyboardInterrupt, "exit": SystemExit,
}

@ekiben.service(name="Hostile")
class Hostile:
    """Does what no service should."""

    @ekiben.api(batchable=True, max_batch_size=64)
    def together(self, words: list[str]) -> list[int]:
        for word in words:
            if word in FAILURES:
                raise FAILURES[word]("a secret of the service")
        return [len(word) for word in words]

    @ekiben.api
    def alone(self, word: str) -> int:
        raise FAILURES[word]("a secret of the service")

    @ekiben.api
    async def later(self, word: str) -> int:
        raise FAILURES[word]("a secret of the service")

    @ekiben.api(batchable=True, max_batch_size=1)
    def slowly(self, rows: list[int]) -> list[int]:
        time.sleep(0.05)
        return rows

    @ekiben.api(batchable=True)
    def hang(self, rows: list[int]) -> list[int]:
        Path("begun").touch()
        time.sleep(600)
        return rows

    @ekiben.api
    async def cling(self) -> str:
        Path("begun").touch()
        for _ in range(600):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                pass
        return "done"

    @ekiben.api
    async def block(self) -> str:
        Path("begun").touch()
        time.sleep(600)
        return "done"

    @ekiben.on_shutdown
    def say_so(self) -> None:
        Path("ended").write_text("hook")

    @ekiben.api
    def pid(self) -> int:
        return os.getpid()
'''
FAILURES = ["panic", "generator", "cancelled", "interrupt", "exit"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_service(tmp_path / "project", SOURCE)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_no_exception_is_a_500_and_costs_no_slot(project: Path, workers: str) -> None:
    with serving(project, "--workers", workers, "--timeout", "5") as server:
        for word in FAILURES:
            for _ in range(3):  # more often than there are slots
                answers = [server.post("/alone", word=word), server.post("/later", word=word)]
                answers.append(server.post("/together", words=[word]))
                assert [one.status_code for one in answers] == [500] * 3
                assert all(one.headers["x-request-id"] in one.json()["detail"] for one in answers)
                assert not any("secret" in one.text for one in answers)
        assert server.post("/pid").status_code == 200
        assert server.post("/together", words=["abc"]).json() == [3]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("word", FAILURES)
def test_a_panic_among_64_batched_requests_fails_alone(project: Path, workers: str, word: str) -> None:
    async def ask(url: str) -> list[int]:
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            words = ["fine"] * 30 + [word] + ["fine"] * 33
            answers = await asyncio.gather(*(client.post("/together", json={"words": [one]}) for one in words))
            return [one.status_code for one in answers]

    with serving(project, "--workers", workers, "--timeout", "10") as server:
        assert asyncio.run(ask(server.url)) == [200] * 30 + [500] + [200] * 33


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_batch_that_nobody_waits_for_gives_its_slot_back(project: Path, workers: str) -> None:
    with serving(project, "--workers", workers) as server:
        for _ in range(int(workers)):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{server.url}/slowly", json={"rows": list(range(1000))}, timeout=0.3)
        begun = time.monotonic()
        assert server.post("/slowly", rows=[1]).json() == [1]
        assert server.post("/pid").status_code == 200
        assert time.monotonic() - begun < 5


def test_a_batch_that_somebody_still_waits_for_goes_on(project: Path) -> None:
    answers: list[list[int]] = []
    with serving(project) as server:
        hog = threading.Thread(target=server.post, args=("/slowly",), kwargs={"rows": list(range(10))})
        hog.start()
        time.sleep(0.1)
        waiting = threading.Thread(target=lambda: answers.append(server.post("/slowly", rows=[1, 2, 3, 4]).json()))
        waiting.start()  # the next batch has both, and the first of them leaves
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/slowly", json={"rows": [5]}, timeout=0.5)
        waiting.join()
        hog.join()
    assert answers == [[1, 2, 3, 4]]


def ask_and_lose(url: str, route: str, fields: dict[str, object]) -> threading.Thread:
    """Asks for something whose answer may be lost with the server."""

    def ask() -> None:
        with contextlib.suppress(httpx.TransportError):
            httpx.post(f"{url}{route}", json=fields, timeout=60)

    asking = threading.Thread(target=ask)
    asking.start()
    return asking


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("route", "fields"), [("/hang", {"rows": [1]}), ("/cling", {})])
def test_sigterm_ends_a_server_whose_calls_do_not_end(
    project: Path, workers: str, route: str, fields: dict[str, object]
) -> None:
    environ = {"EKIBEN_DRAIN_TIMEOUT": "1"}
    with serving(project, "--workers", workers, environ=environ) as server:
        asking = ask_and_lose(server.url, route, fields)
        eventually((project / "begun").exists)
        assert server.end() == 0
        asking.join()
    assert (project / "ended").read_text() == "hook"


def test_sigterm_ends_a_server_whose_loop_is_blocked(project: Path) -> None:
    with serving(project, environ={"EKIBEN_DRAIN_TIMEOUT": "0.1"}) as server:
        asking = ask_and_lose(server.url, "/block", {})
        eventually((project / "begun").exists)
        assert server.end() == 0
        asking.join()


def test_a_second_sigterm_ends_a_server_whose_loop_is_blocked_at_once(project: Path) -> None:
    with serving(project) as server:
        asking = ask_and_lose(server.url, "/block", {})
        eventually((project / "begun").exists)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(3) == 128 + signal.SIGTERM
        asking.join()


def test_a_worker_that_was_stopped_is_replaced_under_load(project: Path) -> None:
    is_over = threading.Event()

    def load(url: str) -> None:
        with httpx.Client(base_url=url, timeout=30) as client:
            while not is_over.wait(0.01):
                client.post("/together", json={"words": ["a"]})

    with serving(project, "--workers", "2", "--timeout", "1") as server:
        os.kill(server.post("/pid").json(), signal.SIGSTOP)
        clients = [threading.Thread(target=load, args=(server.url,)) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            eventually(lambda: server.metric('ekiben_worker_restarts_total{reason="hang"') == 1, within_s=40)
        finally:
            is_over.set()
            for client in clients:
                client.join()
        assert {server.post("/together", words=["abc"]).status_code for _ in range(20)} == {200}
