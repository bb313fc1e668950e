"""Requests that are answered without a task, beside those that have one: in order, once, whatever happens."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable

import pytest

from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Exchange, UnderWay
from ekiben.serving.wire import JSON, Answer, Payload, Reply
from tests.serving.http.raw_client import PATIENCE_S, connected, read_to_end, read_until, status_of
from tests.serving.http.running import answering, echo, text
from tests.serving.server_process import eventually

LAST = b"GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


class Begun:
    """A request that gets its reply after `delay_s`, or "cancelled" when it is."""

    def __init__(self, exchange: Exchange, reply: Reply, delay_s: float) -> None:
        self._exchange = exchange
        self._timer = asyncio.get_running_loop().call_later(delay_s, exchange.deliver, reply)
        self.is_cancelled = threading.Event()

    def cancel(self) -> None:
        self._timer.cancel()
        self.is_cancelled.set()
        self._exchange.deliver(Reply(503, Payload(JSON, b"cancelled")))


def beginning(delay_s: float = 0.0) -> tuple[Callable[[Request, Exchange], UnderWay | None], list[Begun]]:
    """Begins all requests but those to `/task`, and what was begun."""
    begun: list[Begun] = []

    def begin(request: Request, exchange: Exchange) -> UnderWay | None:
        if request.path == "/task":
            return None
        headers = (("x-bad", "two\nlines"),) if request.path == "/bad" else ()
        begun.append(Begun(exchange, Reply(200, text(f"begun {request.path} ").payload, headers), delay_s))
        return begun[-1]

    return begin, begun


def ask(*paths: str) -> bytes:
    return b"".join(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode() for path in paths)


def test_requests_with_and_without_a_task_are_answered_in_order() -> None:
    begin, _ = beginning()
    paths = [f"/{number}" if number % 3 else "/task" for number in range(3000)]
    with answering(echo, begin=begin) as server, connected(server.url) as connection:
        connection.sendall(ask(*paths) + LAST)
        replies = read_to_end(connection)
    said = [path if path != "/task" else "GET /task" for path in paths]
    assert re.findall(rb"(?:begun |(?=GET ))((?:GET )?/\w+) ", replies) == [one.encode() for one in [*said, "/last"]]


def test_a_client_that_goes_away_cancels_what_was_begun_and_gets_nothing() -> None:
    begin, begun = beginning(PATIENCE_S)
    with answering(echo, begin=begin) as server:
        with connected(server.url) as connection:
            connection.sendall(ask("/a"))
            eventually(lambda: len(begun) == 1)
        assert begun[0].is_cancelled.wait(PATIENCE_S)
        eventually(lambda: not server.state.connections)


def test_what_was_begun_and_has_no_reply_in_time_is_cancelled_and_gets_its_last_word() -> None:
    begin, begun = beginning(PATIENCE_S)
    with answering(echo, begin=begin, drain_s=0.1) as server, connected(server.url) as connection:
        connection.sendall(ask("/a"))
        eventually(lambda: len(begun) == 1)
        server.stop()
        reply = read_to_end(connection)
        server.wait_ended()
    assert status_of(reply) == 503
    assert reply.endswith(b"cancelled")
    assert b"connection: close" in reply


def test_a_reply_that_cannot_be_sent_is_a_500_and_the_connection_goes_on() -> None:
    begin, _ = beginning()
    with answering(echo, begin=begin) as server, connected(server.url) as connection:
        connection.sendall(ask("/bad"))
        assert status_of(read_until(connection, b"}")) == 500
        connection.sendall(LAST)
        assert read_to_end(connection).endswith(b"begun /last ")


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
def test_only_a_head_is_sent_where_only_a_head_was_asked_for(method: bytes) -> None:
    begin, _ = beginning()
    with answering(echo, begin=begin) as server, connected(server.url) as connection:
        connection.sendall(LAST.replace(b"GET", method))
        assert read_to_end(connection).endswith(b"begun /last ") == (method == b"GET")


def test_what_cannot_be_begun_is_answered_by_the_handler() -> None:
    async def handler(request: Request) -> Answer:
        return text("handled")

    def begin(request: Request, exchange: Exchange) -> UnderWay | None:
        raise KeyError(request.path)

    with answering(handler, begin=begin) as server, connected(server.url) as connection:
        connection.sendall(LAST)
        assert read_to_end(connection).endswith(b"handled")
