"""A service behind a URL: what is sent, what comes back, and what happens where it does not."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from ekiben.errors import DeadlineExceeded, InternalError, Overloaded, SettingsError
from ekiben.serving.composition.remote import RemoteService
from ekiben.serving.composition.remote_address import read_address
from ekiben.serving.http.request import Request
from ekiben.serving.wire import JSON, Answer, Call, Payload, Reply, StreamReply
from tests.oci.registry.certificates import make_certificates
from tests.serving.http.running import answering
from tests.serving.server_process import free_port

TIMEOUT_S = 10.0
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nok"

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def call(endpoint: str = "double", body: bytes = b"[1]", *headers: tuple[str, str]) -> Call:
    return Call(endpoint, Payload(JSON, body), "id-1", path=f"/{endpoint}", headers=headers)


@asynccontextmanager
async def remote(url: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[RemoteService]:
    service = RemoteService(url, timeout_s=timeout_s, name="Other")
    try:
        yield service
    finally:
        service.close()


@asynccontextmanager
async def listening(
    serve: Serve,
    tls: ssl.SSLContext | None = None,
    port: int = 0,
) -> AsyncIterator[int]:
    """A server of raw bytes; gives its port."""
    server = await asyncio.start_server(to_its_end(serve), "127.0.0.1", port, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def to_its_end(serve: Serve) -> Serve:
    """The same, which closes the connection when the client has."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    return handle


async def asked(url: str, one: Call) -> Answer:
    async with remote(url) as service:
        return await service.answer(one)


def test_a_call_is_sent_as_it_is_with_its_id_its_trace_and_what_is_left_of_its_time() -> None:
    seen: list[tuple[str, bytes, dict[str, str]]] = []

    async def handler(request: Request) -> Answer:
        seen.append((request.target.decode(), await request.read(1000), dict(request.headers())))
        return Reply(201, Payload("text/plain", b"done"), (("x-more", "yes"),))

    one = call("double", b'{"a": 1}', ("traceparent", TRACE), ("cookie", "secret"))
    with answering(handler) as server:
        answer = asyncio.run(asked(server.url, one))
    (target, body, headers) = seen[0]
    assert (target, body) == ("/double", b'{"a": 1}')
    assert headers["x-request-id"] == "id-1"
    assert headers["traceparent"] == TRACE
    assert 0 < int(headers["x-ekiben-timeout-ms"]) <= TIMEOUT_S * 1000
    assert "cookie" not in headers
    assert isinstance(answer, Reply)
    assert (answer.status, answer.payload.content_type, bytes(answer.payload.body)) == (201, "text/plain", b"done")
    assert ("x-more", "yes") in answer.headers


def test_large_bodies_come_and_go_whole() -> None:
    content = bytes(range(256)) * 20_000

    async def handler(request: Request) -> Answer:
        return Reply(200, Payload(JSON, await request.read(10_000_000)))

    with answering(handler) as server:
        answer = asyncio.run(asked(server.url, call(body=content)))
    assert isinstance(answer, Reply)
    assert answer.payload.body == content


def test_calls_one_after_the_other_share_a_connection() -> None:
    peers = set()

    async def handler(request: Request) -> Answer:
        assert request.origin is not None
        peers.add(request.origin.peer())
        return Reply(200, Payload(JSON, await request.read(1000)))

    async def several(url: str) -> list[Answer]:
        async with remote(url) as service:
            return [await service.answer(call(body=b"[%d]" % number)) for number in range(5)]

    with answering(handler) as server:
        answers = asyncio.run(several(server.url))
    assert [bytes(one.payload.body) for one in answers if isinstance(one, Reply)] == [b"[%d]" % n for n in range(5)]
    assert len(peers) == 1


class Numbers:
    """A stream without end, which notes that it was closed."""

    def __init__(self) -> None:
        self.is_closed = threading.Event()
        self._next = 0

    def __aiter__(self) -> Numbers:
        return self

    async def __anext__(self) -> bytes:
        self._next += 1
        await asyncio.sleep(0.001)
        return b"%d\n" % self._next

    async def aclose(self) -> None:
        self.is_closed.set()


def test_a_stream_passes_through_and_ends_at_its_source_when_it_is_closed() -> None:
    numbers = Numbers()

    async def handler(request: Request) -> Answer:
        return StreamReply(200, "text/plain", numbers)

    async def begin(url: str) -> bytes:
        async with remote(url) as service:
            answer = await service.answer(call("count"))
            assert isinstance(answer, StreamReply)
            first = await answer.chunks.__anext__()
            await answer.chunks.aclose()
            return first

    with answering(handler) as server:
        assert asyncio.run(begin(server.url)).startswith(b"1\n")
        assert numbers.is_closed.wait(TIMEOUT_S)


def test_a_service_that_is_not_there_is_named_within_a_second_or_two() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    begun_s = time.monotonic()
    with pytest.raises(Overloaded, match=f"the service `Other` at `{url}` cannot be reached"):
        asyncio.run(asked(url, call()))
    assert time.monotonic() - begun_s < TIMEOUT_S / 2


def test_a_service_that_restarts_is_waited_for() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"[1]")
        writer.write(OK)

    async def restart() -> Answer:
        port = free_port()
        async with remote(f"http://127.0.0.1:{port}") as service:
            asking = asyncio.create_task(service.answer(call()))
            await asyncio.sleep(0.03)
            async with listening(echo, port=port):
                return await asking

    answer = asyncio.run(restart())
    assert isinstance(answer, Reply)
    assert bytes(answer.payload.body) == b"ok"


@pytest.mark.parametrize("is_idempotent", [True, False])
def test_a_call_that_was_lost_is_sent_again_where_it_may_be(is_idempotent: bool) -> None:
    received = []

    async def close_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"[1]"))
        if len(received) > 1:
            writer.write(OK)
            await writer.drain()
        writer.close()

    async def lose() -> Answer:
        async with listening(close_first) as port, remote(f"http://127.0.0.1:{port}") as service:
            return await service.answer(call(), is_idempotent=is_idempotent)

    if is_idempotent:
        assert isinstance(asyncio.run(lose()), Reply)
    else:
        with pytest.raises(Overloaded, match="cannot be reached"):
            asyncio.run(lose())
    assert len(received) == (2 if is_idempotent else 1)


def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    received = []

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"[1]"))
        writer.write(OK[:-1])
        await writer.drain()
        writer.close()

    async def ask() -> None:
        async with listening(break_off) as port:
            await asked(f"http://127.0.0.1:{port}", call())

    with pytest.raises(Overloaded, match="Other"):
        asyncio.run(ask())
    assert len(received) == 1


def test_a_stream_that_breaks_off_is_an_error_where_it_does() -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"[1]")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await writer.drain()
        writer.close()

    async def follow() -> None:
        async with listening(break_off) as port, remote(f"http://127.0.0.1:{port}") as service:
            answer = await service.answer(call())
            assert isinstance(answer, StreamReply)
            assert await answer.chunks.__anext__() == b"one"
            await answer.chunks.__anext__()

    with pytest.raises(InternalError, match="broke off"):
        asyncio.run(follow())


def test_a_late_answer_is_given_up_and_its_connection_closed() -> None:
    async def hang() -> bytes:
        ended = asyncio.get_running_loop().create_future()

        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"[1]")
            ended.set_result(await reader.read())
            writer.close()

        async with listening(never) as port, remote(f"http://127.0.0.1:{port}") as service:
            with pytest.raises(DeadlineExceeded, match=r"`Other`.*within `0.1` s"):
                await service.answer(call(), timeout_s=0.1)
            return bytes(await asyncio.wait_for(ended, TIMEOUT_S))

    assert asyncio.run(hang()) == b""


def test_tls_and_unix_sockets_lead_there_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, certificate = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"[1]")
        writer.write(OK)

    async def both() -> list[Answer]:
        path = tmp_path / "other.sock"
        async with listening(serve, tls) as port, await asyncio.start_unix_server(to_its_end(serve), path):
            return [await asked(f"https://localhost:{port}", call()), await asked(f"unix://{path}", call())]

    assert [one.status for one in asyncio.run(both())] == [200, 200]


@pytest.mark.parametrize(
    ("url", "authority", "prefix"),
    [
        ("http://host", "host", ""),
        ("http://host:3000/", "host:3000", ""),
        ("https://host/team/one/", "host", "/team/one"),
        ("https://[::1]:8443", "[::1]:8443", ""),
        ("tcp://host:3000", "host:3000", ""),
    ],
)
def test_urls_say_where_a_service_is(url: str, authority: str, prefix: str) -> None:
    address = read_address(url)
    assert (address.authority, address.prefix) == (authority, prefix)


@pytest.mark.parametrize(
    "url", ["", "host:3000", "ftp://host", "http://", "http://me:pw@host", "http://host:x", "file:"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        read_address(url)
