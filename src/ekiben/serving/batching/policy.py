"""`Policy`: what a queue obeys and learns by. Two follow it: `joining` for batches, `singles` for calls one by one.

A policy knows no loop, clock or worker: it is told the time and what has happened, and asked what to do. What it
decides by is pure (`rule`, `singles.group_size`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ekiben.errors import Overloaded
from ekiben.serving.batching.queue import RequestQueue
from ekiben.serving.batching.view import Decision, Dispatch, ShedCause


@dataclass(slots=True)
class QueueState:
    """A queue as its batcher keeps it, for the policy to read. `free_slots` counts what could start at once.

    `is_backlogged`: some of the waiting requests have found no free slot. `running_*` count what is under way.
    """

    queue: RequestQueue
    free_slots: int = 0
    running_requests: int = 0
    running_batches: int = 0
    is_backlogged: bool = False
    is_draining: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a policy says of a batch that starts: its expected duration, and how long it had been waited for."""

    service_s: float | None = None
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A batch that is over, `service_s` after it began. One that did not go well says nothing about its cost.

    `worked_s` is what the worker was at the calls one by one; 0 where nobody measured it.
    """

    rows: int
    requests: int
    service_s: float
    went_well: bool
    worked_s: float = 0.0


class Policy(Protocol):
    """Decides for one queue."""

    max_queue_rows: int
    """The most that the queue holds."""

    def arrived(self, now_s: float, rows: int, in_system: int) -> None:
        """A request came; with it `in_system` requests wait or run."""

    def decide(self, now_s: float, state: QueueState) -> Decision:
        """What to do with the waiting requests, of which there is at least one."""

    def started(self, now_s: float, state: QueueState, dispatch: Dispatch, rows: int) -> Expectation:
        """The batch begins that was decided last; the queue still has it."""

    def ended(self, now_s: float, batch: Ended, expected: Expectation) -> None:
        """A batch is over, of which that was expected."""

    def rested(self) -> None:
        """Nothing waits, or nothing can start."""

    def refusal(self, cause: ShedCause, queued_rows: int) -> Overloaded:
        """The error for a request that is refused."""
