"""`WebSocketConnection`: takes over the connection of a request that asked for a websocket. Alone in touching the
package `websockets`, whose protocol without I/O reads and writes the frames; it is imported when the first such request
comes.

    offered ── accept ──> open ── close of either side ──> closing ──> the connection's end
       └── deny ──> an ordinary reply, and the end

No compression is agreed upon: a message is as large as what came of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from http import HTTPStatus

from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.http11 import Response
from websockets.protocol import OPEN, State
from websockets.server import ServerProtocol

from ekiben.errors import ServiceError
from ekiben.serving.failures import error_reply
from ekiben.serving.http.h1.framing import LAST
from ekiben.serving.http.h1.heads import head_bytes
from ekiben.serving.http.h1.inbox import Inbox
from ekiben.serving.http.h1.limits import LINGER_S
from ekiben.serving.http.h1.pulse import Beat, Pulse
from ekiben.serving.http.h1.state import ServerState
from ekiben.serving.http.replies import field_of
from ekiben.serving.http.request import Request
from ekiben.serving.http.websocket import ABNORMAL, GOING_AWAY, SocketClosed, SocketHandler
from ekiben.serving.wire import Reply

CLIENT_GONE = 499  # for the log, where the client left before it was answered
_VERSION = b"13"
_HANDSHAKE = ("host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol")
_SERVERS_OWN = frozenset({"connection", "upgrade", "sec-websocket-accept", "sec-websocket-extensions", "date"})
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
_quiet = logging.getLogger("ekiben.serving.websockets")
_quiet.setLevel(logging.WARNING)  # the library tells of each opening at INFO


class WebSocketConnection(asyncio.Protocol):
    """One websocket: asyncio's protocol on one side, a `Socket` on the other."""

    def __init__(self, transport: asyncio.Transport, state: ServerState, request: Request) -> None:
        self._transport = transport
        self._state = state
        self._request = request
        self._frames = ServerProtocol(max_size=state.limits.max_message_bytes, logger=_quiet)
        self._opening: Response | None = None  # until it is sent
        self._early: list[bytes] = []  # came before the app accepted
        self._parts: list[bytes] = []  # of a message that comes in several frames
        self._is_text = False
        self._inbox = Inbox()
        self._room: asyncio.Future[None] | None = None
        self._is_full = False
        self._is_gone = False
        self._is_reading_paused = False
        self._has_heard = True
        self._pulse = Pulse(0.0)
        self._leaving_s: float | None = None  # since when the client may read the last words
        self._status = 0
        self._sent_bytes = 0
        self._begun_s = time.perf_counter()
        self._task: asyncio.Task[None] | None = None

    def begin(self, handler: SocketHandler, rest: bytes) -> None:
        """Offers the websocket to `handler`, or refuses a handshake that is none. `rest` came behind the request."""
        version = self._request.fields.get(b"sec-websocket-version", b"")
        if version != _VERSION:
            supported = (("sec-websocket-version", _VERSION.decode()), ("upgrade", "websocket"))
            error = "only version 13 of the websocket protocol is served"
            self._answer(error_reply(HTTPStatus.UPGRADE_REQUIRED, error, None, supported))
            return
        self._frames.receive_data(_head_of(self._request))
        (handshake,) = self._frames.events_received()
        assert isinstance(handshake, Handshake)
        response = self._frames.accept(handshake)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._answer(error_reply(HTTPStatus.BAD_REQUEST, "this is no handshake of a websocket"))
            return
        self._opening = response
        if rest:
            self.data_received(rest)
        self._task = self._state.create_task(self._run(handler))

    async def _run(self, handler: SocketHandler) -> None:
        await handler(self._request, self)

    # The app's side: `Socket`.

    async def accept(self, subprotocol: str | None, headers: Sequence[tuple[str, str]]) -> None:
        """Opens it. Raises OSError where the client has gone, ServiceError for a header that HTTP cannot carry."""
        opening = self._opening
        if opening is None:
            raise OSError("the client has gone") if self._is_gone else RuntimeError("it is not offered any more")
        added = [*headers, ("x-request-id", self._request.id)]
        if subprotocol is not None:
            added.append(("Sec-WebSocket-Protocol", subprotocol))
        for name, value in added:
            field_of(name, value)  # so that it stays one header
            if name.lower() not in _SERVERS_OWN:
                opening.headers[name] = value
        self._opening = None
        self._status = HTTPStatus.SWITCHING_PROTOCOLS
        self._frames.send_response(opening)
        self._flush()
        early, self._early = self._early, []
        self._resume_reading()
        for data in early:
            self.data_received(data)

    async def deny(self, reply: Reply) -> None:
        """Answers the offer as any other request."""
        if self._opening is not None:
            self._answer(reply)

    async def next(self) -> str | bytes:
        """The next message. Raises SocketClosed at the end."""
        message = await self._inbox.next()
        if not self._inbox.is_full:
            self._resume_reading()
        return message

    async def send(self, message: str | bytes) -> None:
        """Sends one, no faster than the client takes them. Raises OSError where nobody takes it any more."""
        if self._inbox.closed is not None or self._frames.state is not OPEN:
            raise OSError("the websocket is closed")
        if isinstance(message, str):
            self._frames.send_text(message.encode())
        else:
            self._frames.send_binary(message)
        self._flush()
        while self._is_full and not self._is_gone:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    async def close(self, code: int, reason: str) -> None:
        """Ends it; what is closed already stays as it is. Raises ServiceError for a code that nobody may send."""
        self._close(code, reason)

    # asyncio's side.

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came."""
        self._has_heard = True
        if self._leaving_s is not None and self._status != HTTPStatus.SWITCHING_PROTOCOLS:
            return
        if self._opening is not None:
            self._early.append(data)
            self._pause_reading()  # nothing more until the app has decided
            return
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Frame):
                self._take(event)
        if self._frames.parser_exc is not None:
            self._end_with(self._frames.close_sent or self._frames.close_rcvd)
        self._flush()

    def pause_writing(self) -> None:
        """asyncio's: the client takes less than it was sent."""
        self._is_full = True

    def resume_writing(self) -> None:
        """asyncio's: it has taken most of it."""
        self._is_full = False
        self._wake_sender()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the client closed the connection, or it broke."""
        self._is_gone = True
        self._opening = None
        self._inbox.end(SocketClosed(ABNORMAL))
        self._wake_sender()
        if self._state.log_access is not None:
            seconds = time.perf_counter() - self._begun_s
            self._state.log_access(self._request, self._status or CLIENT_GONE, self._sent_bytes, seconds)
        self._state.leave(self)

    # The server's side: `Tended`.

    def look_after(self, now_s: float) -> None:
        """The server's, about once a second: asks a silent client whether it is there, and ends a dead connection."""
        if self._leaving_s is not None:
            if self._leaving_s == 0.0:
                self._leaving_s = now_s
            elif now_s - self._leaving_s >= LINGER_S:
                self.cut()
            return
        if self._frames.state is not OPEN:
            return
        match self._pulse.look(now_s, has_heard=self._has_heard or self._is_reading_paused):
            case Beat.PINGS:
                self._frames.send_ping(b"")
                self._flush()
            case Beat.IS_OVER:
                self.cut()
            case Beat.RESTS:
                pass
        self._has_heard = False

    def stop(self) -> None:
        """The server's: says that it goes away, which the app is told, too."""
        if self._opening is not None:
            self._answer(error_reply(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping"))
        else:
            self._close(GOING_AWAY, "the server is stopping")

    def end_now(self) -> None:
        """The server's, when it can wait no longer."""
        self.cut()

    def cut(self) -> None:
        """Ends the connection on the spot."""
        self._transport.abort()

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._end_with(self._frames.close_rcvd)
        elif frame.opcode in _DATA:
            if frame.opcode is not Opcode.CONT:
                self._is_text = frame.opcode is Opcode.TEXT
            self._parts.append(bytes(frame.data))
            if frame.fin:
                whole = b"".join(self._parts)
                self._parts.clear()
                self._add(whole)

    def _add(self, content: bytes) -> None:
        try:
            message = content.decode() if self._is_text else content
        except UnicodeDecodeError as error:
            self._frames.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            self._end_with(self._frames.close_sent)
            return
        self._inbox.add(message)
        if self._inbox.is_full:
            self._pause_reading()

    def _close(self, code: int, reason: str) -> None:
        if self._frames.state is not OPEN or self._inbox.closed is not None:
            return
        try:
            self._frames.send_close(code, reason)
        except ProtocolError as error:
            raise ServiceError(f"a websocket cannot be closed so: {error}") from error
        self._leaving_s = 0.0
        self._resume_reading()  # the client's own word is to be seen
        self._inbox.end(SocketClosed(code, reason))
        self._flush()

    def _end_with(self, said: object) -> None:
        code, reason = getattr(said, "code", ABNORMAL), getattr(said, "reason", "")
        self._leaving_s = self._leaving_s or 0.0
        self._inbox.end(SocketClosed(code, reason))

    def _answer(self, reply: Reply) -> None:
        """The last word to a request that does not become a websocket."""
        self._opening = None
        self._status = reply.status
        self._sent_bytes = len(reply.payload.body)
        self._transport.write(head_bytes(reply, self._request.id, self._state.date, LAST) + reply.payload.body)
        self._leaving_s = 0.0
        self._inbox.end(SocketClosed(ABNORMAL))
        self._end_writing()

    def _flush(self) -> None:
        for data in self._frames.data_to_send():
            if self._is_gone or self._transport.is_closing():
                return
            if data:
                self._sent_bytes += len(data)
                self._transport.write(data)
            else:
                self._end_writing()

    def _end_writing(self) -> None:
        if self._transport.can_write_eof() and self._frames.state is not State.CLOSED:
            self._transport.write_eof()
        else:
            self._transport.close()

    def _wake_sender(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _pause_reading(self) -> None:
        if not self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = False
            self._transport.resume_reading()


def _head_of(request: Request) -> bytes:
    """As much of the request's head as the handshake is about: the library has bounds of its own for the rest."""
    fields = request.fields
    lines = [b"%b: %b\r\n" % (name.encode(), fields[name.encode()]) for name in _HANDSHAKE if name.encode() in fields]
    return b"GET / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n"
