"""`SocketExchange`: one websocket of a mounted ASGI app, from its `receive` and `send` to a Socket."""

from __future__ import annotations

from typing import Any

from ekiben.serving.failures import error_reply, internal_error
from ekiben.serving.http.asgi import Message
from ekiben.serving.http.websocket import INTERNAL_ERROR, NORMAL, Socket, SocketClosed
from ekiben.serving.wire import Payload, Reply

FORBIDDEN = 403  # what ASGI has the server answer where an app closes what it has not accepted


class SocketExchange:
    """`is_gone` says that the client closed it, or left."""

    def __init__(self, socket: Socket, request_id: str) -> None:
        self._socket = socket
        self._request_id = request_id
        self._is_connected = False
        self._is_open = False
        self._is_over = False
        self.is_gone = False
        self._denial: Message | None = None
        self._denial_body = b""

    async def receive(self) -> Message:
        """ASGI's: the offer, then each message, then the end."""
        if not self._is_connected:
            self._is_connected = True
            return {"type": "websocket.connect"}
        try:
            message = await self._socket.next()
        except SocketClosed as closed:
            self.is_gone = True
            return {"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason}
        kind = "text" if isinstance(message, str) else "bytes"
        return {"type": "websocket.receive", kind: message}

    async def send(self, message: Message) -> None:
        """ASGI's: accepts, sends, closes or denies. Raises OSError when nobody takes it any more."""
        kind = message["type"]
        if kind == "websocket.accept" and not self._is_open:
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]
            await self._socket.accept(message.get("subprotocol"), headers)
            self._is_open = True
        elif kind == "websocket.send" and self._is_open:
            text = message.get("text")
            try:
                await self._socket.send(bytes(message["bytes"]) if text is None else text)
            except OSError:
                self.is_gone = True
                raise
        elif kind == "websocket.close":
            await self._close(message.get("code") or NORMAL, message.get("reason") or "")
        elif kind == "websocket.http.response.start" and not self._is_open:
            self._denial = message
        elif kind == "websocket.http.response.body" and self._denial is not None:
            self._denial_body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._deny(_reply_of(self._denial, self._denial_body))
        else:
            raise RuntimeError(f"`{kind}` was not expected here")

    async def end(self) -> None:
        """The app returned."""
        if self._is_open:
            await self._close(NORMAL, "")
        elif not self._is_over:
            await self._deny(internal_error(self._request_id))

    async def fail(self) -> None:
        """The app raised."""
        if self._is_open:
            await self._close(INTERNAL_ERROR, "")
        elif not self._is_over:
            await self._deny(internal_error(self._request_id))

    async def _close(self, code: int, reason: str) -> None:
        if self._is_open:
            await self._socket.close(code, reason)
        else:
            await self._deny(error_reply(FORBIDDEN, "the websocket was not accepted"))

    async def _deny(self, reply: Reply) -> None:
        self._is_over = True
        await self._socket.deny(reply)


def _reply_of(start: Message, body: bytes) -> Reply:
    given: Any = start.get("headers", ())
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in given]
    content_type = next((value for name, value in headers if name == "content-type"), "")
    kept = tuple(one for one in headers if one[0] not in ("content-type", "content-length", "connection"))
    return Reply(start["status"], Payload(content_type, body), kept)
