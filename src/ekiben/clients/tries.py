"""`Tries`: one call on its way through failures, for clients that block and clients that await."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from ekiben.clients.failures import retry_after_s
from ekiben.clients.library import httpx2
from ekiben.clients.retrying import Outcome, RetryPolicy
from ekiben.clients.transport import translated, was_sent
from ekiben.errors import DeadlineExceeded
from ekiben.serving.composition.remote import TIMEOUT_FIELD


class Tries:
    """Counts the tries of one call to `url` and what is left of its `timeout_s`."""

    def __init__(self, policy: RetryPolicy, url: str, timeout_s: float, *, is_idempotent: bool) -> None:
        self._policy = policy
        self._url = url
        self._timeout_s = timeout_s
        self._is_idempotent = is_idempotent
        self._until_s = time.monotonic() + timeout_s
        self._tries = 0

    def begin(self) -> tuple[float, Mapping[str, str]]:
        """Seconds that the next try may take, and the header that says so. Raises DeadlineExceeded."""
        self._tries += 1
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise DeadlineExceeded(f"`{self._url}` has not answered within `{self._timeout_s:g}` s")
        return left_s, {TIMEOUT_FIELD: str(max(1, int(left_s * 1000)))}

    def check(self) -> None:
        """Raises DeadlineExceeded where an answer that still comes is too late."""
        if time.monotonic() > self._until_s:
            raise DeadlineExceeded(f"`{self._url}` has not answered within `{self._timeout_s:g}` s")

    def after_error(self, error: httpx2.HTTPError) -> float:
        """Seconds until the next try. Raises our error where there is none."""
        pause_s = None
        if not isinstance(error, httpx2.ReadTimeout | httpx2.WriteTimeout):
            pause_s = self._pause_s(Outcome(was_sent=was_sent(error)))
        if pause_s is None:
            raise translated(error, self._url) from error
        return pause_s

    def after_answer(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Seconds until the next try; None where this answer is the one."""
        return self._pause_s(Outcome(status, retry_after_s=retry_after_s(headers)))

    def _pause_s(self, outcome: Outcome) -> float | None:
        left_s = self._until_s - time.monotonic()
        jitter = random.uniform(0.5, 1.0)
        policy, again = self._policy, self._is_idempotent
        return policy.pause_s(outcome, self._tries, left_s=left_s, is_idempotent=again, jitter=jitter)
