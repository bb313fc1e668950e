"""What clients that stop, drip or never end may take: a real server on real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serving.http.raw_client import connected, read_to_end, read_until, send_until_refused, status_of
from tests.serving.server_process import ServerProcess, serving, write_service

SETTINGS = {
    "EKIBEN_HEAD_TIMEOUT": "1",
    "EKIBEN_KEEP_ALIVE": "2",
    "EKIBEN_BODY_TIMEOUT": "1",
    "EKIBEN_MAX_CONNECTIONS": "8",
    "EKIBEN_MAX_CONCURRENCY": "2",
}
MANY = 64 * 1024 * 1024  # bytes; what the server must not take


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of little patience."""
    project = write_service(tmp_path_factory.mktemp("project"))
    with serving(project, environ=SETTINGS) as server:
        yield server


@pytest.mark.parametrize(("size", "status"), [(60_000, 200), (70_000, 431)])
def test_a_head_has_a_largest_size(server: ServerProcess, size: int, status: int) -> None:
    with connected(server.url) as connection:
        connection.sendall(
            b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: " + b"a" * size + b"\r\n\r\n"
        )
        assert status_of(read_to_end(connection)) == status


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET /livez HTTP/1.1\r\nhost: x\r\n", b"x-name: value\r\n" * 1000),
        (b"GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ", b"a" * 16000),
        (b"GET /", b"a" * 16000),
        (b"POST /pid HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", b"x-name: value\r\n" * 1000),
        (b"POST /pid HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;", b"a" * 16000),
    ],
    ids=["headers", "one header", "path", "trailers", "chunk extension"],
)
def test_a_head_without_end_is_refused(server: ServerProcess, start: bytes, piece: bytes) -> None:
    with connected(server.url) as connection:
        connection.sendall(start)
        assert send_until_refused(connection, piece, MANY) < MANY


def test_a_refusal_is_told_as_json_and_the_connection_is_closed(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"no request at all\r\n\r\n")
        reply = read_to_end(connection)
    assert status_of(reply) == 400
    assert b'{"error":"this is no HTTP request"' in reply
    assert b"connection: close" in reply


@pytest.mark.parametrize("sent", [b"", b"GET /li", b"GET /livez HTTP/1.1\r\nhost: a\r\n"])
def test_a_head_that_does_not_come_ends_the_connection(server: ServerProcess, sent: bytes) -> None:
    with connected(server.url) as connection:
        connection.sendall(sent)
        assert status_of(read_to_end(connection)) == (408 if sent else 0)


def test_a_head_in_drips_does_not_buy_time(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        begun_s = time.monotonic()
        connection.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
        while send_until_refused(connection, b"a: b\r\n", 1) and time.monotonic() - begun_s < 10:
            time.sleep(0.2)
        assert time.monotonic() - begun_s < 6


def test_an_idle_connection_is_kept_and_then_closed(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        for _ in range(2):
            connection.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
            assert status_of(read_until(connection, b'{"status":"ok"}')) == 200
            time.sleep(0.5)
        assert read_to_end(connection) == b""


def test_a_body_that_stops_is_408(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"POST /pid HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n{")
        reply = read_to_end(connection)
    assert status_of(reply) == 408
    assert b"connection: close" in reply


def test_a_slow_body_that_moves_on_is_waited_for(server: ServerProcess) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"POST /pid HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4002\r\n\r\n{")
        for _ in range(20):
            connection.sendall(b" " * 200)
            time.sleep(0.2)
        connection.sendall(b"}")
        assert status_of(read_to_end(connection)) == 200


def test_bodies_that_stop_leave_the_others_their_turn(server: ServerProcess) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(connected(server.url))
            connection.sendall(b"POST /pid HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        time.sleep(0.2)
        assert server.post("/pid").status_code == 200


def test_a_client_that_takes_no_answers_is_cut_off(server: ServerProcess) -> None:
    asked = 3000
    with connected(server.url) as connection:
        connection.sendall(b"GET /docs.json HTTP/1.1\r\nhost: x\r\n\r\n" * asked)
        time.sleep(6)
        assert read_to_end(connection).count(b"HTTP/1.1 200") < asked


def test_connections_beyond_the_bound_are_refused_and_the_others_served(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    with serving(project, environ={"EKIBEN_MAX_CONNECTIONS": "5"}) as server, ExitStack() as stack:
        assert server.client.get("/livez").status_code == 200
        held = [stack.enter_context(connected(server.url)) for _ in range(5)]
        assert status_of(read_to_end(held[4])) == 503
        assert server.client.get("/livez").status_code == 200


def test_trailers_are_no_headers(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    chunked = (
        b"POST /echo HTTP/1.1\r\nhost: x\r\nuser-agent: me\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    with serving(project) as server, connected(server.url) as connection:
        connection.sendall(chunked)
        connection.sendall(b"2\r\n{}\r\n")
        time.sleep(0.2)
        connection.sendall(b"0\r\nuser-agent: other\r\n\r\n")
        assert b'"agent":"me"' in read_to_end(connection)
