"""`RequestQueue`: waiting requests in order of arrival. Cancelling one costs the same wherever it stands.

Holds requests and counts their rows; decides nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Protocol

from ekiben.errors import EkibenError
from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.view import Member
from ekiben.serving.wire import Answer, Call, StreamReply


class Recipient(Protocol):
    """Who waits for the answer to a request. Is called once at most, on the loop; must not raise."""

    def receive(self, answer: Answer) -> None:
        """The answer is there."""

    def refuse(self, error: EkibenError) -> None:
        """There will be none."""


class Ticket(Member, eq=False):
    """A request in a queue, and who waits for its answer. What the rule sees of it is that it is a `Member`.

    `is_settled`: nobody waits any more, be it because the answer is there. `deaths` counts the workers that have ended
    while they ran it, `audience` is that of the batch that it runs in.
    """

    call: Call
    recipient: Recipient
    is_settled: bool = False
    deaths: int = 0
    audience: Audience | None = None

    def answer(self, answer: Answer) -> None:
        """Hands the answer over, unless nobody waits any more."""
        if not self.is_settled:
            self.is_settled = True
            self.recipient.receive(answer)

    def refuse(self, error: EkibenError) -> None:
        """Answers with an error, unless nobody waits any more."""
        if not self.is_settled:
            self.is_settled = True
            self.recipient.refuse(error)


class AwaitedAnswer:
    """The recipient that a coroutine awaits: `future` ends when there is an answer or an error."""

    __slots__ = ("_stream", "future")

    def __init__(self) -> None:
        self.future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._stream: StreamReply | None = None

    def receive(self, answer: Answer) -> None:
        """For the coroutine, when it is its turn; it may have been cancelled in this turn."""
        if isinstance(answer, StreamReply):
            self._stream = answer
        if not self.future.done():
            self.future.set_result(answer)

    def refuse(self, error: EkibenError) -> None:
        """Is raised in the coroutine."""
        if not self.future.done():
            self.future.set_exception(error)

    async def close_unread(self) -> None:
        """Ends the stream that came when the coroutine had been cancelled; nothing where none came."""
        if self._stream is not None:
            await self._stream.chunks.aclose()


class RequestQueue:
    """First in, first out."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[Ticket, None] = OrderedDict()
        self.rows = 0

    def __len__(self) -> int:
        return len(self._tickets)

    @property
    def members(self) -> Collection[Member]:
        """What the rule sees, oldest first: a window on the queue, not a copy."""
        return self._tickets.keys()

    def add(self, ticket: Ticket) -> None:
        """Puts a request at the end."""
        self._tickets[ticket] = None
        self.rows += ticket.rows

    def put_back(self, tickets: Sequence[Ticket]) -> None:
        """Puts requests before all others, in their order: they had been taken from there."""
        for ticket in reversed(tickets):
            self.add(ticket)
            self._tickets.move_to_end(ticket, last=False)

    def remove(self, ticket: Ticket) -> bool:
        """Takes a request out, wherever it stands; False where it is not in the queue (any more)."""
        if ticket not in self._tickets:
            return False
        del self._tickets[ticket]
        self.rows -= ticket.rows
        return True

    def take_first(self, count: int) -> list[Ticket]:
        """Takes the oldest `count` requests out."""
        taken = [self._tickets.popitem(last=False)[0] for _ in range(count)]
        self.rows -= sum(ticket.rows for ticket in taken)
        return taken

    def take_at(self, indexes: Sequence[int]) -> list[Ticket]:
        """Takes the requests at those places out; `indexes` ascend, 0 is the oldest."""
        wanted = set(indexes)
        first = islice(self._tickets, max(wanted, default=-1) + 1)
        taken = [ticket for index, ticket in enumerate(first) if index in wanted]
        for ticket in taken:
            self.remove(ticket)
        return taken
