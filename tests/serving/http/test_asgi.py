"""The adapter: headers of replies, and what a fault of ours looks like from outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from ekiben.serving.http.asgi import AsgiApp, printable_path
from ekiben.serving.http.request import Request
from ekiben.serving.wire import JSON, Payload, Reply


def sent_by(handler: Callable[[Request], Awaitable[Reply]], *headers: tuple[bytes, bytes]) -> list[dict[str, object]]:
    """The ASGI messages that answer one GET."""
    messages: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        messages.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"a=1", "headers": list(headers)}
    asyncio.run(AsgiApp(handler).__call__(scope, receive, send))
    return messages


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


@pytest.mark.parametrize(
    ("raw", "logged"),
    [
        (b"/a%0Ab%1B", "/a%0Ab%1B"),
        (b"/a\nb\x1b[31m \xff", "/a\\x0ab\\x1b[31m\\x20\\xff"),
        (b"/" + b"a" * 5000, "/" + "a" * 999 + "..."),
    ],
)
def test_a_logged_path_is_one_short_printable_word(raw: bytes, logged: str) -> None:
    assert printable_path(raw) == logged
