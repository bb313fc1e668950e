"""The adapter to ASGI: scope and messages become a Request, an Answer becomes messages. Nothing is decided here.

For test clients, and for a service inside another server; our own does not come this way. ASGI tells of a client that
went away only to a second task that waits for it, so there is one for each request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

from ekiben.errors import BadInput, UnknownRoute
from ekiben.serving.failures import reply_to
from ekiben.serving.http.access import LogAccess
from ekiben.serving.http.replies import BODILESS, HANDLER_FAULTS, Fields, fault_reply, head_fields
from ekiben.serving.http.request import Address, Request, request_id
from ekiben.serving.http.routes import Handler
from ekiben.serving.http.websocket import ABNORMAL, POLICY_VIOLATION, FindSocketHandler, SocketClosed, no_sockets
from ekiben.serving.wire import Answer, Reply, StreamReply

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiCallable: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class AsgiApp:
    """`handler` answers requests, `find_socket` finds who serves a websocket; `log_access` is told of each request."""

    def __init__(
        self, handler: Handler, log_access: LogAccess | None = None, find_socket: FindSocketHandler = no_sockets
    ) -> None:
        self._handler = handler
        self._log_access = log_access
        self._find_socket = find_socket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry: one HTTP request, or one websocket."""
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP and websockets are served, not {scope['type']}")
        begun_s = time.perf_counter()
        client = _Client(receive)
        request = _request_of(scope, client)
        watching = asyncio.create_task(client.watch(asyncio.current_task()))
        try:
            answer, fields = await self._answer(request)
            size = await _send_answer(answer, fields, request, send)
        except asyncio.CancelledError:
            if client.is_gone:
                return
            raise
        finally:
            watching.cancel()
        if self._log_access is not None:
            self._log_access(request, answer.status, size, time.perf_counter() - begun_s)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # that there is an offer
        socket = _Socket(receive, send)
        request = _request_of({**scope, "method": "GET"}, _Client(receive))
        handler = self._find_socket(request)
        if handler is None:
            await socket.deny(reply_to(UnknownRoute(f"no websockets at `{request.path}`"), request.id))
        else:
            await handler(request, socket)

    async def _answer(self, request: Request) -> tuple[Answer, Fields]:
        answer: Answer | None = None
        try:
            answer = await self._handler(request)
            return answer, head_fields(answer, request.id)
        except HANDLER_FAULTS as error:
            if isinstance(answer, StreamReply):
                await answer.chunks.aclose()
            reply = fault_reply(error, request.id)
            return reply, head_fields(reply, request.id)


class _Client:
    """The other end: where the body comes from, and who may go away."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._has_sent_all = asyncio.Event()
        self.is_gone = False

    async def next(self) -> bytes:
        """The next piece of the body."""
        while not self._has_sent_all.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise BadInput("the body ended early")
            if not message.get("more_body", False):
                self._has_sent_all.set()
            if piece := message.get("body", b""):
                return bytes(piece)
        return b""

    async def watch(self, task: asyncio.Task[Any] | None) -> None:
        """Cancels the request's task when the client goes away; it can be seen only behind its body."""
        await self._has_sent_all.wait()
        message = await self._receive()
        if message["type"] == "http.disconnect" and task is not None:
            self.is_gone = True
            task.cancel()


class _Socket:
    """A websocket of the server that this one is inside of."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def accept(self, subprotocol: str | None, headers: Sequence[tuple[str, str]]) -> None:
        """Opens it."""
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": named})

    async def deny(self, reply: Reply) -> None:
        """Refuses the offer. With which status is the server's affair."""
        await self._send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ""})

    async def next(self) -> str | bytes:
        """The next message. Raises SocketClosed at the end."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise SocketClosed(message.get("code", ABNORMAL), message.get("reason") or "")
        text: str | None = message.get("text")
        return bytes(message["bytes"]) if text is None else text

    async def send(self, message: str | bytes) -> None:
        """Sends one."""
        await self._send({"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message})

    async def close(self, code: int, reason: str) -> None:
        """Ends it."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


class _Scope:
    """Where a request came from, as its scope says."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def peer(self) -> Address | None:
        """Host and port of the client, where it has them."""
        return _address(self._scope.get("client"))

    def local(self) -> Address | None:
        """Host and port that the client reached."""
        return _address(self._scope.get("server"))

    def is_secure(self) -> bool:
        """Whether it is TLS's."""
        return self._scope.get("scheme") in ("https", "wss")


def _address(found: Any) -> Address | None:
    return (str(found[0]), int(found[1])) if found and found[1] is not None else None


def _request_of(scope: Scope, client: _Client) -> Request:
    raw = list(scope["headers"])
    fields = dict(raw)
    query: bytes = scope["query_string"]
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=query.decode("latin-1"),
        raw_headers=raw,
        fields=fields,
        body=client,
        id=scope.get("request_id") or request_id(fields.get(b"x-request-id")),
        target=scope.get("raw_path") or str(scope["path"]).encode(),
        origin=_Scope(scope),
    )


async def _send_answer(answer: Answer, fields: Fields, request: Request, send: Send) -> int:
    """Sends the answer; gives the size of its body. What fails in the middle of a stream is raised to the server."""
    await send({"type": "http.response.start", "status": answer.status, "headers": fields})
    if isinstance(answer, Reply):
        body = b"" if answer.status in BODILESS else answer.payload.body
        await send({"type": "http.response.body", "body": body})
        return len(body)
    size = 0
    async with aclosing(answer.chunks) as chunks:
        if request.method != "HEAD" and answer.status not in BODILESS:
            async for chunk in chunks:
                size += len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    return size
