"""What becomes of a task that was begun: it has ended, or it is begun again. Pure.

answered   below 400 completed; else failed, and 500 or more again where that was asked for
lost       its server or its worker ended, and nobody knows how far it came: again where that does no harm
stopped    its server is told to end: the same, but the attempt does not count
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.tasks.rows import TaskStatus

LONGEST_BACKOFF_S = 3600.0
_LEAST_FAILURE = 400
_LEAST_FAULT = 500


@dataclass(frozen=True, slots=True)
class Again:
    """It waits once more, `wait_s` seconds at least; an attempt that is not `is_counted` never was."""

    wait_s: float
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """That was the last of it."""

    status: TaskStatus


Verdict: TypeAlias = Again | Ended
FAILED = Ended(TaskStatus.FAILED)


def after_answer(options: TaskOptions, attempts: int, http_status: int) -> Verdict:
    """What becomes of a task whose `attempts`-th run was answered so."""
    if http_status < _LEAST_FAILURE:
        return Ended(TaskStatus.COMPLETED)
    if http_status >= _LEAST_FAULT and options.retries_failed and attempts < options.max_attempts:
        return Again(backoff_s(options, attempts))
    return FAILED


def after_loss(options: TaskOptions, attempts: int) -> Verdict:
    """What becomes of a task whose `attempts`-th run was lost."""
    if options.is_idempotent and attempts < options.max_attempts:
        return Again(backoff_s(options, attempts))
    return FAILED


def after_stop(options: TaskOptions) -> Verdict:
    """What becomes of a task that runs when its server ends in good order."""
    return Again(0.0, is_counted=False) if options.is_idempotent else FAILED


def backoff_s(options: TaskOptions, attempts: int) -> float:
    """Seconds to the next attempt after so many."""
    doublings = min(attempts - 1, 64)  # beyond it a float has long reached the longest
    return min(options.backoff_s * 2.0**doublings, LONGEST_BACKOFF_S)
