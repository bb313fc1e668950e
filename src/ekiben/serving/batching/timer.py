"""`WakeTimer`: calls back at a time, which may be moved at little cost. Knows nothing of queues.

Event loops wait in whole milliseconds (CPython's `EpollSelector` rounds up, uvloop's timers count them), longer than
some holds are worth. So the last millisecond of a short wait is spent turning the loop, which goes on serving
everything else meanwhile; long waits may be late by their millisecond.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

LOOP_GRAIN_S = 0.001  # seconds; what epoll and libuv round to
FINE_WAIT_S = 0.005  # seconds; a wait longer than that can bear to be a grain late


class WakeTimer:
    """At most one pending call of `ring`; `clock` is in seconds and may be any that runs at the loop's pace."""

    def __init__(self, ring: Callable[[], None], clock: Callable[[], float]) -> None:
        self._ring = ring
        self._clock = clock
        self._due_s = math.inf
        self._handle: asyncio.Handle | None = None
        self._handle_s = math.inf
        self._is_fine = False

    @property
    def due_s(self) -> float:
        """When it rings; infinite while it is not armed."""
        return self._due_s

    def arm(self, due_s: float) -> None:
        """Rings at `due_s` and at no other time. Moving it later leaves the loop's own timer where it is."""
        if due_s == math.inf:
            self.disarm()
            return
        self._is_fine = due_s - self._clock() <= FINE_WAIT_S
        self._due_s = due_s
        if self._handle is None or self._handle_s > due_s:
            self._schedule()

    def disarm(self) -> None:
        """Does not ring."""
        self._due_s = math.inf
        self._cancel()

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _schedule(self) -> None:
        self._cancel()
        loop = asyncio.get_running_loop()
        left_s = self._due_s - self._clock()
        if self._is_fine and left_s <= LOOP_GRAIN_S:
            self._handle_s = self._clock()
            self._handle = loop.call_soon(self._wake)
            return
        delay_s = left_s - LOOP_GRAIN_S if self._is_fine else left_s
        self._handle_s = self._due_s if not self._is_fine else self._due_s - LOOP_GRAIN_S
        self._handle = loop.call_later(max(0.0, delay_s), self._wake)

    def _wake(self) -> None:
        self._handle = None
        if self._clock() < self._due_s:
            self._schedule()
            return
        self._due_s = math.inf
        self._ring()
