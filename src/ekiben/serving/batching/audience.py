"""`Audience`: those who wait for a batch, as the worker that runs it sees them. Knows futures, and no queues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ekiben.serving.wire import Answer


class Audience:
    """Those who wait for the calls of a batch, in their order.

    Who can look does so with `has_left`, from any thread; who has to be told that the last of them has left sets
    `on_gone`. A batch for which all stay costs nothing here.
    """

    __slots__ = ("_answers", "on_gone")

    def __init__(self, answers: Sequence[asyncio.Future[Answer]]) -> None:
        self._answers = answers
        self.on_gone: Callable[[], None] | None = None

    def has_left(self, index: int) -> bool:
        """Whether nobody waits for this call any more."""
        return self._answers[index].done()

    @property
    def is_gone(self) -> bool:
        """Whether nobody waits for any of them."""
        return all(answer.done() for answer in self._answers)

    def one_left(self) -> None:
        """Somebody does not wait any more."""
        if self.on_gone is not None and self.is_gone:
            self.on_gone()
