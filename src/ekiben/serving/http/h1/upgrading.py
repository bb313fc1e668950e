"""Hands a connection over to a websocket: what that takes is imported when the first one is asked for."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from ekiben.serving.failures import error_reply
from ekiben.serving.http.h1.framing import LAST
from ekiben.serving.http.h1.heads import head_bytes
from ekiben.serving.http.h1.state import ServerState
from ekiben.serving.http.request import Request
from ekiben.serving.http.websocket import SocketHandler


def open_websocket(
    transport: asyncio.Transport, state: ServerState, request: Request, handler: SocketHandler, rest: bytes
) -> None:
    """Makes the connection a websocket's, with the bytes that came behind its request."""
    try:
        from ekiben.serving.http.h1.websocket import WebSocketConnection
    except ImportError:
        hint = "add `websockets` to the packages of the service, or install `ekiben[websockets]`"
        missing = "websockets need the package `websockets`, which is not installed"
        reply = error_reply(HTTPStatus.NOT_IMPLEMENTED, missing, hint)
        transport.write(head_bytes(reply, request.id, state.date, LAST) + reply.payload.body)
        transport.close()
        return
    connection = WebSocketConnection(transport, state, request)
    state.connections.add(connection)
    transport.set_protocol(connection)
    connection.begin(handler, rest)
