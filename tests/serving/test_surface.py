"""What is around a service in a real server: TLS, a prefix, cross-origin rules, middlewares, apps and websockets."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.oci.registry.certificates import make_certificates
from tests.serving.server_process import ServerProcess, run_to_end, serving, write_service

SOURCE = '''
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
import flask
import numpy as np
from typing import Annotated
from pydantic import BaseModel

import ekiben
from ekiben.validators import Shape


async def say(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"{text} {websocket.scope['root_path']} {websocket.url.scheme}")


ui = Starlette(routes=[WebSocketRoute("/say", say), Route("/page", lambda request: PlainTextResponse("page"))])
old = flask.Flask("old")


@old.route("/hello/<name>", methods=["GET", "POST"])
def hello(name):
    size = len(flask.request.get_data())
    return {"hello": name, "url": flask.request.url, "size": size, "agent": flask.request.headers["user-agent"]}


@old.route("/stream")
def stream():
    return flask.Response(f"{number}," for number in range(3))


@old.route("/fail")
def fail():
    flask.abort(418)


class Order:
    """Says in which order it was passed."""

    def __init__(self, app, name):
        self.app, self.name = app, name

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and (b"x-deny", self.name.encode()) in scope["headers"]:
            await JSONResponse({"error": f"denied by {self.name}"}, status_code=401)(scope, receive, send)
            return

        async def mark(message):
            if message["type"] in ("http.response.start", "websocket.accept"):
                message.setdefault("headers", []).append((b"x-passed", self.name.encode()))
            await send(message)

        await self.app(scope, receive, mark)


class Item(BaseModel):
    name: str


@ekiben.service(
    name="Surface",
    path_prefix="/v1",
    endpoints={"livez": "/up"},
    envs=[{"name": "SAID_BY_SERVICE", "value": "yes"}],
    traffic={"external_queue": True},
    http={"cors": {"enabled": True, "access_control_allow_origins": ["https://here.example"]}},
)
@ekiben.asgi_app(ui, path="/ui")
class Surface:
    @ekiben.api(batchable=True)
    def rows(self, rows: Annotated[np.ndarray, Shape((-1, 2))]) -> np.ndarray:
        return rows.sum(axis=1)

    @ekiben.api
    def about(self, ctx: ekiben.Context) -> dict[str, object]:
        import os

        ctx.response.set_cookie("seen", "1")
        ctx.response.headers["x-own"] = "1"
        request = ctx.request
        assert request.client.host == "127.0.0.1"
        told = [request.url.path, request.query_params.get("q"), request.cookies.get("c"), request.id]
        return {"told": told, "env": os.environ["SAID_BY_SERVICE"]}

    @ekiben.api
    def item(self, item: Item, /) -> str:
        return item.name

    @ekiben.api
    def fail(self) -> str:
        raise RuntimeError("inside")

    @ekiben.api
    def __call__(self, name: str) -> str:
        return f"called by {name}"


Surface.mount_wsgi_app(old, path="/old")
'''
WRAPPED = (
    SOURCE
    + """
Surface.add_asgi_middleware(Order, name="first")
Surface.add_asgi_middleware(Order, name="second")
"""
)
HERE = {"origin": "https://here.example"}


@pytest.fixture(scope="module", params=["plain", "wrapped"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The service, with and without middlewares: all that is below holds for both."""
    project = write_service(tmp_path_factory.mktemp("surface"), WRAPPED if request.param == "wrapped" else SOURCE)
    with serving(project) as server:
        yield server


def test_apis_are_below_the_prefix_and_probes_in_both_places(server: ServerProcess) -> None:
    assert server.post("/v1/item", name="tea").json() == "tea"
    assert server.post("/item", name="tea").status_code == 404
    for path in ("/livez", "/v1/livez", "/readyz", "/v1/readyz", "/metrics", "/v1/metrics", "/up", "/v1/"):
        assert server.client.get(path).status_code == 200, path
    assert server.client.get("/v1").headers["location"] == "/v1/"
    assert server.post("/v1/", name="you").json() == "called by you"
    assert "swagger" in server.client.get("/v1/").text
    assert "/v1/item" in server.client.get("/v1/docs.json").json()["paths"]
    routes = server.client.get("/schema.json").json()["routes"]
    assert "/v1/item" in [one["route"] for one in routes]
    assert "`traffic.external_queue` of the decorator changes nothing" in server.output()


def test_a_mark_is_held_in_a_batch_and_names_the_field(server: ServerProcess) -> None:
    assert server.post("/v1/rows", rows=[[1, 2], [3, 4]]).json() == [3, 7]
    refused = server.post("/v1/rows", rows=[[1, 2, 3]])
    assert refused.status_code == 400
    assert refused.json()["error"] == "`rows`: the shape is (1, 3), and (-1, 2) is asked for"


def test_a_method_sees_its_request_and_adds_to_its_reply(server: ServerProcess) -> None:
    headers = {"cookie": "c=yes", "x-request-id": "mine"}
    reply = server.client.post("/v1/about?q=1", headers=headers, json={})
    assert reply.json() == {"told": ["/v1/about", "1", "yes", "mine"], "env": "yes"}
    assert reply.cookies["seen"] == "1"
    assert (reply.headers["x-own"], reply.headers["x-request-id"]) == ("1", "mine")


@pytest.mark.parametrize(("path", "status"), [("/v1/item", 400), ("/v1/fail", 500), ("/nowhere", 404)])
def test_scripts_of_an_allowed_origin_can_read_errors(server: ServerProcess, path: str, status: int) -> None:
    reply = server.client.post(path, json={}, headers=HERE)
    assert reply.status_code == status
    assert reply.headers["access-control-allow-origin"] == HERE["origin"]
    assert "access-control-allow-origin" not in server.client.post(path, json={}).headers


def test_a_browser_may_ask_first(server: ServerProcess) -> None:
    asked = {**HERE, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    assert server.client.options("/v1/item", headers={**asked, "x-deny": "first"}).status_code == 204
    assert server.client.options("/v1/item", headers={**asked, "origin": "https://evil.example"}).status_code == 400


def test_an_old_app_is_served_in_threads(server: ServerProcess) -> None:
    body = b"x" * 3_000_000
    told = server.client.post("/v1/old/hello/you?a=b", content=body).json()
    assert (told["hello"], told["size"]) == ("you", len(body))
    assert told["url"] == f"{server.url}/v1/old/hello/you?a=b"
    assert server.client.get("/v1/old/stream").text == "0,1,2,"
    assert server.client.get("/v1/old/fail").status_code == 418
    assert server.client.get("/v1/old/nowhere").status_code == 404


def test_websockets_of_an_app_pass_all_that_is_around_it(server: ServerProcess) -> None:
    with connect(server.url.replace("http", "ws") + "/v1/ui/say", proxy=None) as client:
        client.send("hello")
        assert client.recv(timeout=10) == "hello /v1/ui ws"
        passed = client.response.headers.get_all("x-passed") if client.response is not None else []
    assert passed in ([], ["second", "first"])
    assert server.client.get("/v1/ui/page").text == "page"


def test_middlewares_are_passed_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    with serving(write_service(tmp_path, WRAPPED)) as server:
        reply = server.post("/v1/item", name="tea")
        assert reply.headers.get_list("x-passed") == ["second", "first"]
        denied = server.client.post("/v1/item", json={"name": "tea"}, headers={"x-deny": "first", **HERE})
        assert (denied.status_code, denied.json()) == (401, {"error": "denied by first"})
        assert denied.headers["access-control-allow-origin"] == HERE["origin"]
        assert server.client.post("/v1/rows", content=b"x" * 200_000).status_code == 400
        assert server.end() == 0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, a server and a client that it signed, a stranger, and a key with a password."""
    folder, elsewhere = tmp_path_factory.mktemp("keys"), tmp_path_factory.mktemp("elsewhere")
    make_certificates(folder)
    make_certificates(elsewhere)
    for name in ("client.cert", "client.key"):
        (elsewhere / name).rename(folder / name.replace("client", "stranger"))
    key = serialization.load_pem_private_key((folder / "server.pem").read_bytes(), None)
    form, locked = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"open")
    (folder / "locked.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    (folder / "junk.pem").write_text("junk")
    return folder


TLS_SOURCE = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

import ekiben


async def say(websocket):
    await websocket.accept()
    await websocket.send_text(f"{await websocket.receive_text()} by {websocket.url.scheme}")


@ekiben.service
@ekiben.asgi_app(Starlette(routes=[WebSocketRoute("/say", say)]), path="/ui")
class Safe:
    @ekiben.api
    def echo(self, text: str) -> str:
        return text
"""


def test_a_server_speaks_tls_and_its_own_check_finds_it(keys: Path, tmp_path: Path) -> None:
    project = write_service(tmp_path, TLS_SOURCE)
    port_file = tmp_path / "port"
    options = ["--ssl-certfile", str(keys / "server.pem"), "--ssl-keyfile", str(keys / "server.pem")]
    environ = {"EKIBEN_PORT_FILE": str(port_file)}
    trusted = ssl.create_default_context(cafile=str(keys / "authority.pem"))
    with serving(project, *options, environ=environ) as server:
        assert server.url.startswith("https://")
        with httpx.Client(base_url=server.url, verify=trusted) as client:
            assert client.post("/echo", json={"text": "x" * 300_000}).json() == "x" * 300_000
            assert [client.post("/echo", json={"text": str(one)}).json() for one in range(3)] == ["0", "1", "2"]
            assert client.post("/echo", content=b"junk").status_code == 400
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/livez")
        with connect(server.url.replace("http", "ws") + "/ui/say", ssl=trusted, proxy=None) as socket:
            socket.send("x" * 100_000)
            assert socket.recv(timeout=10) == "x" * 100_000 + " by wss"
        assert is_found_alive(environ)
        assert server.end() == 0


def test_clients_show_certificates_where_they_are_asked_to(keys: Path, tmp_path: Path) -> None:
    project = write_service(tmp_path, TLS_SOURCE)
    options = {"certfile": "server.pem", "keyfile": "locked.key", "ca-certs": "authority.pem"}
    given = [f"--ssl-{name}={keys / value}" for name, value in options.items()]
    environ = {"EKIBEN_PORT_FILE": str(tmp_path / "port"), "EKIBEN_SSL_KEYFILE_PASSWORD": "open"}
    with serving(project, *given, "--ssl-cert-reqs", "2", environ=environ) as server:
        known = ssl.create_default_context(cafile=str(keys / "authority.pem"))
        known.load_cert_chain(keys / "client.cert", keys / "client.key")
        assert httpx.post(f"{server.url}/echo", json={"text": "a"}, verify=known).json() == "a"
        for name in ("stranger", None):
            context = ssl.create_default_context(cafile=str(keys / "authority.pem"))
            if name is not None:
                context.load_cert_chain(keys / f"{name}.cert", keys / f"{name}.key")
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError)):
                httpx.post(f"{server.url}/echo", json={"text": "a"}, verify=context)
        assert is_found_alive(environ)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"certfile": "none.pem"}, "`ssl.certfile`: there is no file"),
        ({"certfile": "server.pem", "keyfile": "none.key"}, "`ssl.keyfile`: there is no file"),
        ({"certfile": "junk.pem"}, "holds no certificate and key in PEM"),
        ({"certfile": "junk.pem", "keyfile": "stranger.key"}, "are no certificate and key in PEM"),
        ({"certfile": "server.pem", "keyfile": "stranger.key"}, "is not the key of the certificate"),
        ({"certfile": "server.pem", "keyfile": "locked.key"}, "is encrypted"),
        ({"certfile": "server.pem", "ca-certs": "junk.pem"}, "`ssl.ca_certs`: "),
    ],
)
def test_files_that_cannot_be_used_are_named(keys: Path, tmp_path: Path, options: dict[str, str], reason: str) -> None:
    project = write_service(tmp_path, TLS_SOURCE)
    given = [f"--ssl-{name}={keys / value}" for name, value in options.items()]
    ended = run_to_end(project, "service", "--root", str(project), "-p", "0", *given)
    assert ended.returncode != 0
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def is_found_alive(environ: dict[str, str]) -> bool:
    """Whether an image's own check would find the server."""
    command = [sys.executable, "-m", "ekiben.serving.healthcheck"]
    return subprocess.run(command, env={**os.environ, **environ}, check=False).returncode == 0


def test_without_the_library_a_websocket_is_refused_in_words(tmp_path: Path) -> None:
    source = f"import sys\n\nsys.modules['websockets'] = None\n{TLS_SOURCE}"
    with serving(write_service(tmp_path, source)) as server:
        with pytest.raises(InvalidStatus) as refused, connect(f"{server.url}/ui/say".replace("http", "ws"), proxy=None):
            pass
        assert refused.value.response.status_code == 501
        assert b"need the package `websockets`" in bytes(refused.value.response.body or b"")
        assert server.post("/echo", text="on").json() == "on"


HOOKED = """
import os
from pathlib import Path
from fastapi import Depends, FastAPI

import ekiben

app = FastAPI()


@app.get("/who")
def who(service=Depends(ekiben.get_current_service)) -> str:
    return service.name


with ekiben.importing():
    import json


@ekiben.service
@ekiben.asgi_app(app, path="/app")
class Hooked:
    name = "me"

    @app.get("/view/{number}")
    def view(self, number: int) -> str:
        return self.name * number

    @ekiben.on_deployment
    def prepare():
        with Path("deployed").open("a") as log:
            print(os.getpid(), ekiben.server_context.worker_index, file=log)

    @ekiben.api
    def index(self) -> list[object]:
        return [ekiben.server_context.worker_index, ekiben.server_context.service_name, os.getpid()]
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_know_which_they_are_and_deployment_hooks_run_once(tmp_path: Path, workers: int) -> None:
    with serving(write_service(tmp_path, HOOKED), "--workers", str(workers)) as server:
        found = {tuple(server.post("/index").json()) for _ in range(40)}
        assert {(index, name) for index, name, _ in found} <= {(one, "Hooked") for one in range(1, workers + 1)}
        assert len({pid for *_, pid in found}) == len(found) <= workers
        asked = [server.client.get(path) for path in ("/app/who", "/app/view/2")]
        assert [one.status_code for one in asked] == [200 if workers == 1 else 500] * 2
        assert workers == 2 or [one.json() for one in asked] == ["me", "meme"]
    assert (tmp_path / "deployed").read_text() == f"{server.process.pid} 1\n"
