"""`BatchObserver`: where a batcher reports everything it decided. The metrics implement it; nothing is kept here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ekiben.serving.batching.view import DispatchReason, ShedCause


class BatchObserver(Protocol):
    """Called on the loop, after the fact; must not block and must not call the batcher."""

    def batch_started(
        self, rows: int, requests: int, waits_s: Sequence[float], reason: DispatchReason, predicted_s: float | None, /
    ) -> None:
        """A batch began; `waits_s` holds each request's time in the queue."""

    def batch_finished(self, rows: int, service_s: float, predicted_s: float | None, /) -> None:
        """A batch ended, well or not, `service_s` after it began."""

    def shed(self, cause: ShedCause, count: int, /) -> None:
        """Requests were refused unserved."""

    def cancelled(self, count: int, /) -> None:
        """Requests left the queue because nobody waits for them any more."""

    def retried(self, count: int, /) -> None:
        """Requests are run again because the worker that had them ended."""

    def queue_depth(self, rows: int, /) -> None:
        """The queue now holds so many rows."""
