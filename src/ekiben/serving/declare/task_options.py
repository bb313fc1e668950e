"""`TaskOptions`: what `@task` was told of how a task is run. Values only: no service without tasks reads more."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MAX_ATTEMPTS = 3  # a task that kills its worker is not the reason for a fourth restart
DEFAULT_BACKOFF_S = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """No run takes longer than `timeout_s` (None: as the configuration says), no task is begun more than `max_attempts`
    times. One that was lost with its worker or server is begun again where it `is_idempotent`, one that failed with 500
    or more where it `retries_failed` besides: after `backoff_s`, and twice as long after each further attempt.
    """

    timeout_s: float | None = None
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    is_idempotent: bool = True
    retries_failed: bool = False
    backoff_s: float = DEFAULT_BACKOFF_S
