"""Bodies of a gigabyte, however they are dressed: refused with 413 early, at the cost of the limit and no more."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.chaos.target import SOURCE, read_rest, reply_to, request, statuses, unharmed
from tests.serving.http.raw_client import connected
from tests.serving.server_process import ServerProcess, serving, write_service

MIB = 1024 * 1024
GIB = 1024 * MIB
LIMIT = 4 * MIB
ROUTES = [b"/square", b"/keep"]


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    project = write_service(tmp_path_factory.mktemp("strict"), SOURCE)
    with serving(project, environ={"EKIBEN_MAX_BODY": str(LIMIT)}) as server:
        yield server


@pytest.fixture
def strict(strict_server: ServerProcess) -> Iterator[ServerProcess]:
    with unharmed(strict_server, most_extra_bytes=8 * LIMIT):
        yield strict_server


def push(connection: socket.socket, head: bytes, piece: bytes, most_bytes: int) -> tuple[int, bytes]:
    """Sends pieces as fast as they are taken, until the server closes; gives how many bytes went, and the reply."""
    sent = 0
    try:
        connection.sendall(head)
        while sent < most_bytes:
            connection.sendall(piece)
            sent += len(piece)
    except (ConnectionResetError, BrokenPipeError):
        pass
    return sent, read_rest(connection)


@pytest.mark.parametrize("route", ROUTES)
def test_a_gigabyte_that_is_declared_is_refused_before_it_comes(strict: ServerProcess, route: bytes) -> None:
    with connected(strict.url) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (route, GIB))
        assert statuses(connection.recv(10_000)) == [413]


@pytest.mark.parametrize("route", ROUTES)
def test_a_client_that_asks_before_it_sends_a_gigabyte_is_not_told_to(strict: ServerProcess, route: bytes) -> None:
    with connected(strict.url) as connection:
        fields = b"host: a\r\ncontent-length: %d\r\nexpect: 100-continue\r\n" % GIB
        connection.sendall(b"POST %s HTTP/1.1\r\n%s\r\n" % (route, fields))
        assert statuses(connection.recv(10_000)) == [413]


@pytest.mark.parametrize("route", [*ROUTES, b"/nowhere", b"/livez"])
def test_a_gigabyte_that_comes_at_full_speed_is_cut_off(strict: ServerProcess, route: bytes) -> None:
    with connected(strict.url) as connection:
        head = b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (route, GIB)
        sent, reply = push(connection, head, bytes(MIB), GIB)
    assert sent < GIB
    assert statuses(reply) in ([413], [404], [405], [])  # a reset may take the reply with it


@pytest.mark.parametrize(
    ("route", "size"),
    [(b"/square", 1), (b"/keep", 16), (b"/square", 4096), (b"/nowhere", 4096), (b"/livez", 4096), (b"/keep", MIB)],
)
def test_a_gigabyte_in_chunks_is_cut_off(strict: ServerProcess, route: bytes, size: int) -> None:
    piece = (b"%x\r\n" % size + b"a" * size + b"\r\n") * max(1, 65536 // size)
    with connected(strict.url) as connection:
        head = b"POST %s HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" % route
        sent, reply = push(connection, head, piece, GIB)
    assert sent < GIB
    assert statuses(reply) in ([413], [404], [405], [])


@pytest.mark.parametrize("size", [b"40000000", b"ffffffffffffffff"])
def test_a_chunk_that_declares_a_gigabyte_is_cut_off(strict: ServerProcess, size: bytes) -> None:
    with connected(strict.url) as connection:
        head = b"POST /square HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n%s\r\n" % size
        sent, reply = push(connection, head, bytes(MIB), GIB)
    assert sent < GIB
    assert statuses(reply) in ([413], [])


def test_the_default_limit_holds_and_costs_a_few_times_itself(tmp_path: Path) -> None:
    piece = b"%x\r\n" % MIB + bytes(MIB) + b"\r\n"
    with serving(write_service(tmp_path, SOURCE)) as server, unharmed(server, most_extra_bytes=300 * MIB):
        with connected(server.url) as connection:
            head = b"POST /square HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            sent, reply = push(connection, head, piece, GIB)
        assert sent < GIB // 2
        assert statuses(reply) in ([413], [])


EXTENDED = b"1;" + b"a" * 30_000 + b"\r\nx\r\n"  # a byte of body
ENDLESS = {
    "a chunk's extension": (b"1;", b"a" * MIB),
    "extensions of small chunks": (b"", EXTENDED * 32),
    "trailers": (b"1\r\nx\r\n0\r\n", b"x: yyyyyyyyyyyy\r\n" * 65536),
    "one trailer": (b"1\r\nx\r\n0\r\nx: ", b"a" * MIB),
    "a chunk's size": (b"", b"0" * MIB),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_surrounds_a_body_is_bounded_too(strict: ServerProcess, name: str) -> None:
    start, piece = ENDLESS[name]
    with connected(strict.url) as connection:
        head = b"POST /square HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
        sent, reply = push(connection, head + start, piece, 256 * MIB)
    assert sent < 256 * MIB
    assert not statuses(reply) or statuses(reply)[0] in (400, 413, 431)


HEADS = {
    "a path": (b"GET /", b"a" * 65536),
    "a query": (b"GET /livez?", b"a" * 65536),
    "a header's name": (b"GET /livez HTTP/1.1\r\nhost: x\r\n", b"a" * 65536),
    "a header's value": (b"GET /livez HTTP/1.1\r\nhost: x\r\nx: ", b"a" * 65536),
    "headers": (b"GET /livez HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n" * 10_000),
    "cookies": (b"GET /livez HTTP/1.1\r\nhost: x\r\n", b"cookie: a=b\r\n" * 5_000),
    "empty lines": (b"", b"\r\n" * 32_768),
    "spaces": (b"GET /livez HTTP/1.1\r\nhost: x\r\nx:", b" " * 65536),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_without_end_is_cut_off(strict: ServerProcess, name: str) -> None:
    start, piece = HEADS[name]
    with connected(strict.url) as connection:
        sent, reply = push(connection, start, piece, 256 * MIB)
    assert sent < 256 * MIB
    assert statuses(reply) in ([431], [400], [])


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A body of 64 MiB, packed to less than the limit."""
    packed = gzip.compress(b'{"numbers": [' + b"1," * (32 * MIB) + b"1]}")
    assert len(packed) < LIMIT
    return packed


@pytest.mark.parametrize(
    "coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "unknown"]
)
def test_a_compressed_body_is_not_unpacked(strict: ServerProcess, bomb: bytes, coding: str) -> None:
    """A file stays what was sent; a value is refused: no decoder, no bomb."""
    assert statuses(reply_to(strict.url, request("/square", bomb, content_encoding=coding))) in ([400], [415])
    reply = reply_to(strict.url, request("/keep", bomb, "application/octet-stream", content_encoding=coding))
    assert statuses(reply) in ([200], [415])


def test_an_image_that_unpacks_to_a_gigabyte_is_413(strict: ServerProcess) -> None:
    width = height = 30_000
    rows = zlib.compress(bytes((width * 3 + 1) * 64), 9)
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    chunks = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    written = b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big") for kind, data in chunks
    )
    assert statuses(reply_to(strict.url, request("/size", b"\x89PNG\r\n\x1a\n" + written, "image/png"))) == [413]
