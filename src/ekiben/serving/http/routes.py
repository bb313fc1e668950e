"""`Router`: which path and method lead where. A lookup in two dictionaries; no patterns, no middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from ekiben.errors import UnknownRoute, WrongMethod
from ekiben.serving.failures import error_reply, reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.wire import JSON, Payload, Reply

Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]
NO_CONTENT = 204
MAX_SHOWN = 200  # characters of a path in an error: enough to see what is wrong with it


class Router:
    """`routes` maps paths to handlers by method. HEAD follows GET; OPTIONS is answered here."""

    def __init__(self, routes: Mapping[str, Mapping[str, Handler]]) -> None:
        self._routes = {path: dict(handlers) for path, handlers in routes.items()}
        for handlers in self._routes.values():
            if "GET" in handlers:
                handlers["HEAD"] = handlers["GET"]

    async def answer(self, request: Request) -> Reply:
        """The reply of the handler that the request leads to."""
        handlers = self._routes.get(request.path)
        if handlers is None:
            path = request.path if len(request.path) <= MAX_SHOWN else f"{request.path[:MAX_SHOWN]}..."
            unknown = UnknownRoute(f"no such path: `{path}`", hint="`/docs.json` lists the paths")
            return reply_to(unknown, request.id)
        handler = handlers.get(request.method)
        if handler is not None:
            return await handler(request)
        allow = ("allow", ", ".join([*handlers, "OPTIONS"]))
        if request.method == "OPTIONS":
            return Reply(NO_CONTENT, Payload(JSON, b""), (allow,))
        wrong = WrongMethod(f"`{request.path}` does not take {request.method}", hint=f"it takes {', '.join(handlers)}")
        return error_reply(wrong.http_status, wrong.message, wrong.hint, (allow,))
