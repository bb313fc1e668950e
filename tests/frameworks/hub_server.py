"""A hub for tests: what huggingface_hub asks of huggingface.co for a model, from a folder of files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

COMMIT = "1234567890abcdef1234567890abcdef12345678"
MODEL = "tiny/Model"
FILES: Mapping[str, bytes] = {
    "config.json": b'{"hidden": 8}',
    "weights/model.safetensors": b"weights" * 100,
    "weights/model.bin": b"pickled" * 100,
    ".gitattributes": b"*.bin lfs",
}


class _Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == f"/api/models/{MODEL}/revision/main":
            self._answer(json.dumps({"id": MODEL, "sha": COMMIT, "siblings": []}).encode())
        elif path == f"/api/models/{MODEL}/tree/{COMMIT}":
            self._answer(json.dumps([_row(name, content) for name, content in FILES.items()]).encode())
        else:
            self._file(path)

    def do_HEAD(self) -> None:
        self._file(urlsplit(self.path).path)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def _file(self, path: str) -> None:
        content = FILES.get(path.removeprefix(f"/{MODEL}/resolve/{COMMIT}/"))
        if content is None:
            self._answer(b"", 404, {"X-Error-Code": "RepoNotFound"})
        else:
            self._answer(content, 200, {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": COMMIT})

    def _answer(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _row(name: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(content), "oid": _oid(content)}


def _oid(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@contextmanager
def serve_hub() -> Iterator[str]:
    """The address of a hub that has one model, for the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
