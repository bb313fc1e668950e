"""How the server process is told to stop, and how it ends whatever the service clings to.

SIGTERM   stops accepting, lets requests under way finish (`traffic.drain_timeout`), exit status 0
SIGINT    the same, exit status 130, as an interrupted command
again     ends at once, exit status 128 + the signal's number
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

logger = logging.getLogger("ekiben.serving")


class StopSignals:
    """Turns the first SIGTERM or SIGINT into `begin_stop`, the second into an end on the spot.

    The first one also ends the process after `ends_within_s` seconds, whatever it does then. `status` is for its exit.
    Python's handlers rather than the loop's: they run although the service blocks the loop, and after it has closed.
    """

    def __init__(self, begin_stop: Callable[[], object], *, ends_within_s: float) -> None:
        self.status = 0
        self._begin_stop = begin_stop
        self._ends_within_s = ends_within_s
        self._is_stopping = False
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._is_stopping or self._loop.is_closed():
            os._exit(128 + number)
        self._is_stopping = True
        self.status = 0 if number == signal.SIGTERM else 128 + number
        signal.signal(signal.SIGALRM, lambda *_: os._exit(self.status))
        signal.setitimer(signal.ITIMER_REAL, self._ends_within_s)
        self._loop.call_soon_threadsafe(self._begin, signal.Signals(number).name)

    def _begin(self, name: str) -> None:
        logger.info("%s: finishing what is under way", name)
        self._begin_stop()


def end_now(status: int) -> NoReturn:
    """Ends the process without waiting for threads that run the service's code; children end with it."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
