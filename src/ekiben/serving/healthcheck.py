"""Is the server of this container alive? `python -m ekiben.serving.healthcheck`, an image's HEALTHCHECK, exits 0 or 1.

Only the server knows where it listens (options, environment and files may all say), so it writes its address into
the file that EKIBEN_PORT_FILE names (`announce`), and the check reads it there. It runs every few seconds beside the
service, so it imports nothing heavy and nothing of ours.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PORT_FILE_VARIABLE = "EKIBEN_PORT_FILE"
DEFAULT_ADDRESS = ("127.0.0.1", 3000)
TIMEOUT_S = 3.0  # below HEALTHCHECK's own, so that this process ends by itself
_SHARED_MEMORY = "/dev/shm"
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def announce(host: str, port: int, environ: Mapping[str, str] = os.environ) -> None:
    """Writes down where the server listens, where a file is named for it; failing that, the check asks the default."""
    for path in _files(environ):
        with suppress(OSError):
            path.write_text(f"{_ANYWHERE.get(host, host)} {port}\n", encoding="ascii")
            return


def announced(environ: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """Where the server said it listens."""
    for path in _files(environ):
        with suppress(OSError, ValueError):
            host, port = path.read_text(encoding="ascii").split()
            return host, int(port)
    return DEFAULT_ADDRESS


def _files(environ: Mapping[str, str]) -> list[Path]:
    """Where the address may stand: the file named, else shared memory, the one place to write on a read-only root.

    Containers may share that memory, so the container's own name is in the file's.
    """
    named = environ.get(PORT_FILE_VARIABLE)
    return [Path(named), Path(_SHARED_MEMORY, f"{Path(named).name}.{socket.gethostname()}")] if named else []


def is_alive(host: str, port: int) -> bool:
    """Whether `GET /livez` is answered with a 2xx status in time."""
    request = f"GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as connection:
            connection.sendall(request.encode("ascii"))
            status = connection.makefile("rb").readline().split(b" ", 2)
    except OSError:
        return False
    return len(status) > 1 and status[1].startswith(b"2")


if __name__ == "__main__":
    sys.exit(0 if is_alive(*announced()) else 1)
