"""`Overload`: since when more has come than can be done. It tells a burst that passes from an overload that stays."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(slots=True)
class Overload:
    """It begins when the first request is refused, and is over when a batch takes all that waits and is not full.

    `slots`: the most batches that were under way at once meanwhile, so how many may be needed to fill all workers.
    """

    since_s: float = inf
    slots: int = 1

    def refused(self, now_s: float) -> None:
        """A request could not be served as promised."""
        self.since_s = min(self.since_s, now_s)

    def started(self, running_batches: int, *, is_short: bool) -> None:
        """A batch made it so many under way; `is_short` if it took all that waited and was not full."""
        if is_short:
            self.since_s, self.slots = inf, 1
        elif running_batches > self.slots:
            self.slots = running_batches

    def has_lasted(self, now_s: float, span_s: float) -> bool:
        """Whether it has gone on for so long without a break."""
        return now_s - self.since_s >= span_s
