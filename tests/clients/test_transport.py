"""Where clients go: Unix sockets, servers that are not ekiben's, and statuses that have no class of their own."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

from ekiben.clients.sync_client import SyncHTTPClient
from ekiben.clients.uploads import upload_of
from ekiben.errors import PathNotFound, RequestError, UsageError

ARRAY = {"type": "tensor", "format": "numpy-array", "dtype": "float32"}
DOCUMENT = {
    "routes": [
        {
            "name": "double",
            "route": "/double",
            "input": {"type": "object", "properties": {"rows": ARRAY}, "required": ["rows"]},
            "output": ARRAY,
        },
        {
            "name": "echo",
            "route": "/echo",
            "input": {"type": "string", "root_input": True},
            "output": {"type": "string"},
        },
        {"name": "teapot", "route": "/teapot", "input": {"type": "object", "properties": {}}, "output": {}},
    ]
}


class Foreign(BaseHTTPRequestHandler):
    """A server that knows BentoML's documents and bodies, and nothing of ekiben's."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, bytes]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.answer(200, json.dumps(DOCUMENT).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, self.headers["content-type"], body))
        if self.path == "/double":
            self.answer(200, json.dumps([2 * one for one in json.loads(body)["rows"]]).encode())
        elif self.path == "/echo":
            self.answer(200, body, "text/plain")
        else:
            self.answer(418, b"short and stout", "text/plain")

    def answer(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a socket"

    def log_message(self, format: str, *args: object) -> None:
        pass


class NoService(Foreign):
    """Another kind of server."""

    def do_GET(self) -> None:
        self.answer(200, b'{"routes": "none"}')


@contextmanager
def foreign_server(path: Path, kind: type[Foreign] = Foreign) -> Iterator[str]:
    """Such a server at a Unix socket; gives its URL."""
    with socketserver.ThreadingUnixStreamServer(str(path), kind) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()


def test_a_foreign_server_behind_a_unix_socket_gets_what_it_understands(tmp_path: Path) -> None:
    with foreign_server(tmp_path / "server.sock") as url, SyncHTTPClient(url) as client:
        rows = np.arange(5000, dtype=np.float32)
        doubled = client.double(rows)
        assert doubled.dtype == np.float32
        assert np.array_equal(doubled, rows * 2)
        assert client.echo("as it is") == "as it is"
        with pytest.raises(RequestError, match="short and stout") as caught:
            client.teapot()
    assert caught.value.http_status == 418
    assert [one[:2] for one in Foreign.seen[:2]] == [
        ("/double", "application/json"),
        ("/echo", "text/plain; charset=utf-8"),
    ]


def test_what_is_no_document_of_a_service_is_said_to_be_none(tmp_path: Path) -> None:
    with (
        foreign_server(tmp_path / "server.sock", NoService) as url,
        pytest.raises(RequestError, match="does not say what the service offers"),
    ):
        SyncHTTPClient(url)


def test_what_is_no_file_cannot_be_uploaded(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound, match="no such file"):
        upload_of(tmp_path / "nowhere", {})
    with pytest.raises(UsageError, match="is no file"):
        upload_of(3, {})
