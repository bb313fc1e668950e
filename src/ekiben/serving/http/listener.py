"""The listening socket, and uvicorn on top of it: uvloop, httptools, no middleware, no signal handlers of its own."""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Generator

import uvicorn

from ekiben.errors import UsageError
from ekiben.serving.http.asgi import AsgiApp
from ekiben.serving.http.protocol import HttpProtocol

BACKLOG = 2048  # connections that wait to be accepted
TICKS = 10  # of uvicorn, of 0.1 s each: how often connections are looked after


class HttpServer(uvicorn.Server):
    """Serves `app` until `stop`. Signals are the server process's business, not uvicorn's."""

    def __init__(self, app: AsgiApp, *, drain_s: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=HttpProtocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=math.ceil(drain_s),
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn's, left empty."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's, ten times a second; here connections that keep the server waiting are ended."""
        if counter % TICKS == 0:
            now_s = time.monotonic()
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, HttpProtocol):
                    connection.look_after(now_s)
        return await super().on_tick(counter)

    def stop(self) -> None:
        """Accepts no more; what is under way gets the drain time, and is answered 503 after it."""
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UsageError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "choose another with --port" if port else None
        raise UsageError(f"`{host}:{port}` cannot be listened on: {reason.lower()}", hint=hint) from error


def url_of(listener: socket.socket) -> str:
    """The address to reach the server at."""
    host, port = address_of(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def address_of(listener: socket.socket) -> tuple[str, int]:
    """Host and port that the socket got."""
    name = listener.getsockname()
    return str(name[0]), int(name[1])
