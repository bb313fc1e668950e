"""The listening socket, and how a server stops: idle clients at once, the others when they are answered."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ekiben.errors import UsageError
from ekiben.serving.http.h1.listener import address_of, listen, url_of
from ekiben.serving.http.request import Request
from ekiben.serving.wire import Answer
from tests.serving.http.raw_client import PATIENCE_S, connected, read_to_end, read_until, status_of
from tests.serving.http.running import answering, echo, text, until
from tests.serving.server_process import eventually

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


def test_a_free_port_is_found_and_told() -> None:
    with listen("127.0.0.1", 0) as listener:
        host, port = address_of(listener)
        assert (host, port > 0, url_of(listener)) == ("127.0.0.1", True, f"http://127.0.0.1:{port}")


def test_an_address_of_version_6_is_bracketed() -> None:
    with listen("::1", 0) as listener:
        assert url_of(listener) == f"http://[::1]:{address_of(listener)[1]}"


def test_a_taken_port_is_refused_with_a_remedy() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = address_of(listener)[1]
        with pytest.raises(UsageError, match="address already in use") as caught:
            listen("127.0.0.1", port)
    assert caught.value.hint == "choose another with --port"


def test_an_idle_connection_is_closed_at_once_when_the_server_stops() -> None:
    with answering(echo) as server, connected(server.url) as idle, connected(server.url) as fresh:
        idle.sendall(GET)
        read_until(idle, b"GET /  ")
        eventually(lambda: len(server.state.connections) == 2)
        server.stop()
        assert read_to_end(idle) + read_to_end(fresh) == b""
        server.wait_ended()


def test_a_client_that_still_sends_after_its_answer_does_not_keep_the_server() -> None:
    async def handler(request: Request) -> Answer:
        return text("answered")

    with answering(handler, drain_s=60) as server, connected(server.url) as sending:
        sending.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nab")
        read_until(sending, b"answered")
        server.stop()
        assert read_to_end(sending) == b""
        sending.close()
        server.wait_ended()


def test_what_is_under_way_at_a_stop_is_answered_and_told_to_be_the_last() -> None:
    begun, may_end = threading.Event(), threading.Event()

    async def handler(request: Request) -> Answer:
        begun.set()
        await until(may_end)
        return text("done")

    with answering(handler) as server, connected(server.url) as busy, connected(server.url) as half:
        half.sendall(GET[:-2])
        busy.sendall(GET)
        assert begun.wait(PATIENCE_S)
        eventually(lambda: len(server.state.connections) == 2)
        server.stop()
        with pytest.raises(ConnectionRefusedError), connected(server.url):
            pass
        may_end.set()
        half.sendall(b"\r\n")
        replies = [read_to_end(one) for one in (busy, half)]
        server.wait_ended()
    assert all(reply.endswith(b"done") and b"connection: close" in reply for reply in replies)


def test_what_the_drain_time_does_not_suffice_for_is_503() -> None:
    begun = threading.Event()

    async def handler(request: Request) -> Answer:
        begun.set()
        await asyncio.sleep(PATIENCE_S)
        return text("late")

    with answering(handler, drain_s=0.1) as server, connected(server.url) as busy, connected(server.url) as half:
        half.sendall(GET[:-2])
        busy.sendall(GET)
        assert begun.wait(PATIENCE_S)
        server.stop()
        reply = read_to_end(busy)
        assert read_to_end(half) == b""
        server.wait_ended()
    assert status_of(reply) == 503
    assert b"retry-after: " in reply


def test_a_handler_that_clings_does_not_keep_the_server() -> None:
    begun, may_end = threading.Event(), threading.Event()

    async def handler(request: Request) -> Answer:
        begun.set()
        while not may_end.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        return text("late")

    with answering(handler, drain_s=0.1) as server, connected(server.url) as busy:
        busy.sendall(GET)
        assert begun.wait(PATIENCE_S)
        server.stop()
        assert read_to_end(busy) == b""
        may_end.set()
        server.wait_ended()
