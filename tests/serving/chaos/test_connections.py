"""Ten thousand idle connections: kept, bounded, cheap, and in nobody's way."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving.chaos.process_tree import census
from tests.serving.chaos.target import SOURCE
from tests.serving.server_process import eventually, serving, write_service

WANTED = 10_000
OWN_FILES = 500  # descriptors that test and server need beside the connections
MOST_PER_CONNECTION = 16 * 1024  # bytes of the server's own memory; the kernel's buffers come on top


@pytest.fixture
def affordable() -> Iterator[int]:
    """How many connections the limits of this machine allow; they are raised for the test and the server as far as
    they go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED + OWN_FILES
    raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, raised), hard))
    yield min(WANTED, max(soft, raised) - OWN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_idle_connections_are_kept_and_new_ones_served(tmp_path: Path, affordable: int) -> None:
    environ = {"EKIBEN_MAX_CONNECTIONS": str(affordable + 100)}
    with serving(write_service(tmp_path, SOURCE), environ=environ) as server, contextlib.ExitStack() as stack:
        url = httpx.URL(server.url)
        address = (url.host, url.port or 80)
        for _ in range(100):  # so that what is made once is there
            server.post("/square", numbers=[3])
        before = census(server.process.pid)
        connections = []
        for _ in range(affordable):
            connections.append(stack.enter_context(socket.create_connection(address, timeout=15)))
        eventually(lambda: census(server.process.pid).files >= before.files + affordable, within_s=60)
        assert server.post("/square", numbers=[3]).json() == [9]
        with httpx.Client(base_url=server.url, timeout=30) as newcomer:
            assert newcomer.get("/readyz").status_code == 200
        each = (census(server.process.pid).own_bytes - before.own_bytes) / affordable
        print(f"{affordable} idle connections of {each:.0f} bytes each")
        assert each < MOST_PER_CONNECTION
        for connection in connections[:: affordable // 100]:
            connection.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        stack.close()
        eventually(lambda: census(server.process.pid).files <= before.files, within_s=60)
