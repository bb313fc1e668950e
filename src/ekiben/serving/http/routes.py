"""`Router`: which path and method lead where. A lookup in two dictionaries; no patterns, no middleware.

What no route has may lie below a mounted app's prefix: the longest one that fits gets it, whatever its method.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias, runtime_checkable

from ekiben.errors import UnknownRoute, WrongMethod
from ekiben.serving.failures import error_reply, reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.http.websocket import Socket, SocketHandler
from ekiben.serving.wire import JSON, Answer, Payload, Reply

Handler: TypeAlias = Callable[[Request], Awaitable[Answer]]


class Exchange(Protocol):
    """A request's place on its connection, for an answer that nobody awaits."""

    def deliver(self, reply: Reply) -> None:
        """Sends the reply. Is called once at most, and not while the request is being begun; does not raise."""


class UnderWay(Protocol):
    """A request that is being answered: a task, or less."""

    def cancel(self) -> object:
        """The client has gone, or the server cannot wait any longer: a last word is delivered at most."""


Begin: TypeAlias = Callable[[Request, Exchange], UnderWay | None]  # None: this request has to be awaited


@runtime_checkable
class DirectHandler(Protocol):
    """A handler that can do without a task."""

    def __call__(self, request: Request, /) -> Awaitable[Answer]:
        """The answer."""

    def begin(self, request: Request, exchange: Exchange, /) -> UnderWay | None:
        """Delivers the reply to `exchange` later; None where this request has to be awaited."""


@runtime_checkable
class SocketServer(Protocol):
    """A handler that serves websockets, too."""

    def __call__(self, request: Request, /) -> Awaitable[Answer]:
        """The answer."""

    async def serve_socket(self, request: Request, socket: Socket, /) -> None:
        """Has the websocket, until it returns."""


NO_CONTENT = 204
MAX_SHOWN = 200  # characters of a path in an error: enough to see what is wrong with it


class Router:
    """`routes` maps paths to handlers by method. HEAD follows GET; OPTIONS is answered here.

    `mounts` maps prefixes (without a slash at the end, so that of all paths is empty) to handlers.
    """

    def __init__(
        self, routes: Mapping[str, Mapping[str, Handler]], mounts: Mapping[str, Handler] | None = None
    ) -> None:
        self._routes = {path: dict(handlers) for path, handlers in routes.items()}
        for handlers in self._routes.values():
            if "GET" in handlers:
                handlers["HEAD"] = handlers["GET"]
        self._direct: dict[str, dict[str, Begin]] = {}
        for path, handlers in self._routes.items():
            begins = {method: one.begin for method, one in handlers.items() if isinstance(one, DirectHandler)}
            if begins:
                self._direct[path] = begins
        self._mounts = sorted((mounts or {}).items(), key=lambda mount: len(mount[0]), reverse=True)

    def answer(self, request: Request) -> Awaitable[Answer]:
        """The reply of the handler that the request leads to."""
        handlers = self._routes.get(request.path)
        if handlers is not None:
            handler = handlers.get(request.method)
            return handler(request) if handler is not None else _other_method(request, list(handlers))
        mounted = self.mounted_at(request.path)
        return _unknown(request) if mounted is None else mounted(request)

    def find_socket(self, request: Request) -> SocketHandler | None:
        """Who serves the websocket that the request asks for; None where nobody does."""
        mounted = None if request.path in self._routes else self.mounted_at(request.path)
        return mounted.serve_socket if isinstance(mounted, SocketServer) else None

    def mounted_at(self, path: str) -> Handler | None:
        """What is mounted at the path, or above it."""
        return next((one for prefix, one in self._mounts if path == prefix or path.startswith(f"{prefix}/")), None)

    def begin(self, request: Request, exchange: Exchange) -> UnderWay | None:
        """Has it answered without a task; None where it leads to a handler that has to be awaited."""
        begins = self._direct.get(request.path)
        begin = begins.get(request.method) if begins is not None else None
        return begin(request, exchange) if begin is not None else None


async def _unknown(request: Request) -> Reply:
    path = request.path if len(request.path) <= MAX_SHOWN else f"{request.path[:MAX_SHOWN]}..."
    return reply_to(UnknownRoute(f"no such path: `{path}`", hint="`/docs.json` lists the paths"), request.id)


async def _other_method(request: Request, taken: list[str]) -> Reply:
    allow = ("allow", ", ".join([*taken, "OPTIONS"]))
    if request.method == "OPTIONS":
        return Reply(NO_CONTENT, Payload(JSON, b""), (allow,))
    wrong = WrongMethod(f"`{request.path}` does not take {request.method}", hint=f"it takes {', '.join(taken)}")
    return error_reply(wrong.http_status, wrong.message, wrong.hint, (allow,))
