"""Streams whose reader leaves, stops reading, or loses the worker: nothing is left behind, and nobody takes a part of
one for a whole."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.chaos.process_tree import census
from tests.serving.chaos.target import MIB, read_rest, request, unharmed
from tests.serving.http.raw_client import connected
from tests.serving.server_process import ServerProcess, eventually, serving, write_service

BOTH = pytest.mark.parametrize("workers", ["1", "2"])
FIRST = re.compile(rb"\r\n\r\n[0-9a-f]+\r\n(\d+)\n")  # the end of the head, a chunk's size, and the worker's process id
CLIENTS = 6  # more than there are threads

SOURCE = '''
import asyncio, os, time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import ekiben


@ekiben.service(name="Streams", threads=2)
class Streams:
    @ekiben.api(batchable=True)
    def square(self, numbers: list[int]) -> list[int]:
        return [number * number for number in numbers]

    @ekiben.api
    def count(self, size: int = 10, pause: float = 0.01) -> Iterator[str]:
        """Never ends by itself; says so when it is closed."""
        try:
            yield f"{os.getpid()}\\n"
            while True:
                time.sleep(pause)
                yield "x" * size
        finally:
            with Path("closed").open("a") as file:
                file.write("closed\\n")

    @ekiben.api
    async def tick(self, size: int = 10, pause: float = 0.01) -> AsyncIterator[str]:
        try:
            yield f"{os.getpid()}\\n"
            while True:
                await asyncio.sleep(pause)
                yield "x" * size
        finally:
            with Path("closed").open("a") as file:
                file.write("closed\\n")
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_service(tmp_path / "project", SOURCE)


def closed(project: Path) -> int:
    """How many streams have been closed."""
    note = project / "closed"
    return len(note.read_text().split()) if note.exists() else 0


@contextlib.contextmanager
def reading(server: ServerProcess, route: str, fields: str = "{}") -> Iterator[tuple[socket.socket, int]]:
    """A connection whose stream has begun, and the worker that makes it."""
    with connected(server.url) as connection:
        connection.sendall(request(route, fields.encode()).replace(b"connection: close\r\n", b""))
        received = b""
        while not (found := FIRST.search(received)):
            piece = connection.recv(4096)
            assert piece, received
            received += piece
        yield connection, int(found[1])


@BOTH
@pytest.mark.parametrize("route", ["/count", "/tick"])
def test_a_stream_whose_reader_left_is_closed_and_its_slot_is_free(project: Path, workers: str, route: str) -> None:
    with serving(project, "--workers", workers) as server:
        files = census(server.process.pid).files
        for number in range(1, CLIENTS + 1):
            with reading(server, route):
                pass
            eventually(lambda number=number: closed(project) == number)
        assert server.post("/square", numbers=[3]).json() == [9]
        eventually(lambda: census(server.process.pid).files <= files + 1)  # the connection of the test's own client
        assert server.metric("ekiben_request_in_progress{") == 0


@BOTH
@pytest.mark.parametrize("route", ["/count", "/tick"])
def test_a_stream_that_nobody_reads_waits_and_holds_little(project: Path, workers: str, route: str) -> None:
    with serving(project, "--workers", workers) as server, unharmed(server, most_extra_bytes=32 * MIB):
        with reading(server, route, '{"size": 100000, "pause": 0}') as (connection, _):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for number in range(50):
                assert server.post("/square", numbers=[number]).json() == [number * number]
                time.sleep(0.01)
        eventually(lambda: closed(project) == 1)


@pytest.mark.parametrize("route", ["/count", "/tick"])
def test_a_stream_whose_worker_was_killed_breaks_off_and_does_not_end(project: Path, route: str) -> None:
    with serving(project, "--workers", "2") as server:
        with reading(server, route) as (connection, pid):
            os.kill(pid, signal.SIGKILL)
            assert not read_rest(connection).endswith(b"0\r\n\r\n")
        eventually(lambda: server.metric("ekiben_worker_restarts_total") == 1)
        assert server.post("/square", numbers=[3]).json() == [9]
        assert server.metric("ekiben_request_in_progress{") == 0


@BOTH
def test_sigterm_ends_streams_that_do_not_end(project: Path, workers: str) -> None:
    with (
        serving(project, "--workers", workers, environ={"EKIBEN_DRAIN_TIMEOUT": "1"}) as server,
        reading(server, "/count") as (sync, _),
        reading(server, "/tick") as (other, _),
    ):
        readers = [threading.Thread(target=read_rest, args=(one,)) for one in (sync, other)]
        for reader in readers:
            reader.start()
        assert server.end() == 0
        for reader in readers:
            reader.join()


@BOTH
def test_as_many_readers_as_there_are_slots_leave_room_for_async_ones(project: Path, workers: str) -> None:
    slots = 2 * int(workers)
    with serving(project, "--workers", workers) as server, contextlib.ExitStack() as stack:
        for _ in range(slots):
            stack.enter_context(reading(server, "/count"))
        for _ in range(CLIENTS):
            stack.enter_context(reading(server, "/tick"))
        assert server.client.get("/livez").status_code == 200
        stack.close()
        eventually(lambda: closed(project) == slots + CLIENTS)
        assert server.post("/square", numbers=[3]).json() == [9]
