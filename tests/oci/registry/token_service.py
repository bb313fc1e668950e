"""A service that gives tokens to those who have logged in, as distribution's protocol has it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True)
class TokenService:
    """Gives out `token`, and remembers what it was asked."""

    token: str = "first"
    body: bytes | None = None
    status: int = 200
    expires_in: int = 300
    asked: list[tuple[str, dict[str, list[str]], str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: Mapping[str, list[str]], authorization: str | None) -> tuple[int, bytes]:
        """Status and body, as the protocol has them."""
        return self.status, self.body or json.dumps({"token": self.token, "expires_in": self.expires_in}).encode()


@contextmanager
def giving(service: TokenService) -> Iterator[TokenService]:
    """The service answers at its `url` for the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """With the login as Basic, or none."""
            self._answer(parse_qs(urlsplit(self.path).query))

        def do_POST(self) -> None:
            """With an identity token."""
            self._answer(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def _answer(self, asked: dict[str, list[str]]) -> None:
            service.asked.append((self.command, asked, self.headers.get("Authorization")))
            status, content = service.answer(asked, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}/token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
