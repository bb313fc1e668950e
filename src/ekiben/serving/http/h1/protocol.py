"""`Connection`: one client's connection, as asyncio's protocol: requests one after the other, their replies in order.

    bytes ── RequestReader ──> begin(request) ──> a queue ── deliver(reply) ──> head and body in one write
                  │                   └── a task: handler(request) ──────────────┴──> a stream, chunk by chunk
                  └── Refusal ──> a last reply, and the end

A request waits in a queue or is one task. A client that goes away cancels it: the connection's end is where that is
learnt, at no cost to the others. Requests that a client sends ahead wait here, and meanwhile nothing is read.

After a last reply to a client that still sends, the connection is closed for writing only, and what comes is thrown
away for a while: closed outright, the network would throw the reply away, too (RFC 9112, section 9.6).
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from http import HTTPStatus
from typing import assert_never, cast

from ekiben.errors import BadInput, EkibenError, RequestTimeout
from ekiben.serving.failures import error_reply
from ekiben.serving.http.body import MAX_UNREAD_BYTES, IncomingBody
from ekiben.serving.http.h1.answering import answer_request, begin_direct, deliver_reply
from ekiben.serving.http.h1.framing import LAST, Framing
from ekiben.serving.http.h1.heads import head_bytes
from ekiben.serving.http.h1.limits import SPARE_CONNECTIONS
from ekiben.serving.http.h1.patience import Patience, Verdict, Wait
from ekiben.serving.http.h1.reader import Refusal, RequestReader, Stage
from ekiben.serving.http.h1.state import ServerState
from ekiben.serving.http.h1.upgrading import open_websocket
from ekiben.serving.http.request import Address, Request, request_id
from ekiben.serving.http.routes import UnderWay
from ekiben.serving.wire import Reply

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: closing sends RST (socket(7))
_EMPTY: deque[tuple[Request, Framing]] = deque()  # of every connection on which nothing waits; never added to


class Connection(asyncio.Protocol):
    """What is kept of an idle connection is this object; its reader is made when bytes come, and dropped again."""

    __slots__ = (
        *("_begun_s", "_farewell", "_framing", "_is_deaf", "_is_reading_paused", "_number", "_patience", "_reader"),
        *("_request", "_room", "_state", "_thrown_bytes", "_transport", "_under_way", "_waiting", "_written_bytes"),
        *("is_full", "is_gone", "is_last"),
    )
    _transport: asyncio.Transport

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._reader: RequestReader | None = None
        self._under_way: UnderWay | None = None  # what answers the request that it is the turn of
        self._request: Request | None = None
        self._framing = LAST  # what that request allows
        self._begun_s = 0.0  # when its turn came, where that is logged
        self._waiting = _EMPTY  # requests after it
        self._farewell: Reply | None = None  # what is to be said after them, and the end
        self._number = 0  # of requests so far
        self.is_last = False  # no request follows those that are here
        self._is_deaf = False  # what comes is thrown away
        self.is_gone = False
        self._is_reading_paused = False
        self._room: asyncio.Future[None] | None = None  # awaited by a stream, until the client takes more
        self._written_bytes = 0
        self._thrown_bytes = 0
        self._patience: Patience | None = None
        self.is_full = False  # the client takes less than it was sent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: a new connection, which may be one too many."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        state = self._state
        state.connections.add(self)
        excess = len(state.connections) - state.max_connections
        if excess > 0:
            self._is_deaf = excess <= SPARE_CONNECTIONS  # beyond, no time is left for the client to read why
            hint = "`http.max_connections` sets the bound"
            self._say_last(error_reply(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", hint))

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the client closed the connection, or it broke."""
        self.is_gone = True
        self._state.leave(self)
        self._waiting = _EMPTY
        if self._reader is not None and self._reader.body is not None:
            self._reader.body.fail(BadInput("the body ended early"))
        self._drop_reader()
        if self._under_way is not None:
            self._under_way.cancel()

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came."""
        if self._is_deaf:
            self._thrown_bytes += len(data)
            if self._thrown_bytes > MAX_UNREAD_BYTES:
                self.cut()
            return
        reader = self._reader
        if reader is None:
            reader = self._reader = RequestReader(self)
        try:
            reader.take(data)
        except Refusal as refusal:
            self._refuse(refusal.reply, reader.body)

    def pause_writing(self) -> None:
        """asyncio's: the client takes less than it was sent."""
        self.is_full = True

    def resume_writing(self) -> None:
        """asyncio's: it has taken most of it."""
        self.is_full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        if self._under_way is None:
            self._go_on()

    @property
    def is_behind(self) -> bool:
        """Whether requests wait for those before them."""
        return bool(self._waiting)

    def begin(self, request: Request, framing: Framing) -> None:
        """The reader's: a request came; it is answered after those before it."""
        self._number += 1
        if not framing.keeps_alive:
            self.is_last = True
        if self._under_way is None and not self.is_full:
            self._answer(request, framing)
            return
        if self._waiting is _EMPTY:
            self._waiting = deque()
        self._waiting.append((request, framing))
        self.pause_reading()

    def deliver(self, reply: Reply) -> None:
        """The queue's: the reply to the request under way, where no task answers it."""
        if self._request is not None and not self.is_gone:
            deliver_reply(self, self._state, self._request, self._framing, reply, self._begun_s)

    def ask_for_body(self) -> None:
        """The reader's: the client waits to be asked."""
        self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def take_over(self, request: Request, rest: bytes) -> bool:
        """The reader's: a websocket is asked for. Behind requests that are under way, or where nobody serves it, the
        offer is passed over and the request answered as it is.
        """
        handler = None if self._under_way is not None or self.is_full else self._state.find_socket(request)
        if handler is None or self._state.is_stopping:
            return False
        self.resume_reading()
        self._drop_reader()
        self.is_gone = True
        open_websocket(self._transport, self._state, request, handler, rest)
        self._state.connections.discard(self)
        return True

    def peer(self) -> Address | None:
        """Host and port of the client, where it has them."""
        return _address(self._transport.get_extra_info("peername"))

    def local(self) -> Address | None:
        """Host and port that the client reached."""
        return _address(self._transport.get_extra_info("sockname"))

    def is_secure(self) -> bool:
        """Whether the connection is TLS's."""
        return self._transport.get_extra_info("ssl_object") is not None

    def pause_reading(self) -> None:
        """Leaves what comes in the network."""
        if not self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Takes it again."""
        if self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        """Ends the connection when what was written is sent."""
        self._transport.close()

    def cut(self) -> None:
        """Ends the connection on the spot."""
        self._transport.abort()

    def reset(self) -> None:
        """Ends the connection on the spot, so that the client can tell it from an orderly end."""
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def write(self, data: bytes | memoryview) -> None:
        """Sends, unless the client has gone."""
        if not self.is_gone:
            self._written_bytes += len(data)
            self._transport.write(data)

    async def drained(self) -> None:
        """Returns when the client has taken most of what was written."""
        while self.is_full:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    @property
    def is_ending(self) -> bool:
        """Whether the reply that is being written is the last one."""
        return (self.is_last or self._state.is_stopping) and not self._waiting and self._farewell is None

    def finish(self, request: Request, *, keeps_alive: bool) -> None:
        """The reply to the request under way is written."""
        self._under_way = None
        self._request = None
        if isinstance(request.body, IncomingBody):
            request.body.drop()  # nobody will ask for the rest
        if not keeps_alive:
            self._leave()
        elif self._waiting or self._farewell is not None or self._is_reading_paused:
            self._go_on()

    def look_after(self, now_s: float) -> None:
        """The server's, about once a second: ends the connection where it has waited for the same thing too long."""
        wait = self._waits_for()
        if wait is Wait.REQUEST:
            self._drop_reader()
        if self._patience is None:
            self._patience = Patience()
        moved_bytes = self._moved_bytes(wait)
        match self._patience.look(wait, self._number, moved_bytes, now_s, self._state.limits):
            case Verdict.STAYS:
                pass
            case Verdict.CLOSES:
                self._transport.close()
            case Verdict.BREAKS:
                self.cut()
            case Verdict.HEAD_IS_LATE:
                late = error_reply(HTTPStatus.REQUEST_TIMEOUT, "the head of the request did not come in time")
                self._refuse(late, None)
            case Verdict.BODY_HAS_STOPPED:
                hint = "`http.body_timeout` sets the bound"
                self._fail_body(RequestTimeout("the body of the request stopped coming", hint=hint))
            case _ as unknown:
                assert_never(unknown)

    def stop(self) -> None:
        """The server's: ends an idle connection; the others end when what is under way is answered."""
        if self._under_way is None and self._stage() is not Stage.HEAD:
            self._leave()

    def end_now(self) -> None:
        """The server's, when it can wait no longer: what is under way is refused."""
        if self._under_way is not None:
            self._under_way.cancel()
        else:
            self.cut()

    def _answer(self, request: Request, framing: Framing) -> None:
        state = self._state
        self._request = request
        self._framing = framing
        if state.log_access is not None:
            self._begun_s = time.perf_counter()
        under_way = begin_direct(self, state, request)
        if under_way is None:
            under_way = state.create_task(answer_request(self, state, request, framing, self._begun_s))
        self._under_way = under_way

    def _go_on(self) -> None:
        """Turns to the next request, or to the client."""
        if self.is_full:
            return
        if self._waiting:
            request, framing = self._waiting.popleft()
            self._answer(request, framing)
        elif self._farewell is not None:
            self._say_last(self._farewell)
            return
        if not self._waiting:
            self._read_on()  # although a request is under way: the end of the connection is seen only so

    def _read_on(self) -> None:
        """Reads again: first what was held back here, then from the network."""
        if self._reader is not None:
            try:
                self._reader.go_on()
            except Refusal as refusal:
                self._refuse(refusal.reply, self._reader.body)
        if not self._waiting:
            self.resume_reading()

    def _refuse(self, reply: Reply, body: IncomingBody | None) -> None:
        """Answers what cannot be read on, after the requests before it, and ends the connection.

        `body` is the one that it was a part of: its request is under way already, and gets to know.
        """
        self._is_deaf = True
        if body is not None:
            self._fail_body(BadInput("the body of the request is not what its head says"))
        elif self.is_last:
            return  # bytes after the last request
        elif self._under_way is None and not self._waiting:
            self._say_last(reply)
        else:
            self._farewell = reply

    def _say_last(self, reply: Reply) -> None:
        self.write(head_bytes(reply, request_id(None), self._state.date, LAST) + reply.payload.body)
        self._leave()

    def _fail_body(self, error: EkibenError) -> None:
        """The body that is being read comes to no end, and so does the connection after its request's reply."""
        self.is_last = True
        if self._reader is not None and self._reader.body is not None:
            self._reader.body.fail(error)
        if self._under_way is None:
            self._leave()

    def _leave(self) -> None:
        """Ends the connection after its last reply, once the client has it."""
        if self.is_gone or self._transport.is_closing():
            return
        if self._stage() is Stage.BETWEEN and not self._is_deaf:
            self._transport.close()
            return
        self._is_deaf = True
        self._farewell = None
        self.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:  # TLS has no half of a connection
            self._transport.close()

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _stage(self) -> Stage:
        return Stage.BETWEEN if self._reader is None else self._reader.stage

    def _waits_for(self) -> Wait:
        if self.is_full or self._transport.is_closing():
            return Wait.TAKING
        if self._under_way is not None:
            is_coming = self._reader is not None and self._reader.body is not None and not self._is_reading_paused
            return Wait.BODY if is_coming else Wait.ANSWER
        if self._is_deaf:
            return Wait.LEAVING
        match self._stage():
            case Stage.BETWEEN:
                return Wait.REQUEST
            case Stage.HEAD:
                return Wait.HEAD
            case Stage.BODY:
                return Wait.BODY
            case _ as unknown:
                assert_never(unknown)

    def _moved_bytes(self, wait: Wait) -> int:
        if wait is Wait.TAKING:
            return self._written_bytes - self._transport.get_write_buffer_size()
        return self._reader.received_bytes if wait is Wait.BODY and self._reader is not None else 0


def _address(name: object) -> Address | None:
    """A socket's name as host and port; None for one that has none, as a Unix socket."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
