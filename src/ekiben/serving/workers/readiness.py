"""Whether a worker is fit to serve, and whether it is beyond hope, from when it last answered. Pure.

A probe goes only to a worker with a free thread, so one whose threads all hang stops answering and stops being fit;
while a batch runs, the batch vouches for it until its timeout. A process that merely exists says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PROBE_INTERVAL_S = 2.0  # seconds between probes of one worker
ANSWER_LIMIT_S = 10.0  # seconds: five probes in a row without an answer


@dataclass(frozen=True, slots=True)
class WorkerView:
    """`last_answer_at` is when a probe or a batch last came back, `busy_since` when each running batch began."""

    last_answer_at: float
    busy_since: Sequence[float]


def is_fit(view: WorkerView, now: float, *, timeout_s: float) -> bool:
    """Whether the worker answered within ANSWER_LIMIT_S, or runs a batch that is within its timeout."""
    return now - view.last_answer_at < ANSWER_LIMIT_S or any(now - since < timeout_s for since in view.busy_since)


def is_lost(view: WorkerView, now: float, *, timeout_s: float) -> bool:
    """Whether nothing has come from the worker, and all that it runs has been running, well beyond the timeout."""
    limit_s = timeout_s + ANSWER_LIMIT_S
    return now - view.last_answer_at >= limit_s and all(now - since >= limit_s for since in view.busy_since)
