"""Connection: requests in order, replies as the client's version of HTTP wants them, clients that go away.

Real sockets, on both kinds of loop.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvloop

from ekiben.errors import ServiceError
from ekiben.serving.http.body import IncomingBody
from ekiben.serving.http.h1.limits import ConnectionLimits
from ekiben.serving.http.request import Request
from ekiben.serving.wire import JSON, Answer, Payload, Reply
from tests.serving.http.raw_client import PATIENCE_S, connected, read_to_end, read_until, status_of
from tests.serving.http.running import Answering, answering, echo, text, until
from tests.serving.server_process import eventually

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
LAST = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
LARGE = 16 * 1024 * 1024  # bytes; more than sockets and the server hold


@pytest.fixture(scope="module", params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def server(request: pytest.FixtureRequest) -> Iterator[Answering]:
    """A server that says what it was asked."""
    new_loop: Callable[[], asyncio.AbstractEventLoop] = request.param
    with answering(echo, new_loop=new_loop) as server:
        yield server


def sent(server: Answering, *pieces: bytes) -> bytes:
    """All that comes back for the pieces."""
    with connected(server.url) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.01)
        return read_to_end(connection)


def test_a_reply_is_complete_and_dated(server: Answering) -> None:
    head, _, body = sent(server, LAST).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[:2] == [b"HTTP/1.1 200 OK", b"content-type: text/plain"]
    assert re.fullmatch(rb"date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", lines[2])
    assert re.fullmatch(rb"x-request-id: [0-9a-f]{20}", lines[3])
    assert lines[4:] == [b"content-length: 8", b"connection: close"]
    assert body == b"GET /a  "


def test_requests_sent_ahead_are_answered_in_order(server: Answering) -> None:
    ahead = b"".join(b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % number for number in range(5000))
    replies = sent(server, ahead + LAST)
    assert re.findall(rb"GET /(\d+)", replies) == [b"%d" % number for number in range(5000)]


def test_a_body_may_come_in_pieces_and_the_next_request_behind_it(server: Answering) -> None:
    head = b"POST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n"
    replies = sent(server, head, b"01234", b"56789" + LAST)
    assert re.findall(rb"(?:POST|GET) [^\r]*", replies.replace(b"HTTP", b"\r")) == [b"POST /b  0123456789", b"GET /a  "]


@pytest.mark.parametrize(
    ("request_line", "connection", "goes_on"),
    [
        (b"GET / HTTP/1.1", b"", True),
        (b"GET / HTTP/1.1", b"close", False),
        (b"GET / HTTP/1.0", b"", False),
        (b"GET / HTTP/1.0", b"keep-alive", True),
    ],
)
def test_a_connection_goes_on_as_the_client_says(
    server: Answering, request_line: bytes, connection: bytes, goes_on: bool
) -> None:
    field = b"connection: " + connection + b"\r\n" if connection else b""
    replies = sent(server, request_line + b"\r\nhost: x\r\n" + field + b"\r\n", LAST)
    assert replies.count(b"HTTP/1.1 200") == 1 + goes_on
    assert (b"connection: keep-alive" in replies) == (connection == b"keep-alive")


def test_bytes_after_the_last_request_spoil_nothing(server: Answering) -> None:
    replies = sent(server, LAST + b"what else? \r\n\r\n")
    assert replies.count(b"HTTP/1.1") == 1
    assert status_of(replies) == 200


def test_a_refusal_comes_behind_the_replies_to_earlier_requests(server: Answering) -> None:
    replies = sent(server, GET * 3 + b"no request\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", replies) == [b"200", b"200", b"200", b"400"]


def test_head_is_answered_without_a_body(server: Answering) -> None:
    reply = sent(server, b"HEAD /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert b"content-length: 9\r\n" in reply
    assert reply.endswith(b"\r\n\r\n")


def test_an_expected_continue_is_sent_when_the_body_is_wanted(server: Answering) -> None:
    head = b"POST /b HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\n"
    with connected(server.url) as connection:
        connection.sendall(head)
        assert read_until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ab")
        assert read_to_end(connection).endswith(b"POST /b  ab")


def test_a_body_that_is_too_large_is_refused_unasked_and_the_connection_closed(server: Answering) -> None:
    head = b"POST /b HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2000000\r\n\r\n"
    reply = sent(server, head)
    assert status_of(reply) == 413
    assert b"connection: close" in reply


def test_a_body_too_long_to_be_thrown_away_ends_the_connection(server: Answering) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"POST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000000\r\n\r\nab")
        reply = read_to_end(connection)
    assert status_of(reply) == 413
    assert b"connection: close" in reply


def test_chunks_that_are_none_are_400_and_end_the_connection(server: Answering) -> None:
    head = b"POST /b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n"
    reply = sent(server, head, b"what?\r\n" + GET)
    assert re.findall(rb"HTTP/1.1 (\d+)", reply) == [b"400"]
    assert b"connection: close" in reply


def test_a_refusal_reaches_a_client_that_goes_on_sending(server: Answering) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"no request\r\n\r\n" + b"x" * 1_000_000)
        time.sleep(0.1)
        connection.sendall(b"x" * 1_000_000)
        assert status_of(read_to_end(connection)) == 400


def test_a_large_reply_comes_whole() -> None:
    async def handler(request: Request) -> Answer:
        return Reply(200, Payload(JSON, b"x" * LARGE))

    with answering(handler) as server, httpx.Client(base_url=server.url) as client:
        assert len(client.get("/").content) == LARGE


def test_replies_that_are_not_taken_stop_the_next_request_from_starting() -> None:
    begun = []

    async def handler(request: Request) -> Answer:
        begun.append(request.path)
        return Reply(200, Payload(JSON, b"x" * LARGE))

    with answering(handler) as server, connected(server.url) as connection:
        connection.sendall(GET * 10)
        time.sleep(0.3)
        assert len(begun) == 1
        connection.sendall(LAST)
        assert len(read_to_end(connection)) > 11 * LARGE


def test_an_unread_body_stays_with_the_client() -> None:
    is_enough = threading.Event()

    async def handler(request: Request) -> Answer:
        assert isinstance(request.body, IncomingBody)
        await until(is_enough)
        return text(str(len(await request.read(10 * LARGE))))

    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (3 * LARGE)
    with answering(handler) as server, connected(server.url) as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.sendall(head + b"x" * 3 * LARGE)
        is_enough.set()


def test_an_answered_request_whose_body_is_short_leaves_the_connection_in_order() -> None:
    async def handler(request: Request) -> Answer:
        return text(request.path)

    with answering(handler) as server:
        replies = sent(server, b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab", b"cd" + LAST)
    assert replies.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("ahead", [b"", GET])
def test_a_client_that_goes_away_cancels_its_request(
    new_loop: Callable[[], asyncio.AbstractEventLoop], ahead: bytes
) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    async def handler(request: Request) -> Answer:
        if request.path != "/slow":
            return text("quick")
        begun.set()
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return text("late")

    with answering(handler, new_loop=new_loop) as server:
        with connected(server.url) as connection:
            connection.sendall(ahead + b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            assert begun.wait(PATIENCE_S)
        assert cancelled.wait(PATIENCE_S)
        eventually(lambda: not server.state.connections)


@pytest.mark.parametrize(
    ("error", "said"), [(KeyError("inside"), b"internal server error"), (ServiceError("in words"), b"in words")]
)
def test_a_handler_that_raises_is_a_500(error: Exception, said: bytes) -> None:
    async def handler(request: Request) -> Answer:
        raise error

    with answering(handler) as server:
        reply = sent(server, LAST)
    assert status_of(reply) == 500
    assert said in reply
    assert b"inside" not in reply


def test_connections_beyond_the_bound_are_told_so_though_they_have_asked() -> None:
    with (
        answering(echo, limits=ConnectionLimits(max_connections=1)) as server,
        connected(server.url) as first,
        connected(server.url) as second,
    ):
        second.sendall(GET)
        assert status_of(read_to_end(second)) == 503
        first.sendall(LAST)
        assert status_of(read_to_end(first)) == 200


def test_a_request_knows_both_ends_of_its_connection() -> None:
    async def handler(request: Request) -> Answer:
        assert request.origin is not None
        return text(f"{request.origin.peer()} {request.origin.local()}")

    with answering(handler) as server, connected(server.url) as connection:
        connection.sendall(LAST)
        assert read_to_end(connection).endswith(f"{connection.getsockname()} {connection.getpeername()}".encode())


def test_an_idle_connection_is_little_more_than_its_socket(server: Answering) -> None:
    with connected(server.url) as connection:
        connection.sendall(GET)
        read_until(connection, b"GET /a  ")
        (one,) = server.state.connections
        eventually(lambda: one._reader is None)  # type: ignore[attr-defined]
        connection.sendall(GET)
        assert status_of(read_until(connection, b"GET /a  ")) == 200
        assert isinstance(connection, socket.socket)
