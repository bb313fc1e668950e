"""`HoldRecord`: whether past holds were worth it. Holds that keep missing are suspended, longer each time."""

from __future__ import annotations

from dataclasses import dataclass

KEPT_HOLDS = 8
MAX_MISSES = 3  # of the kept ones; more, and the traffic is not what the statistics take it for
SUSPENDED_S = 1.0  # seconds, doubled by each suspension that follows on another
LONGEST_SUSPENSION_S = 8.0  # seconds


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """The last holds (True: what came was worth the wait) and until when there are no more."""

    outcomes: tuple[bool, ...] = ()
    suspended_until_s: float = 0.0
    next_suspension_s: float = SUSPENDED_S

    def after(self, *, was_worth_it: bool, now_s: float) -> HoldRecord:
        """The record after one more hold."""
        outcomes = (*self.outcomes[-(KEPT_HOLDS - 1) :], was_worth_it)
        if outcomes.count(False) >= MAX_MISSES:
            doubled_s = min(2 * self.next_suspension_s, LONGEST_SUSPENSION_S)
            return HoldRecord((), now_s + self.next_suspension_s, doubled_s)
        has_recovered = outcomes.count(True) == KEPT_HOLDS
        return HoldRecord(outcomes, self.suspended_until_s, SUSPENDED_S if has_recovered else self.next_suspension_s)

    def is_suspended(self, now_s: float) -> bool:
        """Whether nothing is held at `now_s`."""
        return now_s < self.suspended_until_s
