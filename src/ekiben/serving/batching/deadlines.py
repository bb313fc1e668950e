"""`Deadlines`: one timer for all that must have ended within the same time. Knows nothing of queues.

What began first is due first, so that the order of arrival is the order of the deadlines, and beginning and ending cost
an entry in a dictionary each: nothing is armed or cancelled for a single request.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls `expire(one)` for each that was added `timeout_s` seconds of `clock` ago and not taken out since.

    An infinite `timeout_s` never ends.
    """

    def __init__(self, timeout_s: float, expire: Callable[[T], None], clock: Callable[[], float]) -> None:
        self.timeout_s = timeout_s
        self._expire = expire
        self._clock = clock
        self._due_s: dict[T, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due_s)

    def add(self, one: T, now_s: float) -> None:
        """From now on it is waited for."""
        self._due_s[one] = now_s + self.timeout_s
        if self._timer is None and self.timeout_s != math.inf:
            self._arm(self.timeout_s)

    def discard(self, one: T) -> None:
        """It has ended, or nobody waits for it any more."""
        self._due_s.pop(one, None)

    def close(self) -> None:
        """Rings no more."""
        self._due_s.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, delay_s: float) -> None:
        """For the oldest; when it rings that one has mostly ended, and the timer moves on to the oldest of then."""
        self._timer = asyncio.get_running_loop().call_later(max(0.0, delay_s), self._ring)

    def _ring(self) -> None:
        self._timer = None
        now_s = self._clock()
        late: list[T] = []
        for one, due_s in self._due_s.items():
            if due_s > now_s:
                self._arm(due_s - now_s)
                break
            late.append(one)
        for one in late:
            del self._due_s[one]
        for one in late:
            self._expire(one)
