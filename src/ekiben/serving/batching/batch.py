"""`run_batch`: hands a batch to a worker and answers every one of its requests, whatever comes back.

Holds no state; which requests make a batch was decided before, and what a worker does with them is not known here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import TypeVar

from ekiben.errors import EkibenError, InternalError, Overloaded
from ekiben.serving.batching.queue import Ticket
from ekiben.serving.wire import Call, Reply

logger = logging.getLogger(__name__)

S = TypeVar("S")


class Audience:
    """Those who wait for a batch; when the last of them has left, nobody needs what is still to be computed.

    Only one of them is watched at a time, so that a batch which is answered costs one callback, not one per request.
    """

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self.is_gone = False
        self.on_gone: Callable[[], None] | None = None
        self._others = iter(tickets)
        self._watched: asyncio.Future[Reply] | None = None
        self._watch_next()

    def close(self) -> None:
        """Watches no more: the answers are there."""
        if self._watched is not None:
            self._watched.remove_done_callback(self._watch_next)

    def _watch_next(self, _: object = None) -> None:
        for ticket in self._others:
            if not ticket.answer.done():
                self._watched = ticket.answer
                self._watched.add_done_callback(self._watch_next)
                return
        self.is_gone = True
        if self.on_gone is not None:
            self.on_gone()


# The audience of the batch that runs in this task. A variable of the context, not an argument: of all that can stand
# between a batcher and a worker, only what can stop work needs to know.
AUDIENCE: ContextVar[Audience | None] = ContextVar("AUDIENCE", default=None)


async def run_batch(run: Callable[[S, list[Call]], Awaitable[list[Reply]]], slot: S, tickets: Sequence[Ticket]) -> bool:
    """Runs the batch and answers; whether all went well, so that its duration is that of the method called once.

    A worker runs a failed batch again in parts, which takes several times as long, and those parts that then went well
    are not told from others. So one reply of 400 and above is enough to learn nothing; that it may be the method's own
    or a body that could not be read costs a sample, and samples are plenty.

    A `run` that raises one of our errors answers each request with it; anything else, a BaseException too, is a 500
    without internals, and goes to the log whole. Cancelled itself, it refuses its requests before it ends.
    """
    audience = Audience(tickets)
    if audience.is_gone:
        return False
    AUDIENCE.set(audience)
    try:
        replies = await run(slot, [ticket.call for ticket in tickets])
    except EkibenError as error:
        refuse_all(tickets, error)
        return False
    except BaseException as error:
        if isinstance(error, GeneratorExit) and not _is_loop_running():  # the coroutine itself is closed, unfinished
            raise
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            refuse_all(tickets, Overloaded("the server stopped before the batch was done"))
            raise
        logger.exception("a batch of `%s` failed", tickets[0].call.endpoint)
        refuse_all(tickets, InternalError("the batch failed"))
        return False
    finally:
        audience.close()
    if len(replies) != len(tickets):
        logger.error("`%s` got %d replies for %d calls", tickets[0].call.endpoint, len(replies), len(tickets))
        refuse_all(tickets, InternalError(f"the worker gave {len(replies)} replies for {len(tickets)} calls"))
        return False
    for ticket, reply in zip(tickets, replies, strict=True):
        ticket.reply(reply)
    return all(reply.status < 400 for reply in replies)


def refuse_all(tickets: Sequence[Ticket], error: Exception) -> None:
    """Answers every request that is still waited for with one error."""
    for ticket in tickets:
        ticket.refuse(error)


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
