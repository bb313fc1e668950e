"""`ServerProcess`: a real server in a process of its own, on a port that the system chose."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_WITHIN_S = 60.0
ENDED_WITHIN_S = 30.0

# Every way that an API can be: batchable, sync, async; and a way to ask for trouble.
SERVICE = '''
import asyncio, os, signal, time
from pathlib import Path
import numpy as np
import ekiben

@ekiben.service(name="Probe")
class Probe:
    """Answers in every way."""

    @ekiben.api(batchable=True, max_batch_size=16)
    def double(self, rows: np.ndarray) -> np.ndarray:
        if (rows == 13).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return rows * 2

    @ekiben.api
    def nap(self, seconds: float, note: str = "") -> str:
        if note:
            Path(note).write_text("begun")
        time.sleep(seconds)
        if note:
            Path(note).write_text("done")
        return "rested"

    @ekiben.api
    async def wait(self, seconds: float, note: str = "") -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            Path(note).write_text("cancelled")
            raise
        return "waited"

    @ekiben.api
    def pid(self) -> int:
        return os.getpid()

    @ekiben.api
    def fail(self) -> str:
        raise RuntimeError("a secret of the service")

    @ekiben.api
    def echo(self, ctx: ekiben.Context) -> dict[str, str]:
        request = ctx.request
        return {"id": request.id, "agent": request.headers["user-agent"], "query": request.query.get("q", "")}
'''


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """`client` asks it, `output()` is what it printed so far."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str
    client: httpx.Client

    def output(self) -> str:
        """Everything on stdout and stderr."""
        return self.log.read_text()

    def post(self, route: str, **fields: object) -> httpx.Response:
        """The answer to a POST of `fields` as JSON."""
        return self.client.post(route, json=fields)

    def metric(self, line_start: str) -> float:
        """The value of the first series whose line begins so; 0 where there is none."""
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(line_start)), 0.0)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal; gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(ENDED_WITHIN_S)


def write_service(folder: Path, source: str = SERVICE) -> Path:
    """A project with `service.py`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "service.py").write_text(source)
    return folder


def environment(**more: str) -> dict[str, str]:
    """The tests' own environment without what would configure a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EKIBEN_", "BENTOML_", "PORT"))}
    return {**kept, **more}


@contextmanager
def serving(project: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[ServerProcess]:
    """A server of `project`'s `service` module, ready; ended at the end, if the test has not done it."""
    with started(project, "service", "--root", str(project), "-p", "0", *arguments, environ=environ) as server:
        yield server


@contextmanager
def started(folder: Path, *command: str, environ: Mapping[str, str] | None = None) -> Iterator[ServerProcess]:
    """`python -m ekiben.serving COMMAND`, ready."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ekiben.serving", *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(**(environ or {})),
            cwd=folder,
        )
    try:
        url = _url_when_ready(process, log)
        with httpx.Client(base_url=url, timeout=30) as client:
            yield ServerProcess(process, log, url, client)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(ENDED_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run_to_end(
    folder: Path, *command: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m ekiben.serving COMMAND`, which ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "ekiben.serving", *command],
        capture_output=True,
        text=True,
        env=environment(**(environ or {})),
        cwd=folder,
        timeout=READY_WITHIN_S,
        check=False,
    )


def free_port() -> int:
    """A port that nothing listens on now, for a server that has to be found before it says where it is."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def eventually(holds: object, within_s: float = 15.0) -> None:
    """Returns once `holds()` is true."""
    assert callable(holds)
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)


def _url_when_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        found = re.search(r"ekiben: serving .* at (https?://\S+)", log.read_text())
        if found:
            return found[1]
        assert process.poll() is None, f"the server ended before it was ready:\n{log.read_text()}"
        time.sleep(0.02)
    raise AssertionError(f"not ready in time:\n{log.read_text()}")
