"""Router: paths, methods, and what is said about others."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Router
from ekiben.serving.wire import JSON, Payload, Reply


async def answer(request: Request) -> Reply:
    """Says what was asked."""
    return Reply(200, Payload(JSON, f"{request.method} {request.path}".encode()))


async def no_body(limit: int) -> bytes:
    """The body of a request that has none."""
    return b""


def asked(method: str, path: str) -> Reply:
    """The reply of a router with one GET and one POST route."""
    router = Router({"/page": {"GET": answer}, "/api": {"POST": answer}})
    return asyncio.run(router.answer(Request(method, path, "", (), {}, no_body, "id")))


@pytest.mark.parametrize(("method", "path"), [("GET", "/page"), ("HEAD", "/page"), ("POST", "/api")])
def test_a_route_is_answered_by_its_handler(method: str, path: str) -> None:
    assert asked(method, path).payload.body == f"{method} {path}".encode()


@pytest.mark.parametrize(("path", "allow"), [("/page", "GET, HEAD, OPTIONS"), ("/api", "POST, OPTIONS")])
def test_another_method_is_405_with_the_right_ones(path: str, allow: str) -> None:
    reply = asked("DELETE", path)
    assert (reply.status, reply.headers) == (405, (("allow", allow),))


def test_options_tells_the_methods_and_nothing_else() -> None:
    reply = asked("OPTIONS", "/api")
    assert (reply.status, reply.payload.body, reply.headers) == (204, b"", (("allow", "POST, OPTIONS"),))


@pytest.mark.parametrize("path", ["/", "/api/", "/API", "/api/../page", "//api"])
def test_a_path_that_is_not_exactly_a_route_is_404(path: str) -> None:
    reply = asked("POST", path)
    assert reply.status == 404
    assert set(msgspec.json.decode(reply.payload.body)) == {"error", "detail"}


def test_a_long_path_is_not_sent_back_whole() -> None:
    assert len(asked("GET", "/" + "a" * 50_000).payload.body) < 400
