"""The most memory that the processes started meanwhile have held together."""

from __future__ import annotations

import os
from threading import Event, Thread
from types import TracebackType
from typing import Self

from benchmarks.serving import processes

_PERIOD_S = 0.02


class PeakMemory:
    """A context manager: `peak_bytes` is the greatest sum of the proportional set sizes of this process's descendants,
    itself and `besides` left out, as seen every 20 ms."""

    def __init__(self, *besides: int) -> None:
        self.peak_bytes = 0
        self._besides = besides
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        me = os.getpid()
        besides = frozenset({me, *self._besides})
        while not self._done.wait(_PERIOD_S):
            self.peak_bytes = max(self.peak_bytes, processes.pss_bytes(me, besides))
