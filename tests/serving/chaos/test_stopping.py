"""The end of a server that is busy: nothing that it accepted is lost, and nothing holds it up beyond its bounds."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvloop

from tests.serving.chaos.client import Client, Lost, post
from tests.serving.chaos.process_tree import census, is_running
from tests.serving.chaos.services import LINEAR, read_runs
from tests.serving.server_process import ServerProcess, eventually, free_port, serving, started, write_service

CLIENTS = 32
LOAD_S = 1.0  # before the signal
DRAIN_S = 20
BOTH = pytest.mark.parametrize("workers", ["1", "2"])

STUCK = """
import os, time
from pathlib import Path
import ekiben

@ekiben.service(name="Stuck", traffic={"drain_timeout": 1})
class Stuck:
    @ekiben.api
    def hang(self) -> str:
        Path("hanging").touch()
        time.sleep(600)
        return "never"

    @ekiben.api
    def pid(self) -> int:
        return os.getpid()
"""
VERSIONED = """
import ekiben

@ekiben.service(name="Versioned")
class Versioned:
    @ekiben.api(batchable=True)
    def version(self, numbers: list[int]) -> list[list[int]]:
        return [[{version}, number] for number in numbers]
"""


@dataclass(slots=True)
class Seen:
    """What the clients saw: numbers answered, wrong answers in words, numbers whose connection the server closed."""

    answered: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)


class Crowd:
    """CLIENTS clients that ask for numbers of their own in a closed loop."""

    def __init__(self, server: ServerProcess, route: str, is_right: Callable[[int, bytes], bool]) -> None:
        url = httpx.URL(server.url)
        self._address = (url.host, url.port or 80)
        self._route = route
        self._is_right = is_right
        self._numbers = itertools.count(1)
        self._is_over = False
        self.seen = Seen()

    def ask_until(self, *steps: tuple[float, Callable[[], object]]) -> Seen:
        """Asks while each step, a call, is taken so many seconds after the one before; ends after the last one."""
        uvloop.run(self._ask(steps))
        return self.seen

    async def _ask(self, steps: tuple[tuple[float, Callable[[], object]], ...]) -> None:
        clients = [asyncio.create_task(self._be_client()) for _ in range(CLIENTS)]
        for delay_s, act in steps:
            await asyncio.sleep(delay_s)
            act()
        self._is_over = True
        await asyncio.wait_for(asyncio.gather(*clients), 60)

    async def _be_client(self) -> None:
        client = Client(*self._address)
        while True:
            number = next(self._numbers)
            try:
                answer = await client.ask(post(self._route, {"numbers": [number * 200 + 1]}))
            except (Lost, OSError):
                self.seen.dropped.add(number * 200 + 1)
                client.leave()
                if self._is_over:
                    return
                await asyncio.sleep(0.01)
                continue
            self.seen.answered.add(number * 200 + 1)
            if answer.status != 200 or not self._is_right(number * 200 + 1, answer.body):
                self.seen.wrong.append(f"{number} was answered {answer}")
            if self._is_over:
                client.leave()
                return


def is_square(number: int, body: bytes) -> bool:
    """Whether LINEAR says so."""
    return body == f"[{number * number}]".encode()


def linear(folder: Path) -> tuple[Path, dict[str, str]]:
    """LINEAR's project, and the environment that makes it write down its runs."""
    project = write_service(folder / "project", LINEAR)
    return project, {"CHAOS_RUNS": str(project / "runs"), "EKIBEN_DRAIN_TIMEOUT": str(DRAIN_S)}


@BOTH
def test_sigterm_under_load_answers_all_that_was_accepted(tmp_path: Path, workers: str) -> None:
    project, environ = linear(tmp_path)
    with serving(project, "--workers", workers, environ=environ) as server:
        crowd = Crowd(server, "/square", is_square)
        seen = crowd.ask_until((LOAD_S, server.process.terminate))
        assert server.process.wait(DRAIN_S) == 0
    runs = read_runs(project / "runs")
    assert seen.wrong == []
    assert len(seen.answered) > CLIENTS
    assert not seen.dropped & set(runs.times_begun()), "what was begun has to be answered"


@BOTH
def test_a_queue_is_worked_off_before_the_end(tmp_path: Path, workers: str) -> None:
    """Three hundred rows are twenty batches; all of them are accepted before the signal."""
    project, environ = linear(tmp_path)
    with serving(project, "--workers", workers, environ=environ) as server:
        statuses = uvloop.run(_ask_and_terminate(server, 300))
        assert server.process.wait(DRAIN_S) == 0
    assert statuses == [200] * 300


async def _ask_and_terminate(server: ServerProcess, count: int) -> list[int]:
    url = httpx.URL(server.url)
    clients = [Client(url.host, url.port or 80) for _ in range(count)]
    for number, client in enumerate(clients):
        await client.send(post("/square", {"numbers": [number * 200 + 1]}))
    async with httpx.AsyncClient(base_url=server.url) as other:  # accepted after them, so they are, too
        assert (await other.get("/livez")).status_code == 200
    server.process.terminate()
    answers = await asyncio.gather(*(client.read() for client in clients))
    for client in clients:
        client.leave()
    return [answer.status for answer in answers]


@BOTH
def test_a_second_sigterm_under_load_is_immediate_and_leaves_no_process(tmp_path: Path, workers: str) -> None:
    project, environ = linear(tmp_path)
    with serving(project, "--workers", workers, environ=environ) as server:
        pids = census(server.process.pid).pids
        server_pid = server.process.pid
        if workers == "2":  # one that cannot drain
            assert server.post("/square", numbers=[1]).status_code == 200
            os.kill(read_runs(project / "runs").pids[0], signal.SIGSTOP)
        crowd = Crowd(server, "/square", is_square)
        crowd.ask_until((LOAD_S, server.process.terminate), (0.05, lambda: os.kill(server_pid, signal.SIGTERM)))
        status = server.process.wait(5)
    drained = (0, -signal.SIGTERM) if workers == "1" else ()  # before the second came, or was listened for
    assert status in (128 + signal.SIGTERM, *drained)
    eventually(lambda: not any(is_running(pid) for pid in pids))


def test_sigkill_of_the_front_under_load_leaves_no_worker(tmp_path: Path) -> None:
    project, environ = linear(tmp_path)
    with serving(project, "--workers", "2", environ=environ) as server:
        pids = census(server.process.pid).pids
        Crowd(server, "/square", is_square).ask_until((LOAD_S, server.process.kill))
        assert server.process.wait(5) == -signal.SIGKILL
        eventually(lambda: not any(is_running(pid) for pid in pids))


@pytest.mark.parametrize("way", ["a call that hangs", "a worker that was stopped"])
def test_a_stuck_worker_does_not_hold_up_the_end(tmp_path: Path, way: str) -> None:
    project = write_service(tmp_path / "project", STUCK)
    with serving(project, "--workers", "2") as server:
        pids = census(server.process.pid).pids
        if way == "a call that hangs":
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{server.url}/hang", json={}, timeout=1)
            assert (project / "hanging").exists()
        else:
            os.kill(server.post("/pid").json(), signal.SIGSTOP)
        begun_s = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - begun_s < 20
        eventually(lambda: not any(is_running(pid) for pid in pids))


def test_a_reload_under_load_never_answers_wrongly(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project", VERSIONED.format(version=1))
    port = str(free_port())

    def say(version: int) -> Callable[[], object]:
        return lambda: (project / "service.py").write_text(VERSIONED.format(version=version))

    def version() -> int:
        try:
            return int(server.post("/version", numbers=[1]).json()[0][0])
        except httpx.TransportError:
            return 0

    with started(project, "service", "--root", str(project), "-p", port, "--reload") as server:
        versions = [f"[[{version},%d]]" for version in (1, 2, 3)]
        crowd = Crowd(server, "/version", lambda number, body: body.decode() in [one % number for one in versions])
        seen = crowd.ask_until((LOAD_S, say(2)), (2.0, say(3)), (2.0, lambda: None))
        eventually(lambda: version() == 3, within_s=30)
        pids = census(server.process.pid).pids
        assert server.end() == 0
        eventually(lambda: not any(is_running(pid) for pid in pids))
    assert seen.wrong == []
    assert len(seen.answered) > CLIENTS
