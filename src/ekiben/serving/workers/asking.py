"""`Asker`: a worker process's way to other services, its `Link`: by its channel, through its front."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from ekiben.errors import InternalError
from ekiben.serving.wire import Answer, Body, Call, StreamReply
from ekiben.serving.workers.chunks import Inflow
from ekiben.serving.workers.framing import Bodies
from ekiben.serving.workers.messages import (
    AnyMessage,
    Ask,
    Cancel,
    Chunk,
    Done,
    End,
    Fault,
    Head,
    Took,
    head_of,
    replies_of,
)


class Send(Protocol):
    """Writes to the other end of a channel."""

    def __call__(self, message: AnyMessage, bodies: Sequence[Body] = ()) -> None:
        """Writes a message."""


class Asker:
    """Numbers the calls that are under way; `send` writes to the front."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._numbers = itertools.count()
        self._asked: dict[int, Inflow] = {}

    async def ask(self, service: str, call: Call) -> Answer:
        """The front's answer. Cancelled, it tells the front."""
        number = next(self._numbers)
        inflow = Inflow(
            took=lambda chunks, size: self._send(Took(number, chunks, size)), cancel=partial(self._cancel, number)
        )
        self._asked[number] = inflow
        self._send(Ask(number, service, call.endpoint, head_of(call)), [call.payload.body])
        try:
            return await asyncio.shield(inflow.answer)
        except asyncio.CancelledError:
            inflow.answer.cancel()
            self._cancel(number)
            raise

    def on_message(self, message: Done | Head | Chunk | End | Fault, bodies: Bodies) -> None:
        """The front's word on one of the calls."""
        inflow = self._asked[message.number]
        match message:
            case Done():
                inflow.begin(replies_of(message, bodies)[0])
                self._end(message.number, inflow)
            case Head():
                inflow.begin(StreamReply(message.status, message.content_type, inflow, message.headers))
            case Chunk():
                inflow.add(bytes(bodies.joined))
            case End():
                self._end(message.number, inflow)
            case Fault():
                self._end(message.number, inflow, InternalError(message.message))

    def _end(self, number: int, inflow: Inflow, error: InternalError | None = None) -> None:
        del self._asked[number]
        inflow.end(error)

    def _cancel(self, number: int) -> None:
        if number in self._asked:
            self._send(Cancel(number))
