"""Routes that are methods of a service, in FastAPI and Starlette as they are."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Annotated, Any

import fastapi
import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import ekiben
from ekiben.errors import ServiceError
from ekiben.serving.declare.class_views import bind_class_views
from ekiben.serving.declare.server_context import server_context

app = fastapi.FastAPI()


class Item(BaseModel):
    name: str
    price: float = 1.0


class Views:
    name = "me"

    @app.get("/items/{number}", status_code=201, tags=["items"])
    def item(self, number: int, q: str = "none") -> Item:
        return Item(name=f"{self.name} {q}", price=number)

    @app.post("/items")
    async def add(self, item: Item, agent: Annotated[str, fastapi.Header(alias="user-agent")]) -> str:
        return f"{self.name} {item.name} {agent}"

    @app.websocket("/say")
    async def say(self, websocket: fastapi.WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(self.name)
        await websocket.close()

    @app.get("/items/last")
    def shadowed(self) -> str:
        raise AssertionError("an earlier route has the path")


@app.get("/plain")
def plain() -> str:
    return "plain"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    bind_class_views(app, Views)
    gc.collect()  # of services that other tests had in this process none is left then
    views = Views()
    server_context.add("Views", views)
    with TestClient(app, headers={"user-agent": "test"}) as client:
        yield client


def test_a_route_gets_the_instance_and_its_parameters(client: TestClient) -> None:
    reply = client.get("/items/3?q=x")
    assert (reply.status_code, reply.json()) == (201, {"name": "me x", "price": 3.0})
    assert client.post("/items", json={"name": "tea"}).json() == "me tea test"
    assert client.get("/items/last").status_code == 422
    assert client.get("/plain").json() == "plain"
    with client.websocket_connect("/say") as websocket:
        assert websocket.receive_text() == "me"


def test_documents_do_not_know_of_self(client: TestClient) -> None:
    paths: Any = client.get("/openapi.json").json()["paths"]
    assert [one["name"] for one in paths["/items/{number}"]["get"]["parameters"]] == ["number", "q"]
    assert paths["/items/{number}"]["get"]["tags"] == ["items"]
    assert "201" in paths["/items/{number}"]["get"]["responses"]


def test_methods_stay_methods(client: TestClient) -> None:
    assert Views().item(2).price == 2


def test_starlettes_routes_are_bound_too(client: TestClient) -> None:
    class Page:
        def page(self, request: Request) -> PlainTextResponse:
            return PlainTextResponse(f"{type(self).__name__} {request.url.path}")

    pages = Starlette(routes=[Route("/page", Page.page, methods=["GET"], name="named")])
    bind_class_views(pages, Page)
    assert pages.url_path_for("named") == "/page"
    assert TestClient(pages).get("/page").text == "Views /page"  # the instance of this process


def test_a_route_that_takes_no_self_is_refused() -> None:
    routes = fastapi.FastAPI()

    class Wrong:
        @routes.get("/x")
        def view() -> int:  # type: ignore[misc]
            return 1

        @ekiben.api
        def api(self) -> int:
            return 1

    with pytest.raises(ServiceError, match=r"test_class_views.py:\d+: a route that is a method takes `self`"):
        ekiben.asgi_app(routes, path="/ui")(ekiben.service(Wrong))
