"""Websockets of mounted apps on real sockets, with a client that is not ours."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ekiben.serving.http.h1.limits import ConnectionLimits
from ekiben.serving.http.mounted.app import MountedApp
from ekiben.serving.http.routes import Router
from tests.serving.http.raw_client import connected, read_to_end, read_until, status_of
from tests.serving.http.running import Answering, answering
from tests.serving.server_process import eventually

MAX_MESSAGE = 2**20
codes: list[int] = []  # that clients were told to have left with
STARTED = threading.Event()


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"], message.get("reason"))
            if message.get("text") is not None:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])
    except WebSocketDisconnect as left:
        codes.append(left.code)


async def about(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol="b", headers=[(b"x-own", b"1")])
    url = websocket.url
    await websocket.send_json([url.scheme, url.path, websocket.scope["root_path"], websocket.query_params["q"]])
    await websocket.close(4001, "enough")


async def refuse(websocket: WebSocket) -> None:
    await websocket.close()


async def deny(websocket: WebSocket) -> None:
    raise HTTPException(418, "a teapot")


async def fail(websocket: WebSocket) -> None:
    raise RuntimeError("inside")


async def fail_late(websocket: WebSocket) -> None:
    await websocket.accept()
    raise RuntimeError("inside")


async def quiet(websocket: WebSocket) -> None:
    await websocket.accept()
    STARTED.set()
    await websocket.receive_text()


async def flood(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_bytes(b"x" * 65536)
    except (WebSocketDisconnect, OSError, RuntimeError):
        codes.append(-1)


async def page(request: object) -> PlainTextResponse:
    return PlainTextResponse("page")


SOCKETS = (echo, about, refuse, deny, fail, fail_late, quiet, flood)
APP = Starlette(
    routes=[Route("/page", page), *(WebSocketRoute(f"/{one.__name__}", one) for one in SOCKETS)],
)


@contextmanager
def app_served() -> Iterator[Answering]:
    """A server with the app below `/ui`."""
    router = Router({}, {"/ui": MountedApp(APP, "/ui")})
    limits = ConnectionLimits(max_message_bytes=MAX_MESSAGE)
    with answering(router.answer, limits=limits, find_socket=router.find_socket) as server:
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    with app_served() as server:
        yield server


def opened(server: Answering, path: str, *subprotocols: str) -> ClientConnection:
    """A websocket of the app."""
    url = server.url.replace("http", "ws") + f"/ui/{path}"
    return connect(url, subprotocols=[Subprotocol(one) for one in subprotocols] or None, max_size=None, proxy=None)


@pytest.mark.parametrize("message", ["", "text \N{EURO SIGN}", b"", b"\x00\xff", "x" * MAX_MESSAGE, b"y" * 70_000])
def test_messages_come_back_as_they_went(server: Answering, message: str | bytes) -> None:
    with opened(server, "echo") as client:
        for _ in range(3):
            client.send(message)
        assert [client.recv(timeout=10) for _ in range(3)] == [message] * 3


def test_fragments_make_one_message(server: Answering) -> None:
    with opened(server, "echo") as client:
        client.send(["a", "b", "c"])
        assert client.recv(timeout=10) == "abc"


def test_the_app_sees_the_offer_and_says_how_it_ends(server: Answering) -> None:
    with opened(server, "about?q=1", "a", "b") as client:
        assert client.recv(timeout=10) == '["ws","/ui/about","/ui","1"]'
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert client.subprotocol == "b"
        assert client.response is not None
        assert client.response.headers["x-own"] == "1"
        assert "x-request-id" in client.response.headers
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "enough")


@pytest.mark.parametrize(("path", "status"), [("refuse", 403), ("deny", 418), ("fail", 500), ("page", 403)])
def test_an_offer_that_the_app_does_not_accept_is_answered(server: Answering, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(server, path)
    assert refused.value.response.status_code == status


def test_an_app_that_fails_closes_with_an_error_of_its_own(server: Answering, caplog: pytest.LogCaptureFixture) -> None:
    with opened(server, "fail_late") as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert "the app mounted at `/ui` failed" in caplog.text


@pytest.mark.parametrize("code", [1000, 4321])
def test_a_client_that_closes_is_told_of_with_its_code(server: Answering, code: int) -> None:
    codes.clear()
    with opened(server, "echo") as client:
        client.close(code)
    eventually(lambda: codes == [code])


def test_a_client_that_vanishes_is_told_of(server: Answering) -> None:
    codes.clear()
    with opened(server, "echo") as client:
        client.socket.shutdown(socket.SHUT_RDWR)
        eventually(lambda: codes == [1006])


def test_a_message_over_the_limit_closes_the_websocket(server: Answering) -> None:
    with opened(server, "echo") as client:
        client.send(b"x" * (MAX_MESSAGE + 1))
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_text_that_is_none_closes_the_websocket(server: Answering) -> None:
    with opened(server, "echo") as client:
        client.send(b"\xff\xfe", text=True)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007


def test_pings_are_answered(server: Answering) -> None:
    with opened(server, "quiet") as client:
        assert client.ping().wait(10)


def test_a_client_that_takes_nothing_stops_the_app_and_frees_it_when_it_leaves(server: Answering) -> None:
    codes.clear()
    with opened(server, "flood") as client:
        time.sleep(0.2)  # what sockets and the client hold fills up meanwhile
        client.socket.shutdown(socket.SHUT_RDWR)
        eventually(lambda: codes == [-1])


def test_a_handshake_that_is_none_is_refused_with_words(server: Answering) -> None:
    head = "GET /ui/echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    for more, status in (("", 426), ("sec-websocket-version: 8\r\n", 426), ("sec-websocket-version: 13\r\n", 400)):
        with connected(server.url) as connection:
            connection.sendall(f"{head}{more}\r\n".encode())
            reply = read_to_end(connection)
        assert status_of(reply) == status
        assert (b"sec-websocket-version: 13" in reply) is (status == 426)


def test_frames_behind_the_handshake_are_not_lost(server: Answering) -> None:
    head = b"GET /ui/echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    key = b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    frame = b"\x81\x82\0\0\0\0hi"  # masked with zeros
    with connected(server.url) as connection:
        connection.sendall(head + key + frame)
        assert read_until(connection, b"\x81\x02hi").startswith(b"HTTP/1.1 101 ")


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
@example([b"\x88\x80\0\0\0\0", b"\x81\x80\0\0\0\0"])  # a message behind the close
@example([b"\x09\x80\0\0\0\0"])  # a ping in pieces
@example([b"\x81\xff" + b"\xff" * 8 + b"\0" * 4])  # more bytes than there are
def test_whatever_comes_as_frames_the_server_goes_on(server: Answering, pieces: list[bytes]) -> None:
    head = b"GET /ui/echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    key = b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    with connected(server.url) as connection:
        connection.sendall(head + key)
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        for piece in pieces:
            with contextlib.suppress(ConnectionError):
                connection.sendall(piece)
    assert httpx.get(f"{server.url}/ui/page").text == "page"


def test_where_nobody_serves_websockets_the_request_is_answered_as_it_is(server: Answering) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(server.url.replace("http", "ws") + "/nowhere", proxy=None)
    assert refused.value.response.status_code == 404
    assert httpx.get(f"{server.url}/ui/page", headers={"connection": "upgrade", "upgrade": "h2c"}).text == "page"


def test_a_server_that_stops_says_that_it_goes_away() -> None:
    STARTED.clear()
    with app_served() as server, opened(server, "quiet") as client:
        assert STARTED.wait(10)
        server.stop()
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        server.wait_ended()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
