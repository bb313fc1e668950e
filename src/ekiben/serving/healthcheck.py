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
PLAIN, TLS, MUTUAL_TLS = "http", "https", "mutual-tls"  # how a server is spoken to; the last wants certificates of us
DEFAULT_ADDRESS = ("127.0.0.1", 3000, PLAIN)
TIMEOUT_S = 3.0  # below HEALTHCHECK's own, so that this process ends by itself
_SHARED_MEMORY = "/dev/shm"
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def announce(host: str, port: int, environ: Mapping[str, str] = os.environ, *, scheme: str = PLAIN) -> None:
    """Writes down where the server listens, where a file is named for it; failing that, the check asks the default."""
    for path in _files(environ):
        with suppress(OSError):
            path.write_text(f"{_ANYWHERE.get(host, host)} {port} {scheme}\n", encoding="ascii")
            return


def announced(environ: Mapping[str, str] = os.environ) -> tuple[str, int, str]:
    """Where the server said it listens, and how it is spoken to."""
    for path in _files(environ):
        with suppress(OSError, ValueError):
            host, port, scheme = path.read_text(encoding="ascii").split()
            if scheme in (PLAIN, TLS, MUTUAL_TLS):
                return host, int(port), scheme
    return DEFAULT_ADDRESS


def _files(environ: Mapping[str, str]) -> list[Path]:
    """Where the address may stand: the file named, else shared memory, the one place to write on a read-only root.

    Containers may share that memory, so the container's own name is in the file's.
    """
    named = environ.get(PORT_FILE_VARIABLE)
    return [Path(named), Path(_SHARED_MEMORY, f"{Path(named).name}.{socket.gethostname()}")] if named else []


def is_alive(host: str, port: int, scheme: str = PLAIN) -> bool:
    """Whether `GET /livez` is answered with a 2xx status in time.

    Of a server that asks clients for certificates it is enough that it does so: the check has none to show.
    """
    request = f"GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as plain:
            if scheme == PLAIN:
                return _is_answered(plain, request)
            with _secured(plain) as connection:
                return scheme == MUTUAL_TLS or _is_answered(connection, request)
    except OSError as error:
        return scheme == MUTUAL_TLS and type(error).__name__ == "SSLError"  # TLS 1.2 asks before it is established


def _is_answered(connection: socket.socket, request: str) -> bool:
    connection.sendall(request.encode("ascii"))
    with connection.makefile("rb") as reply:
        status = reply.readline().split(b" ", 2)
    return len(status) > 1 and status[1].startswith(b"2")


def _secured(plain: socket.socket) -> socket.socket:
    """The connection by TLS. Whose certificate it is does not matter to a check of the own container."""
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


if __name__ == "__main__":
    sys.exit(0 if is_alive(*announced()) else 1)
