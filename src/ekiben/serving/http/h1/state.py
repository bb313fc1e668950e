"""`ServerState`: what all connections of a server share. It knows no socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from ekiben.serving.http.access import LogAccess
from ekiben.serving.http.h1.limits import ConnectionLimits, affordable_connections
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Begin, Exchange, Handler
from ekiben.serving.http.websocket import FindSocketHandler, no_sockets

# RFC 9110, section 5.6.7: in English whatever locale the service has set.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Tended(Protocol):
    """A connection, as the server sees it."""

    def look_after(self, now_s: float) -> None:
        """End it where it has waited for the same thing too long."""

    def stop(self) -> None:
        """End it when what is under way is answered."""

    def end_now(self) -> None:
        """Answer what is under way with a refusal, and end it."""

    def cut(self) -> None:
        """End it on the spot."""


def begin_none(request: Request, exchange: Exchange) -> None:
    """Every request has a task."""


class ServerState:
    """`begin` answers without a task the requests that it can, `handler` the others; `find_socket` finds who serves a
    websocket.

    `date` is a line of every head, renewed by the server; `on_empty` is called when the last connection has gone.
    """

    __slots__ = (
        *("begin", "connections", "create_task", "date", "find_socket", "handler", "is_stopping"),
        *("limits", "log_access", "max_connections", "on_empty"),
    )

    def __init__(
        self,
        handler: Handler,
        limits: ConnectionLimits,
        loop: asyncio.AbstractEventLoop,
        log_access: LogAccess | None = None,
        begin: Begin = begin_none,
        find_socket: FindSocketHandler = no_sockets,
    ) -> None:
        self.handler = handler
        self.begin = begin
        self.find_socket = find_socket
        self.limits = limits
        self.max_connections = affordable_connections(limits.max_connections)
        self.create_task = loop.create_task
        self.log_access = log_access
        self.connections: set[Tended] = set()
        self.is_stopping = False
        self.date = date_line(time.time())
        self.on_empty: Callable[[], None] | None = None

    def leave(self, connection: Tended) -> None:
        """The connection is no more."""
        self.connections.discard(connection)
        if not self.connections and self.on_empty is not None:
            self.on_empty()


def date_line(now_s: float) -> bytes:
    """The Date header (RFC 9110, section 6.6.1: a server with a clock sends one) as a line of a head."""
    at = time.gmtime(now_s)
    day = f"{_DAYS[at.tm_wday]}, {at.tm_mday:02d} {_MONTHS[at.tm_mon - 1]} {at.tm_year}"
    return f"date: {day} {at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} GMT\r\n".encode()
