"""Servers of buckets on loopback: `python -m tests.store.remote.object_store.servers s3|google LOG` says its port.

Moto's S3 and an emulator of Google's storage, one request after the other, so that what compares and writes does both
at once, as the real ones do. Each request that ends is a line of the log: method, path, query and bytes of its body.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http.server import HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).parents[4]
BUCKET = "lunch"
_LOCATION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Request:
    """One that has ended."""

    method: str
    path: str
    query: str
    body_bytes: int


@dataclass(slots=True)
class BucketServer:
    """A server in a process of its own, over memory."""

    kind: str
    log: Path
    port: int = 0
    _process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.store.remote.object_store.servers", self.kind, str(self.log)]
        with self.log.with_suffix(".stderr").open("w") as stderr:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    @property
    def options(self) -> dict[str, object]:
        """What the backend is to be given."""
        endpoint = f"http://127.0.0.1:{self.port}"
        if self.kind == "s3":
            client = {"region_name": _LOCATION}
            return {"key": "kiosk", "secret": "opensesame", "endpoint_url": endpoint, "client_kwargs": client}
        return {"token": "anon", "endpoint_url": endpoint}

    def requests(self) -> list[Request]:
        """Those that have ended."""
        return [Request(*json.loads(line)) for line in self.log.read_text().splitlines()]

    def uploaded_bytes(self, least: int = 1_000_000) -> int:
        """What came in bodies that are no documents."""
        return sum(one.body_bytes for one in self.requests() if one.body_bytes >= least)


def serve_s3(log: Path) -> None:
    """Moto, with a bucket."""
    import boto3
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = DomainDispatcherApplication(create_backend_app)

    def logging_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = list(app(environ, start_response))
        size = int(environ.get("CONTENT_LENGTH") or 0)
        _write(log, environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], size)
        return answer

    server = make_server("127.0.0.1", 0, logging_app, threaded=False)
    client = partial(boto3.client, "s3", region_name=_LOCATION, aws_access_key_id="a", aws_secret_access_key="b")
    _announce(server.port, lambda: client(endpoint_url=f"http://127.0.0.1:{server.port}").create_bucket(Bucket=BUCKET))
    server.serve_forever()


def serve_google(log: Path) -> None:
    """The emulator, which knows nothing of generations that have to match: that is done here, in its stead."""
    from gcp_storage_emulator.exceptions import NotFound
    from gcp_storage_emulator.handlers.buckets import create_bucket
    from gcp_storage_emulator.handlers.objects import _checksums, _make_object_resource
    from gcp_storage_emulator.server import RequestHandler
    from gcp_storage_emulator.storage import Storage

    class Handler(RequestHandler):  # type: ignore[misc]
        def do_POST(self) -> None:  # noqa: N802
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            size = int(self.headers.get("Content-Length") or 0)
            wanted = query.get("ifGenerationMatch")
            if wanted and wanted[0] != self.generation(query["name"][0]):
                self.rfile.read(size)
                self.send_error(412)
                return
            self.put_empty(query["name"][0]) if not size and "name" in query else super().do_POST()
            _write(log, "POST", parts.path, parts.query, size)

        def put_empty(self, name: str) -> None:
            """In place of the emulator, which fails with these."""
            described = _checksums(b"", _make_object_resource("", BUCKET, name, "application/octet-stream", "0"))
            self.storage.create_file(BUCKET, name, b"", described)
            self.send_response(200)
            self.end_headers()

        def generation(self, name: str) -> str:
            try:
                return str(self.storage.get_file_obj(BUCKET, name)["generation"])
            except NotFound:
                return "0"

    storage = Storage(use_memory_fs=True)
    create_bucket(BUCKET, storage)
    server = HTTPServer(("127.0.0.1", 0), partial(Handler, storage))
    _announce(server.server_port, lambda: None)
    server.serve_forever()


def _announce(port: int, prepare: Callable[[], object]) -> None:
    """Says the port once `prepare`, which needs the server, has ended."""
    import threading

    def tell() -> None:
        prepare()
        print(port, flush=True)

    threading.Thread(target=tell, daemon=True).start()


def _write(log: Path, *fields: object) -> None:
    with log.open("a") as stream:
        stream.write(json.dumps(fields) + "\n")


if __name__ == "__main__":
    Path(sys.argv[2]).touch()
    {"s3": serve_s3, "google": serve_google}[sys.argv[1]](Path(sys.argv[2]))
