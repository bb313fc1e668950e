"""A service as an ASGI app, in the hands of other people's test clients and of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from ekiben.clients.async_client import AsyncHTTPClient
from ekiben.clients.sync_client import SyncHTTPClient
from ekiben.errors import ServiceError
from ekiben.serving.declare.api import api
from ekiben.serving.declare.dependency import depends
from ekiben.serving.declare.hooks import on_shutdown
from ekiben.serving.declare.mounts import AsgiApp, asgi_app
from ekiben.serving.declare.service import Service, service

ENDED: list[str] = []


@service
class Inner:
    @api(batchable=True)
    def double(self, numbers: list[int]) -> list[int]:
        return [number * 2 for number in numbers]


@service(workers=2)
class Outer:
    inner = depends(Inner)

    @api
    def twice(self, number: int) -> int:
        found: int = self.inner.double([number])[0]
        return found

    @api
    async def count(self, most: int) -> AsyncGenerator[str, None]:
        for number in range(most):
            yield str(number)
            await asyncio.sleep(0.01)

    @on_shutdown
    def end(self) -> None:
        ENDED.append("ended")


async def talk(socket: WebSocket) -> None:
    """Says back what it hears, once."""
    await socket.accept()
    await socket.send_text(f"you said {await socket.receive_text()}")
    await socket.close()


@asgi_app(Starlette(routes=[WebSocketRoute("/talk", talk)]), path="/live")
@service
class Talking:
    @api
    def answer(self) -> int:
        return 1


@service
class Broken:
    def __init__(self) -> None:
        raise ValueError("no weights")

    @api
    def answer(self) -> int:
        return 1


def app_of(declared: object) -> AsgiApp:
    """The app of a service, which type checkers take for its class."""
    assert isinstance(declared, Service)
    return declared.to_asgi()


def test_a_test_client_brings_it_up_and_down_with_its_lifespan() -> None:
    ENDED.clear()
    with TestClient(app_of(Outer)) as client:
        assert client.get("/readyz").status_code == 200
        assert client.post("/twice", json={"number": 21}).json() == 42
        assert client.post("/count", json={"most": 3}).text == "012"
        assert client.post("/twice", json={}).status_code == 400
        assert client.get("/nowhere").status_code == 404
    assert ENDED == ["ended"]


def test_a_mounted_apps_websockets_are_there_too() -> None:
    with TestClient(app_of(Talking)) as client, client.websocket_connect("/live/talk") as socket:
        socket.send_text("hi")
        assert socket.receive_text() == "you said hi"


def test_without_a_lifespan_the_first_request_brings_it_up() -> None:
    async def ask() -> list[int]:
        transport = httpx2.ASGITransport(app_of(Outer))
        async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
            answers = await asyncio.gather(*(client.post("/twice", json={"number": one}) for one in range(5)))
            return [answer.json() for answer in answers]

    assert asyncio.run(ask()) == [0, 2, 4, 6, 8]


def test_clients_of_ours_ask_it_as_they_ask_a_server_streams_piece_by_piece() -> None:
    ENDED.clear()
    with SyncHTTPClient("http://here", app=app_of(Outer)) as client:
        assert client.twice(4) == 8
        pieces = client.count(1000)
        assert next(pieces) == "0"
        pieces.close()
        assert client.twice(number=5) == 10
    assert ENDED == ["ended"]


def test_a_client_that_awaits_asks_it_on_its_own_loop() -> None:
    async def ask() -> tuple[int, str]:
        async with AsyncHTTPClient("http://here", app=app_of(Outer)) as client:
            return await client.twice(4), "".join([piece async for piece in client.count(3)])

    assert asyncio.run(ask()) == (8, "012")


def test_a_service_that_does_not_come_up_says_why() -> None:
    with pytest.raises(ServiceError, match="did not start"):
        SyncHTTPClient("http://here", app=app_of(Broken))
