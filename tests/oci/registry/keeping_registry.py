"""A registry that knows how far every upload is, whatever becomes of its client. Of content it keeps the hash alone."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.oci.registry.running import running

if TYPE_CHECKING:
    from hashlib import _Hash

_READ = 256 * 1024


@dataclass(slots=True)
class Begun:
    """An upload. Who asks for it waits until a chunk that is under way has ended, however it does."""

    hash: _Hash = field(default_factory=hashlib.sha256)
    size_bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class KeepingRegistry:
    """`whole_chunks`: of a chunk that breaks off nothing is kept. `pause_s` is waited for each quarter of a megabyte
    that comes; what is longer than `longest_chunk` is answered 416, and a blob of which a chunk but the last is shorter
    than `least_chunk` 400. `told_bytes`: it says for ever that this is how much it has. `breaks` PUTs are cut."""

    whole_chunks: bool = False
    pause_s: float = 0.0
    longest_chunk: int | None = None
    least_chunk: int = 0
    breaks: int = 0
    told_bytes: int | None = None
    taken_status: int = 202
    blobs: dict[str, int] = field(default_factory=dict)
    uploads: dict[str, Begun] = field(default_factory=dict)
    begun: int = 0
    chunks: list[int] = field(default_factory=list)
    taken_bytes: int = 0
    host: str = ""


@contextmanager
def keeping(registry: KeepingRegistry) -> Iterator[KeepingRegistry]:
    """The registry answers at its `host` for the block."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.registry = registry
    registry.host = f"127.0.0.1:{server.server_port}"
    with running(server):
        yield registry


class _Server(ThreadingHTTPServer):
    registry: KeepingRegistry
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rbufsize = _READ
    server: _Server

    def do_HEAD(self) -> None:
        """Whether a blob is there."""
        size_bytes = self.server.registry.blobs.get(self.path.rpartition("/")[2])
        self._answer(404 if size_bytes is None else 200, {"Content-Length": str(size_bytes or 0)})

    def do_POST(self) -> None:
        """Begins an upload."""
        registry = self.server.registry
        name = f"upload{registry.begun}"
        registry.begun += 1
        registry.uploads[name] = Begun()
        self._answer(202, {"Location": f"/v2/a/blobs/uploads/{name}"})

    def do_GET(self) -> None:
        """How far an upload is."""
        if (upload := self._upload()) is None:
            return self._answer(404)
        with upload.lock:
            told = upload.size_bytes if self.server.registry.told_bytes is None else self.server.registry.told_bytes
            return self._answer(204, {"Range": f"0-{max(0, told - 1)}"})

    def do_PATCH(self) -> None:
        """Takes a chunk, where it is the next one."""
        registry, upload = self.server.registry, self._upload()
        start = re.fullmatch(r"(\d+)-\d+", self.headers["Content-Range"])
        length = int(self.headers["Content-Length"])
        if upload is None or start is None or length > (registry.longest_chunk or length):
            return self._refuse(404 if upload is None else 416)
        with upload.lock:
            if int(start[1]) != upload.size_bytes:
                return self._refuse(416)
            registry.chunks.append(length)
            if not self._take(upload, length):
                return None
            return self._answer(registry.taken_status, {"Range": f"0-{upload.size_bytes - 1}"})

    def do_PUT(self) -> None:
        """Takes the rest, and ends an upload."""
        registry, upload = self.server.registry, self._upload()
        if upload is None:
            return self._refuse(404)
        with upload.lock:
            if registry.breaks:
                registry.breaks -= 1
                self.close_connection = True
                return None
            if not self._take(upload, int(self.headers["Content-Length"])):
                return None
            digest = f"sha256:{upload.hash.hexdigest()}"
            is_small = any(one < registry.least_chunk for one in registry.chunks[:-1])
            if is_small or parse_qs(urlsplit(self.path).query)["digest"] != [digest]:
                return self._answer(400)
            registry.blobs[digest] = upload.size_bytes
            return self._answer(201)

    def _upload(self) -> Begun | None:
        return self.server.registry.uploads.get(urlsplit(self.path).path.rpartition("/")[2])

    def _take(self, upload: Begun, length: int) -> bool:
        """Whether all of it came."""
        registry, before, left = self.server.registry, (upload.hash.copy(), upload.size_bytes), length
        while left:
            piece = self._read(min(_READ, left))
            if not piece:
                if registry.whole_chunks:
                    upload.hash, upload.size_bytes = before
                self.close_connection = True
                return False
            upload.hash.update(piece)
            upload.size_bytes += len(piece)
            registry.taken_bytes += len(piece)
            left -= len(piece)
            time.sleep(registry.pause_s)
        return True

    def _read(self, limit: int) -> bytes:
        try:
            return self.rfile.read1(limit)
        except ConnectionError:
            return b""

    def _refuse(self, status: int) -> None:
        """The answer to what is not read."""
        self.close_connection = True
        self._answer(status, {"Connection": "close"})

    def _answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
