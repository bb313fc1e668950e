"""`--reload`: runs the server as a child and starts a fresh one whenever a file of the project changes.

A fresh process is the only reload that never lies: no module, thread or device of the old one is left. A server that
ends by itself (the service does not import) is not an end here: it has said why, and the next change is its next
chance. For development; `watchfiles` is not part of an image.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

from ekiben.errors import UsageError

# What a service is made of. Its data and logs may change while it runs, and must not restart it.
SUFFIXES = (".py", ".yaml", ".yml", ".toml")
STOP_S = 10.0  # seconds that the old server gets for what is under way; a developer waits


def serve_and_reload(command: Sequence[str], folder: Path) -> int:
    """Runs `command` until SIGINT or SIGTERM comes, again after each change in `folder`; gives the exit status."""
    stopping = threading.Event()
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        stopping.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    server = _start(command)
    try:
        for changed in _changes(folder, stopping):
            if stopping.is_set():
                break
            print(f"ekiben: {', '.join(sorted(changed))} changed, starting again", file=sys.stderr, flush=True)
            _end(server)
            server = _start(command)
    finally:
        _end(server)
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 130 if received[:1] == [signal.SIGINT] else 0


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """The server. It writes no bytecode: Python takes a file of the same size and second for unchanged."""
    return subprocess.Popen(command, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def _changes(folder: Path, stopping: threading.Event) -> Iterable[set[str]]:
    """Sets of changed source files, relative to `folder`; environments and version control do not count."""
    try:
        from watchfiles import watch
    except ImportError as error:
        raise UsageError("`--reload` needs `watchfiles`", hint="pip install watchfiles") from error
    for changes in watch(folder, stop_event=stopping, raise_interrupt=False, rust_timeout=500):
        sources = {str(Path(path).relative_to(folder)) for _, path in changes if path.endswith(SUFFIXES)}
        if sources:
            yield sources


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
