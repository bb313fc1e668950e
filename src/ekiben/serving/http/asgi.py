"""The adapter to ASGI: scope and messages become a Request, a Reply becomes messages. Nothing is decided here."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from ekiben.errors import Overloaded, ServiceError
from ekiben.serving.failures import error_reply, internal_error, reply_to
from ekiben.serving.http.body import Receive, read_body
from ekiben.serving.http.limits import ConnectionLimits, Entry
from ekiben.serving.http.request import Request, request_id
from ekiben.serving.http.routes import Handler
from ekiben.serving.wire import Reply

Scope: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[dict[str, object]], Awaitable[None]]

logger = logging.getLogger("ekiben.serving")
access_logger = logging.getLogger("ekiben.access")

TASK = "ekiben.task"  # in a scope: the task to cancel when the client goes away (see `protocol`)
BODILESS = (204, 304)  # RFC 9110, section 6.4.1: replies with these statuses have no content
GONE = "ekiben.gone"  # in a scope: the client went away
STALLED = "ekiben.stalled"  # in a scope: the client stopped in the middle of a body
REQUEST_TIMEOUT = 408
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")  # what could begin a line of its own or steer a terminal
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, section 5.5: what no header may hold, tab excepted
_MAX_LOGGED = 1000  # characters of a path in the access log


class AsgiApp:
    """`handler` answers requests; with `logs_access` each is logged with status, size and duration.

    `limits` are those of the connections that requests come over: an Entry's own.
    """

    def __init__(self, handler: Handler | Entry, *, logs_access: bool = False) -> None:
        self.limits = handler.limits if isinstance(handler, Entry) else ConnectionLimits()
        self._handler = handler.answer if isinstance(handler, Entry) else handler
        self._logs_access = logs_access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry: one HTTP request."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        begun = time.perf_counter()
        request = _request_of(scope, receive)
        scope[TASK] = asyncio.current_task()
        try:
            reply = await self._handler(request)
            fields = _fields_of(reply, request.id)
        except asyncio.CancelledError:
            if GONE in scope:
                return
            reply = _stalled() if STALLED in scope else reply_to(Overloaded("the server is stopping"), request.id)
            fields = _fields_of(reply, request.id)
        except ServiceError as error:
            logger.error("request %s cannot be answered as the service says: %s", request.id, error)
            reply = reply_to(error, request.id)
            fields = _fields_of(reply, request.id)
        except Exception:  # the last resort: a fault of ours must not show its insides
            logger.exception("request %s failed in the server itself", request.id)
            reply = internal_error(request.id)
            fields = _fields_of(reply, request.id)
        del scope[TASK]
        await send({"type": "http.response.start", "status": reply.status, "headers": fields})
        await send({"type": "http.response.body", "body": b"" if reply.status in BODILESS else reply.payload.body})
        if self._logs_access:
            _log_access(scope, request, reply, time.perf_counter() - begun)


def _request_of(scope: Scope, receive: Receive) -> Request:
    raw = scope["headers"]
    fields = dict(raw)

    def read(limit: int) -> Awaitable[bytes]:
        return read_body(receive, fields.get(b"content-length"), limit)

    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        raw_headers=raw,
        fields=fields,
        read=read,
        id=request_id(fields.get(b"x-request-id")),
    )


def _stalled() -> Reply:
    """The reply to a client that stopped sending, after which the connection is of no use."""
    why = "the body of the request stopped coming"
    return error_reply(REQUEST_TIMEOUT, why, "`http.body_timeout` sets the bound", (("connection", "close"),))


def _fields_of(reply: Reply, identifier: str) -> list[tuple[bytes, bytes]]:
    """The headers of the reply. Raises ServiceError for a reply that HTTP cannot carry."""
    if not 200 <= reply.status <= 599:
        raise ServiceError(f"`{reply.status}` is no status of a reply", hint="200 to 599")
    payload = reply.payload
    fields = [(b"x-request-id", identifier.encode("latin-1"))]
    if reply.status not in BODILESS:
        fields.append((b"content-type", payload.content_type.encode("latin-1")))
        fields.append((b"content-length", b"%d" % len(payload.body)))
    if reply.headers:
        fields += [_field_of(name, value) for name, value in reply.headers]
    return fields


def _field_of(name: str, value: str) -> tuple[bytes, bytes]:
    if not value.isascii() or _CONTROL.search(value):
        raise ServiceError(f"the header `{name}` cannot have the value {value!r}")
    return name.encode("latin-1"), value.encode("latin-1")


def _log_access(scope: Scope, request: Request, reply: Reply, duration_s: float) -> None:
    path = printable_path(scope.get("raw_path") or request.path.encode())
    size = len(reply.payload.body)
    access_logger.info(
        "%s %s %d %dB %.1fms %s", request.method, path, reply.status, size, duration_s * 1000, request.id
    )


def printable_path(raw: bytes) -> str:
    """A path as it came, percent signs and all, with what is not printable ASCII escaped; a long one is cut."""
    text = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", raw[:_MAX_LOGGED].decode("latin-1"))
    return text if len(raw) <= _MAX_LOGGED else f"{text}..."
