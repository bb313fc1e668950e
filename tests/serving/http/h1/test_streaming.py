"""Replies that stream: chunk by chunk, at the client's pace, and told apart from whole ones where they break off."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator

import httpx
import pytest
import uvloop

from ekiben.serving.http.request import Request
from ekiben.serving.wire import Answer, Chunks, StreamReply
from tests.serving.http.raw_client import PATIENCE_S, connected, read_to_end, read_until
from tests.serving.http.running import TEXT, Answering, answering, text, until

GET = b"GET %b HTTP/1.%d\r\nhost: x\r\nconnection: %b\r\n\r\n"
LARGE = 16 * 1024 * 1024  # bytes; more than sockets and the server hold


class Source:
    """Streams of every kind, by path; knows when one was closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.given_bytes = 0
        self.may_go_on = threading.Event()

    async def answer(self, request: Request) -> Answer:
        """The stream that the path names."""
        if request.path == "/plain":
            return text("plain")
        length = (("content-length", "3"),) if request.path in ("/sized", "/short") else ()
        if request.path == "/bad-header":
            length = (("x-name", "two\r\nlines"),)
        return StreamReply(200, TEXT, self._chunks(request.path), length)

    async def _chunks(self, path: str) -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            match path:
                case "/breaks":
                    raise RuntimeError("in the middle")
                case "/short":
                    return
                case "/waits":
                    await until(self.may_go_on)
                case "/large":
                    while True:
                        self.given_bytes += 65536
                        yield b"x" * 65536
                case _:
                    pass
            yield b""
            yield b"bc"
        finally:
            self.closed.set()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def server(request: pytest.FixtureRequest, source: Source) -> Iterator[Answering]:
    new_loop: Callable[[], asyncio.AbstractEventLoop] = request.param
    with answering(source.answer, new_loop=new_loop) as server:
        yield server


def got(server: Answering, path: bytes, *, minor: int = 1, connection: bytes = b"close") -> tuple[bytes, bytes]:
    """Head and body of the reply, as they came."""
    with connected(server.url) as client:
        client.sendall(GET % (path, minor, connection))
        head, _, body = read_to_end(client).partition(b"\r\n\r\n")
    return head, body


def test_a_stream_comes_in_chunks_and_the_connection_goes_on(server: Answering) -> None:
    with connected(server.url) as client:
        client.sendall(GET % (b"/abc", 1, b"keep-alive") + GET % (b"/plain", 1, b"close"))
        replies = read_to_end(client)
    first, _, second = replies.partition(b"0\r\n\r\n")
    assert first.endswith(b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n")
    assert second.endswith(b"plain")


def test_a_client_of_http_1_0_gets_the_bare_bytes_and_the_end_of_the_connection(server: Answering) -> None:
    head, body = got(server, b"/abc", minor=0, connection=b"keep-alive")
    assert b"chunked" not in head
    assert b"connection: close" in head
    assert body == b"abc"


def test_a_stream_that_says_its_length_comes_bare(server: Answering) -> None:
    with connected(server.url) as client:
        client.sendall(GET % (b"/sized", 0, b"keep-alive"))
        reply = read_until(client, b"abc")
    assert b"content-length: 3\r\n" in reply
    assert b"connection: keep-alive\r\n" in reply


def test_a_chunk_is_sent_when_it_is_there(server: Answering, source: Source) -> None:
    with connected(server.url) as client:
        client.sendall(GET % (b"/waits", 1, b"close"))
        read_until(client, b"1\r\na\r\n")
        source.may_go_on.set()
        assert read_to_end(client) == b"2\r\nbc\r\n0\r\n\r\n"


@pytest.mark.parametrize("path", [b"/breaks", b"/short"])
def test_a_stream_that_breaks_off_is_no_whole_reply(
    server: Answering, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        _, body = got(server, path, connection=b"keep-alive")
        with httpx.Client(base_url=server.url) as client, pytest.raises(httpx.RemoteProtocolError):
            client.get(path.decode())
    assert body == (b"1\r\na\r\n" if path == b"/breaks" else b"a")
    assert "1" in caplog.text


def test_a_stream_that_breaks_off_resets_a_connection_of_http_1_0(server: Answering) -> None:
    with connected(server.url) as client:
        client.sendall(GET % (b"/breaks", 0, b"close"))
        with pytest.raises(ConnectionResetError):
            list(iter(lambda: client.recv(1000), b""))


def test_a_client_that_goes_away_closes_the_stream(server: Answering, source: Source) -> None:
    with connected(server.url) as client:
        client.sendall(GET % (b"/waits", 1, b"close"))
        read_until(client, b"1\r\na\r\n")
    assert source.closed.wait(PATIENCE_S)


def test_a_stream_waits_for_a_client_that_does_not_read(server: Answering, source: Source) -> None:
    with connected(server.url) as client:
        client.sendall(GET % (b"/large", 1, b"close"))
        client.recv(10)
        before = -1
        while source.given_bytes != before:
            before = source.given_bytes
            time.sleep(0.2)
        assert before < LARGE
        assert not source.closed.is_set()
    assert source.closed.wait(PATIENCE_S)


@pytest.mark.parametrize(
    "request_bytes", [b"HEAD /abc HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /bad-header HTTP/1.1\r\nhost: x\r\n\r\n"]
)
def test_a_stream_that_is_not_sent_is_closed(source: Source, request_bytes: bytes) -> None:
    chunks: list[Chunks] = []

    async def handler(request: Request) -> Answer:
        answer = await source.answer(request)
        assert isinstance(answer, StreamReply)
        chunks.append(answer.chunks)
        return answer

    with answering(handler) as server, connected(server.url) as client:
        client.sendall(request_bytes)
        read_until(client, b"\r\n\r\n" if request_bytes.startswith(b"HEAD") else b"}")

    async def next_chunk() -> None:
        with contextlib.suppress(StopAsyncIteration):
            await anext(chunks[0])
            raise AssertionError("the generator is still open")

    asyncio.run(next_chunk())
