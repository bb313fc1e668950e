"""A registry on loopback, behind a proxy that counts what is sent to it. Neither looks into the other's affairs: the
bytes are those of TCP, requests and headers included."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread

_CONFIG = """\
version: 0.1
log: {{accesslog: {{disabled: true}}, level: info}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:0"}}
"""
_LISTENING = re.compile(r"listening on [0-9.:\[\]]*:(\d+)")
_PIPE_BYTES = 1024 * 1024
_HOST = "127.0.0.1"


@dataclass(slots=True)
class CountedRegistry:
    """Where images are pushed: `host` as references name it; `sent` counts the bytes that came in so far."""

    registry_port: int
    pid: int
    sent: int = 0
    _server: socket.socket = field(default_factory=lambda: socket.create_server((_HOST, 0)))
    _lock: Lock = field(default_factory=Lock)

    @property
    def host(self) -> str:
        """The proxy's."""
        return f"{_HOST}:{self._server.getsockname()[1]}"

    def serve(self) -> None:
        """Passes connections on until the proxy is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                upstream = socket.create_connection((_HOST, self.registry_port))
                for source, target, counts in ((client, upstream, True), (upstream, client, False)):
                    Thread(target=self._pass_on, args=(source, target, counts), daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _pass_on(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        """By splice(2): the bytes do not come into this process, whose cores are those of who is measured."""
        reading, writing = os.pipe()
        with suppress(OSError), os.fdopen(reading, "rb"), os.fdopen(writing, "wb"):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            while moved := os.splice(source.fileno(), writing, _PIPE_BYTES):
                if counts:
                    with self._lock:
                        self.sent += moved
                while moved:
                    moved -= os.splice(reading, target.fileno(), moved)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@dataclass(frozen=True, slots=True)
class RunningRegistry:
    """A process that listens at a port of this machine."""

    port: int
    pid: int

    @property
    def host(self) -> str:
        """As references name it."""
        return f"{_HOST}:{self.port}"


@contextmanager
def counted_registry(folder: Path) -> Iterator[CountedRegistry]:
    """An empty one behind a proxy, which keeps its blobs in `folder`."""
    with running_registry(folder) as running, closing(CountedRegistry(running.port, running.pid)) as registry:
        Thread(target=registry.serve, daemon=True).start()
        yield registry


@contextmanager
def running_registry(folder: Path) -> Iterator[RunningRegistry]:
    """One that keeps its blobs in `folder`, where there may be some already."""
    program = shutil.which("docker-registry")
    if program is None:
        raise SystemExit("docker-registry is not installed")
    folder.mkdir(exist_ok=True)
    (folder / "config.yml").write_text(_CONFIG.format(folder=folder))
    log = folder / "log"
    with log.open("w") as stderr:
        command = [program, "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, stderr=stderr, stdout=subprocess.DEVNULL)
    try:
        while not (found := _LISTENING.search(log.read_text())):
            if process.poll() is not None:
                raise SystemExit(f"docker-registry ended:\n{log.read_text()}")
            time.sleep(0.02)
        yield RunningRegistry(int(found[1]), process.pid)
    finally:
        process.terminate()
        process.wait()
