"""`Audience`: those who wait for a batch, as the worker that runs it sees them. Knows no queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Waiting(Protocol):
    """A request of the batch."""

    @property
    def is_settled(self) -> bool:
        """Whether nobody waits for it any more."""


class Audience:
    """Those who wait for the calls of a batch, in their order.

    Who can look does so with `has_left`, from any thread; who has to be told that the last of them has left sets
    `on_gone`. A batch for which all stay costs nothing here.
    """

    __slots__ = ("_requests", "on_gone")

    def __init__(self, requests: Sequence[Waiting]) -> None:
        self._requests = requests
        self.on_gone: Callable[[], None] | None = None

    def has_left(self, index: int) -> bool:
        """Whether nobody waits for this call any more."""
        return self._requests[index].is_settled

    @property
    def is_gone(self) -> bool:
        """Whether nobody waits for any of them."""
        return all(request.is_settled for request in self._requests)

    def one_left(self) -> None:
        """Somebody does not wait any more."""
        if self.on_gone is not None and self.is_gone:
            self.on_gone()
