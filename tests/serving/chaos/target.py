"""The server that hostile clients meet, and what each test may expect of it afterwards."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.serving.chaos.process_tree import census, forget_peak, is_running, peak_bytes
from tests.serving.http.raw_client import connected
from tests.serving.server_process import ServerProcess

MIB = 1024 * 1024
MOST_EXTRA_BYTES = 64 * MIB  # that a process may need at its worst: above noise, far below what any attack here sends
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")

SOURCE = """
from pathlib import Path

import ekiben
import numpy as np
from PIL.Image import Image


@ekiben.service(name="Target")
class Target:
    @ekiben.api(batchable=True, max_batch_size=16)
    def square(self, numbers: list[int]) -> list[int]:
        return [number * number for number in numbers]

    @ekiben.api
    def keep(self, paper: Path) -> list[str]:
        return [str(paper), paper.read_bytes().decode("latin-1")[:1000]]

    @ekiben.api
    def size(self, photo: Image) -> list[int]:
        return list(photo.size)

    @ekiben.api
    def anything(self, value):
        return type(value).__name__

    @ekiben.api
    def number(self, value: float) -> float:
        return value

    @ekiben.api(batchable=True)
    def total(self, rows: np.ndarray) -> np.ndarray:
        return rows.reshape(len(rows), -1).sum(axis=1)

    @ekiben.api
    def write(self, size: int) -> str:
        return "x" * size
"""


@contextmanager
def unharmed(server: ServerProcess, most_extra_bytes: int = MOST_EXTRA_BYTES) -> Iterator[ServerProcess]:
    """What happens inside kills no process, costs no process more memory than that, and leaves all in working order."""
    before = census(server.process.pid)
    for pid in before.pids:
        forget_peak(pid)
    sizes = {pid: peak_bytes(pid) for pid in before.pids}
    yield server
    assert server.process.poll() is None, server.output()[-2000:]
    assert all(is_running(pid) for pid in before.pids), server.output()[-2000:]
    extra = {pid: peak_bytes(pid) - size for pid, size in sizes.items()}
    assert max(extra.values()) < most_extra_bytes, f"{extra} bytes more at the worst"
    assert server.client.get("/readyz").status_code == 200
    assert server.post("/square", numbers=[3, 4]).json() == [9, 16]


def reply_to(url: str, message: bytes) -> bytes:
    """Sends bytes and reads until the server closes. Raises TimeoutError where it does not."""
    with connected(url) as connection:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # refused before all was sent
            connection.sendall(message)
        return read_rest(connection)


def read_rest(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1 << 20):
            received += piece
    return bytes(received)


def statuses(replies: bytes) -> list[int]:
    """The statuses of all replies in the bytes, in order."""
    return [int(found) for found in _STATUS.findall(replies)]


def request(
    route: str, body: bytes = b"", content_type: str = "application/json", method: str = "POST", **headers: str
) -> bytes:
    """A request that asks to close, as bytes. Names of `headers` have `_` for `-`."""
    fields = {"host": "target", "content-type": content_type, "content-length": str(len(body)), "connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {route} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body
