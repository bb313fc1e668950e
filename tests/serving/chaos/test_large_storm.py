"""Workers are killed while they hold bodies of megabytes, which travel in shared memory: none of it is left behind."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import httpx

from tests.serving.chaos.process_tree import Census, census, is_running
from tests.serving.chaos.target import MIB
from tests.serving.server_process import ServerProcess, eventually, serving, write_service

CLIENTS = 6
ROUNDS = 8  # requests of each client
KILLS = 3
SOURCE = """
import os, time
from pathlib import Path
import ekiben

@ekiben.service(name="Weigh")
class Weigh:
    @ekiben.api
    def weigh(self, paper: Path) -> list[int]:
        time.sleep(0.05)
        return [os.getpid(), paper.stat().st_size, paper.read_bytes()[-1]]

    @ekiben.api
    def grow(self, size: int) -> str:
        time.sleep(0.05)
        return "x" * size
"""


class Load:
    """CLIENTS clients that each send and get ROUNDS large bodies, of sizes that tell whose they are."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self.wrong: list[str] = []
        self.pids: list[int] = []
        self._threads = [threading.Thread(target=self._be_client, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def is_over(self) -> bool:
        """Whether every client is done."""
        return not any(thread.is_alive() for thread in self._threads)

    def _be_client(self, number: int) -> None:
        size = 2 * MIB + number
        with httpx.Client(base_url=self._server.url, timeout=60) as client:
            for _ in range(ROUNDS):
                body = bytes([number]) * size
                weighed = client.post("/weigh", content=body, headers={"content-type": "application/octet-stream"})
                grown = client.post("/grow", json={"size": size})
                if weighed.status_code != 200 or weighed.json()[1:] != [size, number]:
                    self.wrong.append(weighed.text[:200])
                elif grown.status_code != 200 or grown.json() != "x" * size:
                    self.wrong.append(grown.text[:200])
                else:
                    self.pids.append(weighed.json()[0])


def at_rest(server: ServerProcess, processes: int) -> Census:
    """The census once all workers are up."""
    eventually(lambda: server.metric("ekiben_request_in_progress{") == 0)
    eventually(lambda: len(census(server.process.pid).pids) == processes)
    eventually(lambda: server.client.get("/readyz").status_code == 200)
    return census(server.process.pid)


def kill_workers(load: Load) -> int:
    """Kills a worker that answered lately, KILLS times, each when the one before has been replaced and has answered."""
    kills = 0
    while kills < KILLS and not load.is_over:
        seen = len(load.pids)
        eventually(lambda seen=seen: len(load.pids) >= seen + CLIENTS or load.is_over)
        alive = [pid for pid in load.pids[-CLIENTS:] if is_running(pid)]
        if alive and not load.is_over:
            os.kill(alive[-1], signal.SIGKILL)
            kills += 1
    return kills


def test_bodies_of_dead_workers_are_answered_and_leave_no_memory(tmp_path: Path) -> None:
    with serving(write_service(tmp_path, SOURCE), "--workers", "2") as server:
        processes = len(census(server.process.pid).pids)
        with Load(server) as warm_up:
            pass
        before = at_rest(server, processes)
        with Load(server) as load:
            kills = kill_workers(load)
        after = at_rest(server, processes)
    assert warm_up.wrong + load.wrong == []
    assert kills > 1
    assert after.files <= before.files + 2 * CLIENTS  # blocks of shared memory that are kept for the next bodies
    assert after.own_bytes < before.own_bytes + 4 * CLIENTS * MIB
    assert not after.zombies
