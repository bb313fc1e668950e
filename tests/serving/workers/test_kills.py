"""Workers of a real server are killed under load: every request is answered once and rightly, and nothing leaks."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.serving.server_process import ServerProcess, eventually, serving, write_service

KILLS = 20
CLIENTS = 8
DEATHS = 'ekiben_worker_restarts_total{reason="death"'
SERVICE = """
import os
import time
import numpy as np
import ekiben

@ekiben.service
class Slow:
    @ekiben.api(batchable=True, max_batch_size=16)
    def double(self, rows: np.ndarray) -> np.ndarray:
        time.sleep(0.01 + 0.0002 * len(rows))
        return rows * 2

    @ekiben.api
    def pid(self) -> int:
        time.sleep(0.05)
        return os.getpid()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with serving(write_service(tmp_path, SERVICE), "--workers=2") as server:
        yield server


def children(server: ServerProcess) -> list[int]:
    """The processes that the server started and has not yet buried."""
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descriptors(server: ServerProcess) -> int:
    """How many the server has open."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def client(url: str, number: int, is_over: threading.Event) -> tuple[int, list[str]]:
    """One caller: how many answers it got, and what was wrong with which."""
    wrong = []
    count = 0
    large = " " * 200_000  # every tenth body goes by shared memory
    with httpx.Client(base_url=url, timeout=30) as http:
        while not is_over.is_set():
            value = number * 1_000_000 + count
            body = f'{{"rows": [[{value}]]}}{large if count % 10 == 0 else ""}'
            answer = http.post("/double", content=body, headers={"content-type": "application/json"})
            if answer.status_code != 200 or answer.json() != [[2 * value]]:
                wrong.append(f"{value}: {answer.status_code} {answer.text[:200]}")
            count += 1
    return count, wrong


def test_requests_are_answered_once_and_rightly_whatever_dies(server: ServerProcess) -> None:
    chance = random.Random(7)
    assert are_both_at_work(server)
    before = descriptors(server)
    is_over = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        callers = [pool.submit(client, server.url, number, is_over) for number in range(CLIENTS)]
        try:
            for killed in range(1, KILLS + 1):
                time.sleep(
                    chance.uniform(0.1, 0.3)
                )  # what was retried has run: a call at two deaths is refused, rightly
                os.kill(chance.choice(children(server)), signal.SIGKILL)
                eventually(lambda killed=killed: server.metric(DEATHS) == killed)
        finally:
            is_over.set()
        outcomes = [caller.result() for caller in callers]
    assert [wrong for _, wrong in outcomes if wrong] == []
    assert all(count > KILLS for count, _ in outcomes)
    assert server.metric("ekiben_batch_retried_total") > 0
    eventually(lambda: len(children(server)) == 2)
    eventually(lambda: are_both_at_work(server))
    eventually(lambda: descriptors(server) < before + KILLS / 4)  # memory kept for large bodies, a client's connection


def are_both_at_work(server: ServerProcess) -> bool:
    """Whether no slot is lost: calls at once are answered by two workers."""
    with ThreadPoolExecutor(4) as pool:
        return len(set(pool.map(lambda _: server.post("/pid").json(), range(8)))) == 2
