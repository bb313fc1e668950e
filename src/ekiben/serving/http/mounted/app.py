"""`MountedApp`: an ASGI 3 app below a path prefix, as a Handler: requests and replies stream both ways; websockets too.

The app runs in the server's process, whatever runs the service. It reads its request's body as it comes, within the
connection's limits but without `http.max_body`; `traffic.timeout` and `traffic.max_concurrency` are for APIs. When its
client goes away it is told so (`receive` gives `http.disconnect`, `send` raises OSError), not cancelled: a response
that is complete may have background tasks.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ekiben.serving.failures import internal_error
from ekiben.serving.http.asgi import AsgiCallable, Receive, Scope, Send
from ekiben.serving.http.mounted.exchange import AppExchange
from ekiben.serving.http.mounted.lifespan import APP_FAILURES, Lifespan
from ekiben.serving.http.mounted.socket import SocketExchange
from ekiben.serving.http.request import Request
from ekiben.serving.http.websocket import Socket
from ekiben.serving.wire import Answer

logger = logging.getLogger("ekiben.serving")

_ASGI = {"version": "3.0", "spec_version": "2.4"}


class AppFailed(Exception):
    """The app raised, which is logged, or ended without a response."""


class MountedApp:
    """Calls `app` for the requests below `prefix`, which is empty where it has all paths."""

    def __init__(self, app: AsgiCallable, prefix: str) -> None:
        self._app = app
        self._prefix = prefix
        self._lifespan = Lifespan(app, self.place)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def place(self) -> str:
        """Where it is mounted, as people write it."""
        return self._prefix or "/"

    async def start(self) -> None:
        """Runs its start-up. Raises ServiceError where that fails."""
        await self._lifespan.start()

    async def stop(self) -> None:
        """Runs its shut-down."""
        await self._lifespan.stop()

    async def __call__(self, request: Request) -> Answer:
        """The app's response; its task goes on until the app returns."""
        exchange = AppExchange(request)
        task = asyncio.create_task(self._run(exchange, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await exchange.answer
        except AppFailed:
            return internal_error(request.id)
        except asyncio.CancelledError:
            exchange.leave()
            raise

    async def serve_socket(self, request: Request, socket: Socket) -> None:
        """Gives the app a websocket; returns when the app does."""
        exchange = SocketExchange(socket, request.id)
        try:
            await self._app(self._socket_scope(request), exchange.receive, exchange.send)
        except APP_FAILURES:
            if not exchange.is_gone:
                logger.exception("the app mounted at `%s` failed (request id %s)", self.place, request.id)
                await exchange.fail()
        else:
            await exchange.end()

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app, for a scope that came through ASGI already."""
        await self._app({**scope, "root_path": self._prefix, "state": self._lifespan.state.copy()}, receive, send)

    async def _run(self, exchange: AppExchange, request: Request) -> None:
        try:
            await self._app(self._scope(request), exchange.receive, exchange.send)
        except APP_FAILURES:
            if not exchange.is_gone:  # the app's end is then only its answer to ours
                logger.exception("the app mounted at `%s` failed (request id %s)", self.place, request.id)
        exchange.fail(AppFailed(f"the app mounted at `{self.place}` ended before its response"))

    def _scope(self, request: Request) -> dict[str, Any]:
        is_secure = request.origin is not None and request.origin.is_secure()
        scheme = "https" if is_secure else "http"
        return {**self._head(request), "type": "http", "method": request.method, "scheme": scheme}

    def _socket_scope(self, request: Request) -> dict[str, Any]:
        is_secure = request.origin is not None and request.origin.is_secure()
        offered = request.field(b"sec-websocket-protocol")
        return {
            **self._head(request),
            "type": "websocket",
            "scheme": "wss" if is_secure else "ws",
            "subprotocols": [one.strip() for one in offered.split(",") if one.strip()],
            "extensions": {"websocket.http.response": {}},
        }

    def _head(self, request: Request) -> dict[str, Any]:
        """What scopes of all types have."""
        origin = request.origin
        return {
            "asgi": dict(_ASGI),
            "http_version": "1.1",
            "path": request.path,
            "raw_path": request.target.partition(b"?")[0],
            "query_string": request.query.encode("latin-1"),
            "root_path": self._prefix,
            "headers": list(request.raw_headers),
            "client": None if origin is None else origin.peer(),
            "server": None if origin is None else origin.local(),
            "state": self._lifespan.state.copy(),
            "request_id": request.id,
        }
