"""Calls that are run one by one: how many of them go to a thread together, in one hop.

A hop to a thread or a process and back costs tens of microseconds; many methods take less. So as many calls go at once
as by experience make about a millisecond's work: they share the hop, and nobody waits noticeably for those beside it.
One at a time while nothing is known, where calls are slow, and for a while after one was; and no more than this slot's
share where other slots are free.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ekiben.errors import Overloaded
from ekiben.serving.batching.policy import Ended, Expectation, QueueState
from ekiben.serving.batching.refusal import refusal
from ekiben.serving.batching.view import Decision, Dispatch, ShedCause, Wait

BUDGET_S = 0.001  # seconds of work in one hop: tens of hops' worth, and below what a client can tell
MAX_GROUP = 100  # calls in a hop, however short they seem
KEPT_HOPS = 8  # of which the slowest is left out: on a busy machine, some call is always interrupted
MAX_QUEUED_CALLS = 10_000  # as many as there are connections, so that only what cannot be meant is refused


def group_size(waiting: int, free_slots: int, call_s: float | None) -> int:
    """How many of `waiting` calls go into one of `free_slots` slots, where a call takes `call_s` (None: unknown)."""
    if call_s is None:
        return 1
    share = -(-waiting // max(1, free_slots))
    fitting = MAX_GROUP if call_s <= 0 else int(BUDGET_S / call_s)
    return max(1, min(share, fitting, MAX_GROUP))


def usual_s(hops: Sequence[float]) -> float | None:
    """What a call takes, in seconds, by the last hops' means: of the slowest but one, so that a stall counts once."""
    if not hops:
        return None
    return sorted(hops)[-2] if len(hops) > 1 else hops[0]


class SinglesPolicy:
    """The policy of an API that is not batched. `most`: calls in a group at most."""

    max_queue_rows = MAX_QUEUED_CALLS

    def __init__(self, most: int = MAX_GROUP) -> None:
        self._most = most
        self._hops: deque[float] = deque(maxlen=KEPT_HOPS)
        self._call_s: float | None = None
        self._nothing = Expectation()

    def arrived(self, now_s: float, rows: int, in_system: int) -> None:
        """Arrivals teach nothing here: nothing is ever held back."""

    def decide(self, now_s: float, state: QueueState) -> Decision:
        """As many as fit, as soon as there is a slot."""
        if state.free_slots == 0:
            return Wait()
        waiting = len(state.queue)
        count = min(self._most, group_size(waiting, state.free_slots, self._call_s))
        return Dispatch(count, "full" if count < waiting else "free")

    def started(self, now_s: float, state: QueueState, dispatch: Dispatch, rows: int) -> Expectation:
        """Nothing is predicted."""
        return self._nothing

    def ended(self, now_s: float, batch: Ended, expected: Expectation) -> None:
        """What the worker was at counts: on the way there and back, a call may wait for others' work to end."""
        if batch.worked_s > 0:
            self._hops.append(batch.worked_s / batch.requests)
            self._call_s = usual_s(self._hops)

    def rested(self) -> None:
        """Nothing is held that could be let go."""

    def refusal(self, cause: ShedCause, queued_rows: int) -> Overloaded:
        """Comes back when the queue of now is worked off."""
        return refusal(cause, queued_rows, queued_rows * (self._call_s or 0.0))
