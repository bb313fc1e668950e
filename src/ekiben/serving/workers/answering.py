"""`Answering`: the calls of one worker process to other services, on the front's side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from ekiben.errors import EkibenError
from ekiben.serving.calling.link import Link
from ekiben.serving.failures import reply_to
from ekiben.serving.wire import Body, Call, Reply
from ekiben.serving.workers.asking import Send
from ekiben.serving.workers.chunks import Outflow
from ekiben.serving.workers.framing import Bodies
from ekiben.serving.workers.messages import AnyMessage, Ask, Cancel, Chunk, End, Fault, Head, Took, calls_of, done_of


class Answering:
    """Has `link` answer what the worker asks; `send` writes to the worker, while it is there."""

    def __init__(self, link: Link, send: Send) -> None:
        self._link = link
        self._send = send
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._outflows: dict[int, Outflow] = {}

    def on_message(self, message: Ask | Took | Cancel, bodies: Bodies) -> None:
        """The worker's word."""
        match message:
            case Ask():
                [call] = calls_of(message.endpoint, [message.call], bodies)
                work = self._answer(message.number, message.service, call)
                self._tasks[message.number] = asyncio.create_task(work)
            case Took():
                if message.number in self._outflows:
                    self._outflows[message.number].took(message.chunks, message.size)
            case Cancel():
                self._cancel(message.number)

    def close(self) -> None:
        """The worker is gone: nobody waits for its calls any more."""
        for number in list(self._tasks):
            self._cancel(number)

    def _cancel(self, number: int) -> None:
        if number in self._outflows:
            self._outflows[number].stop()
        elif number in self._tasks:
            asyncio.get_running_loop().call_soon(self._tasks[number].cancel)  # not before it has begun

    async def _answer(self, number: int, service: str, call: Call) -> None:
        last: tuple[AnyMessage, Sequence[Body]] = End(number), []
        try:
            answer = await self._link.ask(service, call)
            if isinstance(answer, Reply):
                last = done_of(number, [answer])
            else:
                outflow = self._outflows[number] = Outflow(lambda chunk: self._tell(Chunk(number), [chunk]))
                self._tell(Head(number, answer.status, answer.content_type, answer.headers))
                await outflow.pump(answer.chunks)
        except EkibenError as error:
            is_begun = number in self._outflows
            last = (
                (Fault(number, error.message), []) if is_begun else done_of(number, [reply_to(error, call.request_id)])
            )
        finally:
            self._outflows.pop(number, None)
            del self._tasks[number]
            self._tell(*last)

    def _tell(self, message: AnyMessage, bodies: Sequence[Body] = ()) -> None:
        with contextlib.suppress(EkibenError):  # it has died meanwhile, and nobody waits
            self._send(message, bodies)
