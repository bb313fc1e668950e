"""The adapter: headers of replies, and what a fault of ours looks like from outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from ekiben.serving.http.asgi import AsgiApp, Message
from ekiben.serving.http.mounted.app import MountedApp
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Router
from ekiben.serving.wire import JSON, Answer, Payload, Reply, StreamReply


def sent_by(
    handler: Callable[[Request], Awaitable[Answer]],
    *headers: tuple[bytes, bytes],
    received: Sequence[dict[str, object]] = ({"type": "http.request", "body": b"", "more_body": False},),
) -> list[dict[str, object]]:
    """The ASGI messages that answer one request, whose client sends `received` and goes away."""
    messages: list[dict[str, object]] = []
    coming = iter(received)

    async def receive() -> Message:
        return dict(next(coming, {"type": "http.disconnect"}))

    async def send(message: Message) -> None:
        messages.append(dict(message))

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"a=1", "headers": list(headers)}
    asyncio.run(_call(AsgiApp(handler), scope, receive, send))
    return messages


async def _call(app: AsgiApp, *arguments: Any) -> None:
    await app(*arguments)


def test_a_reply_becomes_two_messages_with_its_own_headers() -> None:
    async def handler(request: Request) -> Reply:
        return Reply(201, Payload(JSON, b"[1]"), (("set-cookie", "a=1"), ("set-cookie", "b=2")))

    start, body = sent_by(handler, (b"x-request-id", b"mine"))
    assert start["status"] == 201
    assert start["headers"] == [
        (b"x-request-id", b"mine"),
        (b"content-type", b"application/json"),
        (b"content-length", b"3"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]
    assert body["body"] == b"[1]"


def test_a_reply_without_content_says_nothing_of_content() -> None:
    async def handler(request: Request) -> Reply:
        return Reply(204, Payload(JSON, b"ignored"))

    start, body = sent_by(handler, (b"x-request-id", b"mine"))
    assert start["headers"] == [(b"x-request-id", b"mine")]
    assert body["body"] == b""


def test_a_header_that_http_cannot_carry_is_a_fault_of_ours() -> None:
    async def handler(request: Request) -> Reply:
        return Reply(200, Payload(JSON, b"1"), (("x-name", "\N{SNOWMAN}"),))

    start, _ = sent_by(handler)
    assert start["status"] == 500


def test_a_fault_of_ours_is_logged_whole_and_told_without_its_insides(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request) -> Reply:
        raise KeyError("an inside")

    with caplog.at_level(logging.ERROR):
        start, body = sent_by(handler, (b"x-request-id", b"mine"))
    assert start["status"] == 500
    assert b"mine" in bytes(str(body["body"]), "utf-8")
    assert "inside" not in str(body["body"])
    assert "an inside" in caplog.text


def test_a_stream_becomes_a_message_for_each_chunk_and_is_closed() -> None:
    closed = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append(True)

    async def handler(request: Request) -> Answer:
        return StreamReply(200, "text/plain", chunks())

    start, *bodies = sent_by(handler, (b"x-request-id", b"mine"))
    assert start["headers"] == [(b"x-request-id", b"mine"), (b"content-type", b"text/plain")]
    assert [(one["body"], one.get("more_body", False)) for one in bodies] == [(b"a", True), (b"b", True), (b"", False)]
    assert closed


def test_a_stream_that_breaks_off_is_raised_to_the_server() -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise RuntimeError("in the middle")

    async def handler(request: Request) -> Answer:
        return StreamReply(200, "text/plain", chunks())

    with pytest.raises(RuntimeError, match="in the middle"):
        sent_by(handler)


def test_a_client_that_goes_away_cancels_its_request() -> None:
    cancelled = []

    async def handler(request: Request) -> Answer:
        await request.read(10)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        raise AssertionError

    assert sent_by(handler) == []
    assert cancelled


def test_a_body_comes_in_the_pieces_of_the_server() -> None:
    async def handler(request: Request) -> Answer:
        return Reply(200, Payload(JSON, await request.read(10)))

    pieces = iter([b"ab", b"", b"cd"])
    messages = [{"type": "http.request", "body": piece, "more_body": number < 2} for number, piece in enumerate(pieces)]
    assert sent_by(handler, received=messages)[-1]["body"] == b"abcd"


def test_a_client_that_stops_in_the_middle_is_bad_input() -> None:
    async def handler(request: Request) -> Answer:
        return Reply(200, Payload(JSON, await request.read(10)))

    messages: list[dict[str, object]] = [{"type": "http.request", "body": b"a", "more_body": True}]
    assert sent_by(handler, received=messages)[0]["status"] == 400


async def say(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol="a", headers=[(b"x-own", b"1")])
    await websocket.send_text(await websocket.receive_text() + " back")
    await websocket.send_bytes(await websocket.receive_bytes())
    await websocket.close(4000)


def test_websockets_of_mounted_apps_are_served_inside_another_server() -> None:
    router = Router({}, {"/ui": MountedApp(Starlette(routes=[WebSocketRoute("/say", say)]), "/ui")})
    client = TestClient(AsgiApp(router.answer, find_socket=router.find_socket))
    with client.websocket_connect("/ui/say", subprotocols=["a", "b"]) as socket:
        socket.send_text("there")
        assert socket.receive_text() == "there back"
        socket.send_bytes(b"1")
        assert socket.receive_bytes() == b"1"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 4000
    for path in ("/ui/nowhere", "/nowhere"):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path):
            pass
