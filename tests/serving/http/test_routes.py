"""Router: paths, methods, and what is said about others."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler, Router
from ekiben.serving.wire import JSON, Answer, Payload, Reply


async def answer(request: Request) -> Reply:
    """Says what was asked."""
    return Reply(200, Payload(JSON, f"{request.method} {request.path}".encode()))


def ask(router: Router, method: str, path: str) -> Reply:
    """The router's reply."""

    async def run() -> Answer:
        return await router.answer(Request(method, path, "", (), {}, b"", "id"))

    reply = asyncio.run(run())
    assert isinstance(reply, Reply)
    return reply


def asked(method: str, path: str) -> Reply:
    """The reply of a router with one GET and one POST route."""
    router = Router({"/page": {"GET": answer}, "/api": {"POST": answer}})
    return ask(router, method, path)


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


@pytest.mark.parametrize(
    ("path", "name"),
    [("/page", None), ("/ui", "short"), ("/ui/", "short"), ("/ui/x/y", "long"), ("/uix", "rest"), ("/", "rest")],
)
def test_the_longest_prefix_gets_what_no_route_has(path: str, name: str | None) -> None:
    def mounted(name: str) -> Handler:
        async def handler(request: Request) -> Reply:
            return Reply(200, Payload(JSON, name.encode()))

        return handler

    mounts = {prefix: mounted(name) for prefix, name in (("", "rest"), ("/ui", "short"), ("/ui/x", "long"))}
    router = Router({"/page": {"GET": answer}}, mounts)
    assert ask(router, "GET", path).payload.body == (name or f"GET {path}").encode()
    assert ask(router, "DELETE", path).status == (405 if name is None else 200)
