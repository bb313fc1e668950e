"""Mounted ASGI apps: Starlette and FastAPI as they are, on real sockets, streams both ways."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import fastapi
import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ekiben.serving.http.h1.limits import ConnectionLimits
from ekiben.serving.http.mounted.app import MountedApp
from ekiben.serving.http.request import Request as OwnRequest
from ekiben.serving.http.routes import Router
from ekiben.serving.wire import Answer
from tests.serving.http.raw_client import PATIENCE_S, connected, read_to_end, read_until, status_of
from tests.serving.http.running import Answering, answering, text, until
from tests.serving.server_process import eventually

LARGE = 16 * 1024 * 1024  # bytes; more than sockets and the server hold


class Probe:
    """What the apps below tell of themselves."""

    def __init__(self) -> None:
        self.left = threading.Event()
        self.background = threading.Event()
        self.may_go_on = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Forgets what earlier requests did."""
        self.given_bytes = 0
        for event in (self.left, self.background, self.may_go_on):
            event.clear()


PROBE = Probe()


async def where(request: Request) -> Response:
    scope = request.scope
    told = {name: scope[name] for name in ("path", "root_path", "http_version", "scheme", "method")}
    told |= {"raw_path": scope["raw_path"].decode(), "query": dict(request.query_params), "url": str(request.url)}
    assert request.client is not None
    return JSONResponse({**told, "client": request.client.host, "agent": request.headers["user-agent"]})


async def count(request: Request) -> Response:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return PlainTextResponse(str(size))


async def words(request: Request) -> Response:
    async def pieces() -> AsyncIterator[str]:
        yield "data: a\n\n"
        await until(PROBE.may_go_on)
        yield "data: b\n\n"

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def endless(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                PROBE.given_bytes += 65536
                yield b"x" * 65536
        finally:
            PROBE.left.set()

    return StreamingResponse(pieces())


async def file(request: Request) -> Response:
    return FileResponse(__file__, media_type="text/x-python")


async def background(request: Request) -> Response:
    async def later() -> None:
        await asyncio.sleep(0.05)
        PROBE.background.set()

    return PlainTextResponse("now", background=BackgroundTask(later))


async def until_gone(request: Request) -> Response:
    try:
        await request.body()
        assert (await request.receive())["type"] == "http.disconnect"
    except ClientDisconnect:
        pass
    PROBE.left.set()
    return PlainTextResponse("to nobody")


async def fail(request: Request) -> Response:
    raise RuntimeError("inside")


async def fail_late(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        raise RuntimeError("inside")

    return StreamingResponse(pieces())


async def own_headers(request: Request) -> Response:
    headers = {"x-request-id": "mine", "date": "never", "connection": "close", "x-own": "kept"}
    return PlainTextResponse("ok", headers=headers)


HANDLERS = (where, words, endless, file, background, fail, fail_late, own_headers)
STARLETTE = Starlette(
    routes=[
        *(Route(f"/{one.__name__}", one, methods=["GET", "HEAD"]) for one in HANDLERS),
        *(Route(f"/{one.__name__}", one, methods=["POST"]) for one in (count, until_gone)),
    ]
)


async def silent(scope: Any, receive: Any, send: Any) -> None:
    """An app that ends without a response."""


async def own(request: OwnRequest) -> Answer:
    return text("own")


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    mounts = {prefix: MountedApp(app, prefix) for prefix, app in (("/v1", STARLETTE), ("/silent", silent))}
    with answering(Router({"/v1/own": {"GET": own}}, mounts).answer) as server:
        yield server


@pytest.fixture
def client(server: Answering) -> Iterator[httpx.Client]:
    PROBE.reset()
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        yield client


def test_an_app_sees_the_request_below_its_prefix(client: httpx.Client) -> None:
    told = client.get("/v1/wh%65re?a=%20b", headers={"user-agent": "me"}).json()
    assert told == {
        "path": "/v1/where",
        "root_path": "/v1",
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "raw_path": "/v1/wh%65re",
        "query": {"a": " b"},
        "url": f"{client.base_url}/v1/where?a=%20b",
        "client": "127.0.0.1",
        "agent": "me",
    }


def test_routes_of_the_service_go_before_and_other_paths_are_404(client: httpx.Client) -> None:
    assert client.get("/v1/own").text == "own"
    assert client.get("/v1/nowhere").text == "Not Found"
    assert "no such path" in client.get("/v1x/where").json()["error"]
    assert client.post("/v1/where").status_code == 405


def test_a_body_streams_into_the_app(client: httpx.Client) -> None:
    assert client.post("/v1/count", content=(b"x" * 65536 for _ in range(100))).text == "6553600"
    assert client.post("/v1/count", content=b"").text == "0"


def test_a_response_streams_out_piece_by_piece(client: httpx.Client) -> None:
    with client.stream("GET", "/v1/words") as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"data: a\n\n"
        PROBE.may_go_on.set()
        assert b"".join(pieces) == b"data: b\n\n"
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_an_app_sends_no_faster_than_its_client_takes_and_ends_when_it_leaves(client: httpx.Client) -> None:
    with client.stream("GET", "/v1/endless") as answer:
        next(answer.iter_raw(1000))
        before = -1
        while PROBE.given_bytes != before:
            before = PROBE.given_bytes
            time.sleep(0.2)
        assert before < LARGE
    assert PROBE.left.wait(PATIENCE_S)


def test_a_file_keeps_its_length_and_head_has_it_too(client: httpx.Client) -> None:
    whole, head = client.get("/v1/file"), client.head("/v1/file")
    assert len(whole.content) == int(whole.headers["content-length"]) == int(head.headers["content-length"])
    assert whole.headers["content-type"] == "text/x-python; charset=utf-8"
    assert head.content == b""


def test_a_background_task_runs_behind_the_response(client: httpx.Client) -> None:
    assert client.get("/v1/background", headers={"connection": "close"}).text == "now"
    assert PROBE.background.wait(PATIENCE_S)


@pytest.mark.parametrize("length", [b"0", b"5"])
def test_an_app_is_told_that_its_client_left(server: Answering, client: httpx.Client, length: bytes) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"POST /v1/until_gone HTTP/1.1\r\nhost: x\r\ncontent-length: " + length + b"\r\n\r\n")
        time.sleep(0.1)
    assert PROBE.left.wait(PATIENCE_S)
    eventually(lambda: not server.state.connections)


def test_a_body_that_stops_is_408_and_its_app_is_told() -> None:
    limits = ConnectionLimits(body_timeout_s=0.5)
    with (
        answering(Router({}, {"/v1": MountedApp(STARLETTE, "/v1")}).answer, limits=limits) as server,
        connected(server.url) as connection,
    ):
        PROBE.left.clear()
        connection.sendall(b"POST /v1/until_gone HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab")
        assert status_of(read_to_end(connection)) == 408
        assert PROBE.left.wait(PATIENCE_S)


def test_an_app_that_fails_has_said_what_it_wanted(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/v1/fail")
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    eventually(lambda: "the app mounted at `/v1` failed" in caplog.text)


def test_an_app_without_a_response_is_a_500(client: httpx.Client) -> None:
    answer = client.get("/silent")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.json()["detail"]


def test_an_app_that_fails_in_the_middle_breaks_the_connection_off(server: Answering) -> None:
    with connected(server.url) as connection:
        connection.sendall(b"GET /v1/fail_late HTTP/1.1\r\nhost: x\r\n\r\n")
        assert read_until(connection, b"1\r\na\r\n")
        assert read_to_end(connection) == b""


def test_headers_that_are_the_servers_come_once(client: httpx.Client) -> None:
    headers = client.get("/v1/own_headers", headers={"x-request-id": "theirs"}).headers
    assert headers.get_list("x-request-id") == ["theirs"]
    assert headers.get_list("date") != ["never"]
    assert "connection" not in headers
    assert headers["x-own"] == "kept"


def test_fastapi_works_with_its_lifespan_dependencies_and_documents() -> None:
    @asynccontextmanager
    async def lifespan(_: fastapi.FastAPI) -> AsyncIterator[dict[str, list[str]]]:
        events.append("up")
        yield {"greetings": ["hello"]}
        events.append("down")

    events: list[str] = []
    app = fastapi.FastAPI(lifespan=lifespan)

    @app.post("/greet")
    def greet(name: str, request: fastapi.Request, times: int = fastapi.Body(embed=True)) -> list[str]:
        return [f"{request.state.greetings[0]} {name}"] * times

    mounted = MountedApp(app, "/ui")
    with answering(Router({}, {"/ui": mounted}).answer) as server, httpx.Client(base_url=server.url) as client:
        asyncio.run_coroutine_threadsafe(mounted.start(), server.loop).result(PATIENCE_S)
        assert client.post("/ui/greet?name=you", json={"times": 2}).json() == ["hello you"] * 2
        assert client.post("/ui/greet", json={}).status_code == 422
        assert client.get("/ui/openapi.json").json()["servers"] == [{"url": "/ui"}]
        asyncio.run_coroutine_threadsafe(mounted.stop(), server.loop).result(PATIENCE_S)
    assert events == ["up", "down"]
