"""The servers: how each is started, when it is ready, and that nothing of it is left behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.serving import processes

SERVICES = Path(__file__).with_name("services")
READY_TIMEOUT_S = 90.0  # torch alone may take twenty on a busy machine
STOP_TIMEOUT_S = 10.0
_POLL_S = 0.005
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Question:
    """A request whose answer is known."""

    path: str
    body: bytes
    is_right: Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Server:
    """A service under one server. `{bin}` and `{port}` in the command are filled in."""

    name: str
    environment: str
    folder: str
    command: tuple[str, ...]
    path: str
    environ: dict[str, str] = field(default_factory=dict)


def ekiben(service: str, path: str, name: str = "ekiben") -> Server:
    """`service` is `module:Class` in services/ekiben."""
    return Server(name, "ekiben", "ekiben", ("{bin}/ekiben", "serve", service, "--port", "{port}"), path)


def bentoml(service: str, path: str, name: str = "BentoML") -> Server:
    """As it is installed: uvicorn on asyncio and h11, a line of log for each request."""
    command = ("{bin}/bentoml", "serve", service, "--host", "127.0.0.1", "--port", "{port}")
    return Server(name, "bentoml", "bentoml", command, path, {"BENTOML_DO_NOT_TRACK": "True"})


def bentoml_tuned(service: str, path: str) -> Server:
    """With uvloop and httptools installed, which its uvicorn then takes, and no access log."""
    command = ("{bin}/bentoml", "serve", service, "--host", "127.0.0.1", "--port", "{port}")
    environ = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_CONFIG": str(SERVICES / "bentoml" / "quiet.yaml")}
    return Server("BentoML, tuned", "bentoml-tuned", "bentoml", command, path, environ)


def litserve(script: str, path: str) -> Server:
    """A script of services/litserve."""
    return Server("LitServe", "litserve", "litserve", ("{bin}/python", script, "{port}"), path)


def mosec(script: str, path: str, *arguments: str, name: str = "mosec", wait_ms: int = 1) -> Server:
    """A script of services/mosec; `wait_ms` is how long its worker waits for a batch to fill up."""
    command = ("{bin}/python", script, "--address", "127.0.0.1", "--port", "{port}", *arguments)
    return Server(name, "mosec", "mosec", command, path, {"MOSEC_WAIT_MS": str(wait_ms)})


def bare(script: str, path: str) -> Server:
    """A script of services/bare: the HTTP stack that ekiben stands on, and nothing else."""
    return Server("bare", "bare", "bare", ("{bin}/python", script, "{port}"), path)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has answered."""

    server: Server
    port: int
    pid: int
    ready_s: float

    def ask(self, question: Question) -> None:
        """Ends the benchmark where an answer is wrong."""
        answer = ask(self.port, question)
        if answer is None or not question.is_right(answer):
            raise SystemExit(f"{self.server.name} answers {question.path} with {str(answer)[:200]}")


@contextmanager
def running(server: Server, environments: Path, work: Path, question: Question) -> Iterator[Running]:
    """The server from its first right answer; when the block ends, so has every process of it."""
    port = free_port()
    log_path = work / f"{server.environment}.log"
    binaries = environments / server.environment / "bin"
    command = [part.format(bin=binaries, port=port) for part in server.command]
    environ = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "IRIS_MODEL": str(work / "iris.joblib"),
    }
    environ |= {"EKIBEN_HOME": str(work), "BENTOML_HOME": str(work), "HF_HUB_OFFLINE": "1"} | server.environ
    with log_path.open("wb") as log:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=SERVICES / server.folder, env=environ, stdout=log, stderr=log, start_new_session=True
        )
        try:
            ready_s = _wait_until_ready(process, port, question, begun, log_path)
            yield Running(server, port, process.pid, ready_s)
        finally:
            _stop(process)


def ask(port: int, question: Question) -> object:
    """The answer's JSON; none where there was no answer, or one that is not 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_TIMEOUT_S)
    try:
        connection.request("POST", question.path, question.body, _JSON)
        reply = connection.getresponse()
        body = reply.read()
        return json.loads(body) if reply.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def free_port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(
    process: subprocess.Popen[bytes], port: int, question: Question, begun: float, log_path: Path
) -> float:
    while process.poll() is None and time.perf_counter() - begun < READY_TIMEOUT_S:
        answer = ask(port, question)
        if answer is not None and question.is_right(answer):
            return time.perf_counter() - begun
        time.sleep(_POLL_S)
    tail = log_path.read_text(errors="replace")[-2000:]
    raise SystemExit(f"{process.args!r} did not get ready:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the server, then SIGKILL to whatever of it is left."""
    family = processes.members(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    for pid in {*family, *processes.members(process.pid)}:
        if pid != process.pid and Path(f"/proc/{pid}").exists():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait()
