"""When a worker has served long enough and another one takes its place: libraries leak. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

JITTER = 0.1  # a worker's own bounds are up to this part earlier, so that those begun together do not end together


@dataclass(frozen=True, slots=True)
class Use:
    """What a worker has served and become: answered requests, seconds since it came up, resident bytes."""

    requests: int
    age_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a worker serves; None bounds nothing."""

    max_requests: int | None = None
    max_age_s: float | None = None
    max_memory_bytes: int | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether a worker is ever replaced before it dies."""
        return self != ENDLESS

    def drawn(self, draw: float) -> Lifetime:
        """One worker's own bounds, from a random number between 0 and 1. Memory is nobody's choice, and stays."""
        part = 1 - JITTER * draw
        return replace(
            self,
            max_requests=None if self.max_requests is None else max(1, round(self.max_requests * part)),
            max_age_s=None if self.max_age_s is None else self.max_age_s * part,
        )

    def why_over(self, use: Use) -> str | None:
        """What the worker has had enough of, in words; None while it may go on."""
        if self.max_requests is not None and use.requests >= self.max_requests:
            return f"answered {use.requests} requests"
        if self.max_age_s is not None and use.age_s >= self.max_age_s:
            return f"is {use.age_s:.0f} s old"
        if self.max_memory_bytes is not None and use.memory_bytes >= self.max_memory_bytes:
            return f"holds {use.memory_bytes / 1024**2:.0f} MiB"
        return None


ENDLESS = Lifetime()
