"""Which failures are waited out, and for how long. `Retry` holds the count of one transfer; who waits is handed in."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ekiben.errors import RegistryError

TEMPORARY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_PROGRESS = 1024 * 1024  # bytes since the last failure that make it a new one; a server that drips is given up


class Temporary(RegistryError):
    """A failure that may be gone at the next try; `retry_after_s` is what the registry asked for."""

    def __init__(self, message: str, *, hint: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a transfer is tried without getting on, and the pauses between, in seconds: each twice the one before.

    A registry that asks for more than `longest_asked_s` is not waited for.
    """

    tries: int = 7
    first_s: float = 0.5
    longest_s: float = 20.0
    longest_asked_s: float = 120.0

    def pause_s(self, failures: int, asked_s: float | None, share: float) -> float | None:
        """The pause after the `failures`th failure in a row, None to give up; `share` of [0, 1) spreads the herd."""
        if failures >= self.tries or (asked_s or 0.0) > self.longest_asked_s:
            return None
        own = min(self.first_s * 2.0 ** (failures - 1), self.longest_s) * (0.5 + share / 2)
        return max(own, asked_s or 0.0)


@dataclass(slots=True)
class Retry:
    """One transfer's failures. `wait` pauses for seconds, and may tell why."""

    patience: Patience
    wait: Callable[[float, Temporary], object]
    _failures: int = field(default=0, init=False)
    _reached: int = field(default=0, init=False)

    def after(self, failure: Temporary, reached: int = 0) -> None:
        """Waits, or raises `failure`. `reached` is how many bytes the transfer has come: getting on starts anew."""
        if reached - self._reached >= _PROGRESS:
            self._failures, self._reached = 0, reached
        self._failures += 1
        pause_s = self.patience.pause_s(self._failures, failure.retry_after_s, random.random())
        if pause_s is None:
            raise failure
        self.wait(pause_s, failure)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """What `Retry-After` asks for: seconds, or until a date; None for what cannot be read. Never below 0."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        until = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds())
