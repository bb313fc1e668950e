"""uvicorn's HTTP protocol, with two things added: it cancels the request of a client that went away, and it bounds what
a connection may send before there is a request, and how long it may take.

ASGI's own way to learn that a client left is a second task per request that waits for `http.disconnect`, which costs
every request for the sake of a few. Here the connection's end finds the request's task in its scope (`asgi` puts it
there), at no cost to the others. Nor has a request a timer: the server looks at every connection once a second
(`look_after`), and what it finds waiting for the same thing too long is ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from enum import Enum
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from ekiben.serving.failures import error_reply
from ekiben.serving.http.asgi import GONE, STALLED, TASK, AsgiApp
from ekiben.serving.http.limits import MAX_HEAD_BYTES, MAX_UNREAD_BYTES, MIN_BODY_RATE, affordable_connections


class Wait(Enum):
    """What a connection waits for."""

    REQUEST = "the first byte of a request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    ANSWER = "the answer, which is the server's turn"
    TAKING = "the client to take what was written"


class HeadTooLong(Exception):
    """Stops the parser."""


class HttpProtocol(HttpToolsProtocol):
    """Given to uvicorn as its HTTP protocol; `config.app` is an AsgiApp."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = cast(AsgiApp, config.app).limits
        self._loose = 0  # bytes in a row that were part of neither a body nor a message that is whole
        self._may_be_long = False
        self._received = 0
        self._mark: tuple[Wait, object] | None = None  # what it waited for when it was last looked at,
        self._marked_s = 0.0  # since when,
        self._marked_bytes = 0  # and what had been received then

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """asyncio's: a new connection, which may be one too many."""
        super().connection_made(transport)
        if len(self.connections) > affordable_connections(self._limits.max_connections):
            self._refuse(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", "`http.max_connections` sets the bound"
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the client closed the connection, or it broke."""
        super().connection_lost(exc)
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)
        if cycle is None or not cycle.disconnected:  # no request yet, or one that is answered
            return
        self._cancel(cycle, GONE)

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came. In the usual case they are one whole request, and nothing is counted."""
        cycle: RequestResponseCycle | None = self.cycle
        held_bytes = len(cycle.body) if cycle is not None else 0
        self._may_be_long = self._loose + len(data) > MAX_HEAD_BYTES
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()
        except httptools.HttpParserError as error:
            self._refuse_unread(error)
            return
        latest: RequestResponseCycle | None = self.cycle
        if latest is not None and not latest.more_body and latest.scope is self.scope:
            self._loose = 0
        else:
            self._received += len(data)
            moved_on = latest is not cycle or (latest is not None and len(latest.body) != held_bytes)
            self._count_loose(0 if moved_on else len(data))

    def on_headers_complete(self) -> None:
        """The parser's: a head is whole. Trailers, which may follow the body, do not get into its headers."""
        if self._may_be_long and self._head_bytes() > MAX_HEAD_BYTES:
            raise HeadTooLong
        super().on_headers_complete()
        self.headers = []

    def on_response_complete(self) -> None:
        """uvicorn's, less its timer for connections that are kept alive: `look_after` has them."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    def look_after(self, now_s: float) -> None:
        """Ends the connection where it has waited for the same thing too long. Called about once a second."""
        mark = self._waits_for()
        if self._mark is None or mark[0] is not self._mark[0] or mark[1] is not self._mark[1]:
            self._mark, self._marked_s, self._marked_bytes = mark, now_s, self._progress(mark[0])
            return
        waited_s = now_s - self._marked_s
        limits = self._limits
        match mark[0]:
            case Wait.REQUEST if waited_s >= limits.keep_alive_s:
                self.transport.close()
            case Wait.HEAD if waited_s >= limits.head_timeout_s:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the head of the request did not come in time")
            case Wait.BODY if waited_s >= limits.body_timeout_s:
                moved = self._received - self._marked_bytes
                self._marked_s, self._marked_bytes = now_s, self._received
                if moved < MIN_BODY_RATE * waited_s:
                    self._cancel(self.cycle, STALLED)
            case Wait.TAKING if waited_s >= limits.keep_alive_s:
                left = self.transport.get_write_buffer_size()
                if left >= self._marked_bytes:
                    self.transport.abort()
                self._marked_s, self._marked_bytes = now_s, left
            case _:
                pass

    def _waits_for(self) -> tuple[Wait, object]:
        """What it waits for, with the scope that tells one such wait from the next."""
        cycle: RequestResponseCycle | None = self.cycle
        scope = cast(object, self.scope)
        if self.transport.is_closing() or self.flow.write_paused:
            return Wait.TAKING, None
        is_new = cycle is None or cycle.scope is not scope
        if cycle is None or cycle.response_complete:
            return (Wait.HEAD if is_new and scope is not None else Wait.REQUEST), scope
        if cycle.more_body and not (is_new or cycle.response_started or self.flow.read_paused):
            return Wait.BODY, scope
        return Wait.ANSWER, scope

    def _progress(self, wait: Wait) -> int:
        return self.transport.get_write_buffer_size() if wait is Wait.TAKING else self._received

    def _count_loose(self, size: int) -> None:
        self._loose = self._loose + size if size else 0
        cycle: RequestResponseCycle | None = self.cycle
        is_unread = cycle is not None and cycle.response_complete and cycle.scope is self.scope
        if is_unread and self._loose > MAX_UNREAD_BYTES:
            self.transport.close()
        elif not is_unread and self._loose > MAX_HEAD_BYTES:
            self._refuse_long_head()

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_unread(self, error: httptools.HttpParserError) -> None:
        if isinstance(error.__context__, HeadTooLong):
            self._refuse_long_head()
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no HTTP request")

    def _refuse_long_head(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the head of the request is over {MAX_HEAD_BYTES} bytes"
        )

    def _refuse(self, status: HTTPStatus, error: str, detail: str | None = None) -> None:
        """Answers, unless an earlier request is to be answered first, and closes the connection."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or (cycle.scope is self.scope and not cycle.response_started):
            body = error_reply(status, error, detail).payload.body
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: application/json\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
        self.transport.close()

    def _cancel(self, cycle: RequestResponseCycle, reason: str) -> None:
        scope = cast(MutableMapping[str, object], cycle.scope)
        task = scope.get(TASK)
        if isinstance(task, asyncio.Task):
            scope[reason] = True
            task.cancel()
