"""When a call is made again. Pure: whoever calls holds the clock and sleeps.

    not sent              no connection could be made: again, whatever the API
    503, 429              refused for now: again after the time that the server says; an idempotent API's only
    sent, no answer       nobody knows how far it came: again, an idempotent API's only

Never beyond the call's time: a pause that would not leave any is not begun.
"""

from __future__ import annotations

from dataclasses import dataclass

REFUSED_FOR_NOW = (429, 503)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try: `status` of its answer, or None; `was_sent` is False where the server never saw it."""

    status: int | None = None
    was_sent: bool = True
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `most` further tries, after pauses that double from `first_s` to `longest_s`."""

    most: int = 3
    first_s: float = 0.1
    longest_s: float = 5.0

    def pause_s(
        self, outcome: Outcome, tries: int, *, left_s: float, is_idempotent: bool, jitter: float = 1.0
    ) -> float | None:
        """Seconds until the try after `tries` of them; None where there is none.

        `jitter` (0.5 to 1) shortens pauses of our own, so that clients that failed together do not come back together.
        """
        if tries > self.most or not _may_repeat(outcome, is_idempotent):
            return None
        own_s = min(self.first_s * 2.0 ** (tries - 1), self.longest_s) * jitter
        pause_s = own_s if outcome.retry_after_s is None else max(outcome.retry_after_s, own_s)
        return pause_s if pause_s < left_s else None


def _may_repeat(outcome: Outcome, is_idempotent: bool) -> bool:
    if not outcome.was_sent:
        return True
    return is_idempotent and (outcome.status is None or outcome.status in REFUSED_FOR_NOW)
