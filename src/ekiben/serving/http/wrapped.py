"""ASGI middlewares around a service: its requests go through the adapter to ASGI, and back, where it has some.

    Request ── MountedApp ──> the first middleware ──> ... ──> the last ── AsgiApp ──> the service's own handlers

The first that was added is the outermost, as in BentoML.
"""

from __future__ import annotations

from collections.abc import Sequence

from ekiben.serving.declare.middlewares import Middleware
from ekiben.serving.http.asgi import AsgiApp, AsgiCallable, Receive, Scope, Send
from ekiben.serving.http.mounted.app import MountedApp
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Router
from ekiben.serving.http.websocket import SocketHandler


class WrappedRouter:
    """Answers what `router` does, through the middlewares."""

    def __init__(self, router: Router, middlewares: Sequence[Middleware]) -> None:
        self._router = router
        self._inner = AsgiApp(router.answer)
        app: AsgiCallable = self._innermost
        for one in reversed(middlewares):
            app = one.make(app)
        self._app = MountedApp(app, "")
        self.answer = self._app.__call__

    def find_socket(self, request: Request) -> SocketHandler | None:
        """Who serves the websocket, with the middlewares before it."""
        return None if self._router.find_socket(request) is None else self._app.serve_socket

    async def _innermost(self, scope: Scope, receive: Receive, send: Send) -> None:
        mounted = self._router.mounted_at(scope["path"]) if scope["type"] == "websocket" else None
        if isinstance(mounted, MountedApp):
            await mounted.run(scope, receive, send)
        else:
            await self._inner(scope, receive, send)
