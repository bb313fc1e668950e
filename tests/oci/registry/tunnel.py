"""A proxy that brings every connection to one port of this machine, whoever it was for."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(slots=True)
class Tunnel:
    """The proxy at `host`; `asked` are the hosts that it was asked for, `logins` the credentials that it was shown.

    With a `certificate` (and key, in one PEM file) it is spoken to in TLS, and would like to see those of its clients:
    `shown` are what it saw."""

    port: int
    certificate: Path | None = None
    host: str = ""
    asked: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    shown: list[object] = field(default_factory=list)


@contextmanager
def tunnelling(tunnel: Tunnel) -> Iterator[Tunnel]:
    """The proxy answers for the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            """Says yes, and hands on what comes."""
            tunnel.asked.append(self.path)
            if isinstance(self.connection, ssl.SSLSocket):
                tunnel.shown.append(self.connection.getpeercert())
            tunnel.logins.append(self.headers.get("Proxy-Authorization"))
            with socket.create_connection(("127.0.0.1", tunnel.port)) as far:
                self.send_response(200)
                self.end_headers()
                _relay(self.connection, far)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tunnel.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tunnel.certificate)
        context.load_verify_locations(tunnel.certificate.parent / "authority.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        server.socket = context.wrap_socket(server.socket, server_side=True)
    tunnel.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield tunnel
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _relay(near: socket.socket, far: socket.socket) -> None:
    """Both ways, until one of them ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                is_more = True
                while is_more:
                    piece = key.fileobj.recv(65536)
                    if not piece:
                        return
                    key.data.sendall(piece)
                    is_more = isinstance(key.fileobj, ssl.SSLSocket) and key.fileobj.pending() > 0
