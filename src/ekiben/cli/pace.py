"""`Pace`: how far a task is and how fast it gets on, when that is worth saying, and the words for it.

Pure: told the time, in seconds of one monotonic clock, and never asks for it. A task that moves two gigabytes a second
is told so a thousand times a second, and says so a few times.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ekiben.cli.output import size_text
from ekiben.report import BYTES

_WINDOW_S = 15.0  # the rate is that of so long: a stall shows soon, and a hiccup moves the remaining time little
_LEAST_S = 0.001  # in less nobody can tell how fast it is
_MINUTE_S, _HOUR_S = 60, 3600


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a task is: `done` of `total` (None where that is not known), in `unit`; `rate` is per second."""

    done: int
    total: int | None
    unit: str
    rate: float | None = None

    @property
    def remaining_s(self) -> float | None:
        """How much longer it takes at this rate; None where nobody can tell."""
        return max(0, self.total - self.done) / self.rate if self.total is not None and self.rate else None


class Pace:
    """Counts one task, and tells at most every `every_s` seconds that there is something to say."""

    def __init__(self, total: int | None, unit: str, *, every_s: float, now_s: float) -> None:
        self._total = total
        self._unit = unit
        self._every_s = every_s
        self._done = 0
        self._said_s = now_s
        self._marks = deque([(now_s, 0)])  # when how much was done: the first is as old as the window

    def advance(self, amount: int, now_s: float) -> bool:
        """Counts; whether it is time to say how far it is."""
        self._done += amount
        if now_s - self._said_s < self._every_s:
            return False
        self._said_s = now_s
        self._marks.append((now_s, self._done))
        while len(self._marks) > 2 and now_s - self._marks[1][0] >= _WINDOW_S:
            self._marks.popleft()
        return True

    def standing(self, now_s: float) -> Standing:
        """How far it is."""
        since_s, before = self._marks[0]
        took_s = now_s - since_s
        rate = (self._done - before) / took_s if self._done and took_s >= _LEAST_S else None
        return Standing(self._done, self._total, self._unit, rate)


def progress_text(standing: Standing) -> str:
    """`1.2 GiB of 5.0 GiB (24 %), 110.0 MiB/s, 35 s left`, or `12 of 40 modules (30 %), 3.0/s, 9 s left`."""
    parts = [amount_text(standing), rate_text(standing), remaining_text(standing)]
    return ", ".join(part for part in parts if part)


def amount_text(standing: Standing) -> str:
    """How much is done of how much, and the share of it."""
    done, total = standing.done, standing.total
    is_bytes = standing.unit == BYTES
    noun = "" if is_bytes else f" {standing.unit}"
    shown = size_text(done) if is_bytes else str(done)
    if not total:
        return f"{shown}{noun}"
    return f"{shown} of {size_text(total) if is_bytes else total}{noun} ({min(100, done * 100 // total)} %)"


def rate_text(standing: Standing) -> str:
    """How fast it gets on; nothing where that is not known."""
    if standing.rate is None:
        return ""
    return f"{size_text(round(standing.rate))}/s" if standing.unit == BYTES else f"{standing.rate:.1f}/s"


def remaining_text(standing: Standing) -> str:
    """How much longer it takes; nothing where that is not known."""
    remaining_s = standing.remaining_s
    return "" if remaining_s is None else f"{duration_text(remaining_s)} left"


def duration_text(seconds: float) -> str:
    """A duration for people: `35 s`, `2 min 5 s`, `1 h 10 min`."""
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
