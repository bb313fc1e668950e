"""`RequestQueue`: waiting requests in order of arrival. Cancelling one costs the same wherever it stands.

Holds requests and counts their rows; decides nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.view import Member
from ekiben.serving.wire import Answer, Call


@dataclass(slots=True, eq=False)
class Ticket:
    """A request and the future on which its sender waits. `member` is what the rule sees of it.

    `deaths` counts the workers that have ended while they ran it, `audience` is that of the batch that it runs in.
    """

    member: Member
    call: Call
    answer: asyncio.Future[Answer]
    deaths: int = 0
    audience: Audience | None = None

    def refuse(self, error: Exception) -> None:
        """Answers with an error, unless nobody waits any more."""
        if not self.answer.done():
            self.answer.set_exception(error)


class RequestQueue:
    """First in, first out."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[Member, Ticket] = OrderedDict()
        self.rows = 0

    def __len__(self) -> int:
        return len(self._tickets)

    @property
    def members(self) -> Collection[Member]:
        """What the rule sees, oldest first: a window on the queue, not a copy."""
        return self._tickets.keys()

    def add(self, ticket: Ticket) -> None:
        """Puts a request at the end."""
        self._tickets[ticket.member] = ticket
        self.rows += ticket.member.rows

    def put_back(self, tickets: Sequence[Ticket]) -> None:
        """Puts requests before all others, in their order: they had been taken from there."""
        for ticket in reversed(tickets):
            self.add(ticket)
            self._tickets.move_to_end(ticket.member, last=False)

    def remove(self, ticket: Ticket) -> bool:
        """Takes a request out, wherever it stands; False where it is not in the queue (any more)."""
        if self._tickets.pop(ticket.member, None) is None:
            return False
        self.rows -= ticket.member.rows
        return True

    def take_first(self, count: int) -> list[Ticket]:
        """Takes the oldest `count` requests out."""
        taken = [self._tickets.popitem(last=False)[1] for _ in range(count)]
        self.rows -= sum(ticket.member.rows for ticket in taken)
        return taken

    def take_at(self, indexes: Sequence[int]) -> list[Ticket]:
        """Takes the requests at those places out; `indexes` ascend, 0 is the oldest."""
        wanted = set(indexes)
        first = islice(self._tickets.values(), max(wanted, default=-1) + 1)
        taken = [ticket for index, ticket in enumerate(first) if index in wanted]
        for ticket in taken:
            self.remove(ticket)
        return taken
