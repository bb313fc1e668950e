"""`Batch`: requests that run together. `run_batch` hands one to a worker and takes what comes back, whatever that is;
`hand_out` answers with it.

Holds no state; which requests make a batch was decided before, and what a worker does with them is not known here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from ekiben.errors import EkibenError, InternalError, Overloaded
from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.policy import Expectation
from ekiben.serving.batching.queue import Ticket
from ekiben.serving.batching.slots import SlotLost
from ekiben.serving.batching.view import DispatchReason
from ekiben.serving.failures import is_own_end
from ekiben.serving.wire import Answer, Call, Reply, StreamReply

logger = logging.getLogger("ekiben.serving")

S = TypeVar("S")


Run: TypeAlias = Callable[[S, list[Call], Audience], Awaitable[Sequence[Answer]]]
"""Runs calls of one endpoint in a slot: one answer per call, in order. Raises SlotLost where the slot's worker ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch(Generic[S]):
    """Requests that run together in `slot`, of `rows` rows together; `decided_s` is when that was decided, and why."""

    slot: S
    tickets: Sequence[Ticket]
    rows: int
    reason: DispatchReason
    decided_s: float
    expected: Expectation

    def waits_s(self) -> list[float]:
        """How long each request has waited for it, in seconds."""
        return [self.decided_s - ticket.arrival_s for ticket in self.tickets]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back of a batch: an answer for each request, or none where all are refused already.

    `went_well`: the batch's duration is that of one call of the method. `worked_s` is the sum of the replies'.
    """

    replies: Sequence[Answer] = ()
    went_well: bool = False
    worked_s: float = 0.0


REFUSED = Outcome()


async def run_batch(run: Run[S], batch: Batch[S]) -> Outcome:
    """Runs the batch; whoever cannot be answered with what comes of it is refused.

    One reply of 400 and above is enough to learn nothing: it may come of a body that could not be read or of a method
    that gave up early. So is one that took the method several calls.

    A `run` that raises one of our errors answers each request with it; anything else, a BaseException too, is a 500
    without internals, and goes to the log whole. Cancelled itself, it refuses its requests before it ends. SlotLost is
    the caller's to handle.
    """
    tickets = batch.tickets
    audience = Audience(tickets)
    if audience.is_gone:
        return REFUSED
    for ticket in tickets:
        ticket.audience = audience
    try:
        replies = await run(batch.slot, [ticket.call for ticket in tickets], audience)
    except SlotLost:
        raise
    except EkibenError as error:
        refuse_all(tickets, error)
        return REFUSED
    except BaseException as error:
        if is_own_end(error):
            if isinstance(error, asyncio.CancelledError):
                refuse_all(tickets, Overloaded("the server stopped before the batch was done"))
            raise
        logger.exception("a batch of `%s` failed", tickets[0].call.endpoint)
        refuse_all(tickets, InternalError("the batch failed"))
        return REFUSED
    finally:
        for ticket in tickets:
            ticket.audience = None
    if len(replies) != len(tickets):
        logger.error("`%s` got %d replies for %d calls", tickets[0].call.endpoint, len(replies), len(tickets))
        refuse_all(tickets, InternalError(f"the worker gave {len(replies)} replies for {len(tickets)} calls"))
        return REFUSED
    return _outcome_of(replies)


async def hand_out(tickets: Sequence[Ticket], replies: Sequence[Answer]) -> None:
    """Answers every request of a batch that is still waited for; a stream that is not is closed."""
    for ticket, reply in zip(tickets, replies, strict=True):
        if not ticket.is_settled:
            ticket.answer(reply)
        elif isinstance(reply, StreamReply):
            await reply.chunks.aclose()


def _outcome_of(replies: Sequence[Answer]) -> Outcome:
    worked_s, went_well = 0.0, True
    for reply in replies:
        if isinstance(reply, Reply):
            worked_s += reply.worked_s
            went_well = went_well and reply.status < 400 and not reply.is_rerun
    return Outcome(replies, went_well, worked_s)


def refuse_all(tickets: Sequence[Ticket], error: EkibenError) -> None:
    """Answers every request that is still waited for with one error."""
    for ticket in tickets:
        ticket.refuse(error)
