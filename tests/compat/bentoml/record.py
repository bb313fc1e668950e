"""Writes down what BentoML answers: `python -m tests.compat.bentoml.record [NAME...]`, with BentoML 1.4.39 installed.

BentoML 1.4 has moved the classic `Service`, which its documentation of the classic style does not know: that one name
is changed here. Run it again only where an example or what is asked of it has changed; the tests hold ekiben to what is
written here.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.compat.bentoml.example import Example, examples

READY_WITHIN_S = 60.0


@contextmanager
def bentoml_serving(project: Path, target: str) -> Iterator[str]:
    """The URL of BentoML's server; all of its processes have ended when the block has."""
    environ = {**os.environ, "BENTOML_HOME": str(project / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    if (project / "prepare.py").exists():
        subprocess.run([sys.executable, "prepare.py"], cwd=project, env=environ, check=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "bentoml", "serve", target, "--host", "127.0.0.1", "--port", str(port)]
    with (project / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=project, env=environ, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, server, project / "server.log")
        yield url
    finally:
        with suppress(ProcessLookupError):  # it may not have started at all
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit(f"BentoML did not get ready:\n{log.read_text()[-3000:]}")


def record(example: Example) -> None:
    """Serves the example by BentoML and keeps what a client sees."""
    with tempfile.TemporaryDirectory() as folder:
        project = example.copy(Path(folder) / example.folder.name)
        service = project / "service.py"
        service.write_text(service.read_text().replace("bentoml.Service(", "bentoml.legacy.Service("))
        with bentoml_serving(project, example.target) as url:
            seen = example.ask(url)
    example.recorded.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n")


def main() -> None:
    """Records the examples that are named, or all."""
    for example in examples():
        if sys.argv[1:] and example.folder.name not in sys.argv[1:]:
            continue
        print(example.folder.name, file=sys.stderr, flush=True)
        record(example)


if __name__ == "__main__":
    main()
