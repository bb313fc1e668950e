"""`AppExchange`: one request to a mounted ASGI app, from its `receive` and `send` to an Answer.

A response that comes in one message is a Reply. Any other is a StreamReply, whose pieces the app sends no faster than
the client takes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ekiben.errors import RequestError
from ekiben.serving.http.asgi import Message
from ekiben.serving.http.replies import BODILESS
from ekiben.serving.http.request import Request
from ekiben.serving.wire import Answer, Payload, Reply, StreamReply

# RFC 9110, section 7.6.1, and what the server says itself: the app's own would be a second or a wrong one.
_SERVERS_OWN = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "date", "x-request-id"})


class AppExchange:
    """`answer` is what the app's response becomes; `leave` says that nobody waits for it any more."""

    def __init__(self, request: Request) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._request = request
        self._has_body_ended = False
        self._is_over = asyncio.Event()  # all was sent, or the client has gone
        self.is_gone = False
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()  # None is the end
        self._is_taken = asyncio.Event()  # what was sent is written, and the client's side asks for more

    async def receive(self) -> Message:
        """ASGI's: the next piece of the request's body, and when the exchange is over, that."""
        if not self._has_body_ended:
            try:
                piece = await self._next_piece()
                return {"type": "http.request", "body": piece, "more_body": not self._has_body_ended}
            except RequestError as error:  # the client stopped in the middle
                self._has_body_ended = True
                self.leave()
                if not self.answer.done():
                    self.answer.set_exception(error)
        await self._is_over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """ASGI's: a part of the response. Raises OSError when nobody takes it any more."""
        if self.is_gone:
            raise OSError("the client has gone")
        kind = message["type"]
        if kind == "http.response.start" and not self._status:
            self._status = message["status"]
            self._headers = [
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message.get("headers", ())
            ]
        elif kind == "http.response.body" and self._status and not self._is_over.is_set():
            await self._send_body(bytes(message.get("body", b"")), has_more=message.get("more_body", False))
        else:
            raise RuntimeError(f"`{kind}` was not expected here")

    def fail(self, error: Exception) -> None:
        """The app raised `error`, or ended before its response did."""
        if not self.answer.done():
            self.answer.set_exception(error)
        elif not self._is_over.is_set():
            self._pieces.put_nowait(error)
        self._is_over.set()

    def leave(self) -> None:
        """The client has gone."""
        self.is_gone = True
        self._is_over.set()
        self._is_taken.set()

    async def take(self) -> bytes | None:
        """The next piece of the response, None at its end. Raises what the app raised."""
        if self._pieces.empty():
            self._is_taken.set()
        piece = await self._pieces.get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def _next_piece(self) -> bytes:
        body = self._request.body
        if isinstance(body, bytes):
            self._has_body_ended = True
            return body
        piece = await body.next()
        self._has_body_ended = not piece
        return piece

    async def _send_body(self, piece: bytes, *, has_more: bool) -> None:
        if not has_more:
            self._is_over.set()
        if not self.answer.done():
            # The answer to HEAD has the length of a body that is not sent, which only the app knows.
            is_whole = not has_more and self._request.method != "HEAD" and self._status not in BODILESS
            self.answer.set_result(self._reply(piece) if is_whole else self._stream())
            if is_whole:
                return
        if piece:
            self._pieces.put_nowait(piece)
        if not has_more:
            self._pieces.put_nowait(None)
        elif piece:
            self._is_taken.clear()
            await self._is_taken.wait()

    def _reply(self, body: bytes) -> Reply:
        content_type, headers = self._head(without=_SERVERS_OWN | {"content-length"})
        return Reply(self._status, Payload(content_type, body), headers)

    def _stream(self) -> StreamReply:
        content_type, headers = self._head(without=_SERVERS_OWN)
        return StreamReply(self._status, content_type, _Pieces(self), headers)

    def _head(self, without: frozenset[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
        content_type = next((value for name, value in self._headers if name == "content-type"), "")
        return content_type, tuple(one for one in self._headers if one[0] not in without and one[0] != "content-type")


class _Pieces(AsyncIterator[bytes]):
    """The rest of a response."""

    def __init__(self, exchange: AppExchange) -> None:
        self._exchange = exchange

    async def __anext__(self) -> bytes:
        piece = await self._exchange.take()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._exchange.leave()
