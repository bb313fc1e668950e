"""`VirtualLoop`: asyncio's own loop on a clock that jumps, so that hours of traffic take seconds and repeat exactly.

Time passes in two ways only: where the loop would sleep, the clock is set forward; and each turn of the loop takes
`TURN_S`, about what a real one takes, so that turning the loop to wait for less than a millisecond is no endless loop.
"""

from __future__ import annotations

import asyncio

TURN_S = 0.000005  # seconds


class NothingWillHappen(Exception):
    """The loop has no callback and no timer left: somebody waits for what does not come."""


class VirtualLoop(asyncio.BaseEventLoop):
    """The base loop of asyncio, with itself for a selector that knows no sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self
        self._now_s = 1000.0

    def time(self) -> float:
        """The virtual time in seconds."""
        return self._now_s

    def select(self, timeout_s: float | None) -> None:
        """Sleeps: sets the clock forward."""
        if timeout_s is None:
            raise NothingWillHappen
        self._now_s += timeout_s if timeout_s > TURN_S else TURN_S

    def _process_events(self, events: None) -> None:
        pass
