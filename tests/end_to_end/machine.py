"""`Machine`: what a new user has, and the small things that they do by hand: run, serve, ask."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
READY_WITHIN_S = 120.0  # a loaded machine that imports torch takes its time


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs, and where its server is reached."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Machine:
    """An environment with ekiben, a store, and a folder to work in."""

    bin: Path
    home: Path
    folder: Path

    def environ(self, **more: str) -> dict[str, str]:
        """What a process on this machine sees."""
        base = {name: value for name, value in os.environ.items() if not name.startswith("EKIBEN_")}
        path = f"{self.bin}{os.pathsep}{base['PATH']}"
        return {**base, "PATH": path, "EKIBEN_HOME": str(self.home), **more}

    def run(self, *arguments: str, cwd: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A finished command, its output as text."""
        done = subprocess.run(
            arguments, cwd=cwd or self.folder, env=self.environ(), capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def out(self, *arguments: str, cwd: Path | None = None) -> str:
        """What a command printed on stdout, bare."""
        return self.run(*arguments, cwd=cwd).stdout.strip()

    def copy_example(self, name: str) -> Path:
        """The example's folder, copied as a user would."""
        target = self.folder / name
        shutil.copytree(EXAMPLES / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        return target

    @contextmanager
    def serve(self, *arguments: str, cwd: Path | None = None) -> Iterator[str]:
        """The URL of a server started with these arguments, ready; it is stopped by SIGTERM at the end."""
        port = free_port()
        command = ["ekiben", "serve", *arguments, "--port", str(port)]
        process = subprocess.Popen(command, cwd=cwd or self.folder, env=self.environ())
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(url, lambda: process.poll() is None)
            yield url
        finally:
            process.terminate()
            assert process.wait(timeout=30) == 0

    @contextmanager
    def container(
        self, image: str, *options: str, arguments: Sequence[str] = (), port: int = 3000
    ) -> Iterator[Container]:
        """A container of the image, ready; it is gone at the end. `options` are Docker's, `arguments` the server's."""
        name = self.out("docker", "run", "--detach", "--publish", f"127.0.0.1:0:{port}", *options, image, *arguments)
        try:
            url = f"http://{self.out('docker', 'port', name, f'{port}/tcp').splitlines()[0]}"
            wait_until_ready(url)
            yield Container(name, url)
        finally:
            self.run("docker", "rm", "--force", name, check=False)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(url: str, is_alive: object = None) -> None:
    """Returns once `/readyz` answers 200."""
    until_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until_s:
        assert is_alive is None or (callable(is_alive) and is_alive()), "the server ended before it was ready"
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("not ready in time")


def post(url: str, **fields: object) -> object:
    """The JSON answer to a POST of `fields`."""
    body = json.dumps(fields).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())
