"""Answers one request on a connection of ours: calls the handler, and writes what it gave.

    begin_direct, deliver_reply   without a task: the handler delivers a reply when it has one
    answer_request                a request's task, where the handler has to be awaited or the answer is a stream

Whatever the handler does, the client gets a reply, or the end of the connection where a part of one is sent already.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from ekiben.errors import Overloaded
from ekiben.serving.failures import reply_to
from ekiben.serving.http.body import MAX_UNREAD_BYTES, IncomingBody
from ekiben.serving.http.h1.framing import Framing, ended
from ekiben.serving.http.h1.heads import head_bytes
from ekiben.serving.http.h1.state import ServerState
from ekiben.serving.http.h1.streaming import Outlet, Sent, send_stream
from ekiben.serving.http.replies import BODILESS, HANDLER_FAULTS, declared_length, fault_reply
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Exchange, UnderWay
from ekiben.serving.wire import Answer, Reply, StreamReply

JOINED_BYTES = 64 * 1024  # bodies up to this are copied behind their heads: one write costs less than two


class Line(Outlet, Exchange, Protocol):
    """The connection, as one of its requests needs it. `is_last`: no request follows those that have come."""

    is_gone: bool
    is_last: bool

    @property
    def is_ending(self) -> bool:
        """Whether the reply that is being written is the last one."""

    def finish(self, request: Request, *, keeps_alive: bool) -> None:
        """The reply is written."""

    def close(self) -> None:
        """End the connection when what was written is sent."""

    def reset(self) -> None:
        """End the connection on the spot, so that the client can tell it from an orderly end."""


async def answer_request(
    line: Line, state: ServerState, request: Request, framing: Framing, begun_s: float = 0.0
) -> None:
    """The task of one request, whose turn came at `begun_s` by `time.perf_counter`: for the log."""
    answer: Answer | None = None
    try:
        answer = await state.handler(request)
        framing = framing_of(answer, line, state, request, framing)
        head = head_bytes(answer, request.id, state.date, framing)
    except (*HANDLER_FAULTS, asyncio.CancelledError) as error:
        if isinstance(answer, StreamReply):
            await answer.chunks.aclose()
        if line.is_gone:
            return
        answer = _reply_to(error, request)
        framing = framing_of(answer, line, state, request, framing)
        head = head_bytes(answer, request.id, state.date, framing)
    if isinstance(answer, Reply):
        size = _write_reply(line, request, head, answer)
    else:
        line.write(head)
        sent = await _stream(line, answer, request, framing)
        size = sent.size
        framing = framing if sent.is_whole else ended(framing)
    if state.log_access is not None:
        state.log_access(request, answer.status, size, time.perf_counter() - begun_s)
    line.finish(request, keeps_alive=framing.keeps_alive)


def begin_direct(line: Line, state: ServerState, request: Request) -> UnderWay | None:
    """Begins a request without a task; None where it needs one, be it to say what is wrong with it."""
    try:
        return state.begin(request, line)
    except HANDLER_FAULTS:
        return None


def deliver_reply(
    line: Line, state: ServerState, request: Request, framing: Framing, reply: Reply, begun_s: float
) -> None:
    """Sends the reply to a request that was begun without a task."""
    framing = framing_of(reply, line, state, request, framing)
    try:
        head = head_bytes(reply, request.id, state.date, framing)
    except HANDLER_FAULTS as error:
        reply = fault_reply(error, request.id)
        head = head_bytes(reply, request.id, state.date, framing)
    size = _write_reply(line, request, head, reply)
    if state.log_access is not None:
        state.log_access(request, reply.status, size, time.perf_counter() - begun_s)
    line.finish(request, keeps_alive=framing.keeps_alive)


def _write_reply(line: Line, request: Request, head: bytes, reply: Reply) -> int:
    """Gives the size of the body."""
    body = b"" if request.method == "HEAD" or reply.status in BODILESS else reply.payload.body
    size = len(body)
    if size <= JOINED_BYTES:
        line.write(head + body)
    else:
        line.write(head)
        line.write(body)
    return size


def framing_of(answer: Answer, line: Line, state: ServerState, request: Request, framing: Framing) -> Framing:
    """What the request allowed, less what the connection and the answer do not: going on after it, mostly."""
    body = request.body
    if not (line.is_last or state.is_stopping) and isinstance(answer, Reply) and isinstance(body, bytes):
        return framing
    is_endless = isinstance(answer, StreamReply) and not framing.takes_chunks and declared_length(answer) is None
    is_unread = isinstance(body, IncomingBody) and not body.is_whole and _is_not_worth_reading(body, request)
    return ended(framing) if line.is_ending or is_endless or is_unread else framing


def _is_not_worth_reading(body: IncomingBody, request: Request) -> bool:
    """Whether a body that nobody wants is held back by the client, or too long to be thrown away."""
    declared = request.fields.get(b"content-length", b"0")
    return body.is_unasked or int(declared) > MAX_UNREAD_BYTES


async def _stream(line: Line, answer: StreamReply, request: Request, framing: Framing) -> Sent:
    """Writes the body of a stream; where it breaks off, the connection is cut so that the client can tell."""
    if request.method == "HEAD" or answer.status in BODILESS:
        await answer.chunks.aclose()
        return Sent(0, is_whole=True)
    length = declared_length(answer)
    is_chunked = framing.takes_chunks and length is None
    is_whole = False
    try:
        sent = await send_stream(line, answer, request.id, is_chunked=is_chunked, length=length)
        is_whole = sent.is_whole
    finally:
        if not is_whole and (is_chunked or length is not None):
            line.close()
        elif not is_whole:
            line.reset()
    return sent


def _reply_to(error: BaseException, request: Request) -> Reply:
    if isinstance(error, asyncio.CancelledError):
        return reply_to(Overloaded("the server is stopping"), request.id)
    assert isinstance(error, Exception)
    return fault_reply(error, request.id)
