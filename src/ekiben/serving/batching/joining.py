"""`BatchPolicy`: the policy of a batchable API. It shows the rule what is known, and keeps what the past taught."""

from __future__ import annotations

import logging

from ekiben.errors import Overloaded
from ekiben.serving.batching.cost import sample_of
from ekiben.serving.batching.hold import was_worth_it
from ekiben.serving.batching.learned import Learned
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.policy import Ended, Expectation, QueueState
from ekiben.serving.batching.refusal import refusal, too_low_warning
from ekiben.serving.batching.rule import decide, is_max_latency_too_low
from ekiben.serving.batching.sizing import predict_s
from ekiben.serving.batching.view import Decision, Dispatch, QueueView, Shed, ShedCause, Wait

logger = logging.getLogger("ekiben.serving")

QUEUED_BATCHES = 100  # full batches; what the queue holds unless told otherwise
MIN_QUEUED_ROWS = 1000  # rows; the least that it holds unless told otherwise


class BatchPolicy:
    """Batches as `options` ask for; `endpoint` names the API in the log."""

    def __init__(self, options: BatchOptions, *, endpoint: str = "", max_queue_rows: int | None = None) -> None:
        self.max_queue_rows = max_queue_rows or max(MIN_QUEUED_ROWS, QUEUED_BATCHES * options.max_batch_size)
        self.learned = Learned()
        self._options = options
        self._endpoint = endpoint
        self._view: QueueView | None = None
        self._held_since_s: float | None = None
        self._held_requests = 0
        self._has_warned = False

    def arrived(self, now_s: float, rows: int, in_system: int) -> None:
        """Arrivals teach what to hold for."""
        self.learned.arrived(now_s, rows=rows, in_system=in_system)

    def decide(self, now_s: float, state: QueueState) -> Decision:
        """What the rule says of the queue as it is."""
        has_slot = state.free_slots > 0
        view = self._view = QueueView(
            now_s,
            self._options,
            state.queue.members,
            state.queue.rows,
            self.learned,
            has_slot,
            state.running_requests,
            state.running_batches,
            self._held_since_s if has_slot else None,
            state.is_backlogged,
            state.is_draining,
        )
        decision = decide(view)
        if isinstance(decision, Wait):
            self._hold(view)
        elif isinstance(decision, Shed):
            self.learned.refused(now_s)
        return decision

    def started(self, now_s: float, state: QueueState, dispatch: Dispatch, rows: int) -> Expectation:
        """Keeps whether a hold that now ends was worth it."""
        view = self._view
        is_full = state.queue.rows >= self._options.max_batch_size
        is_short = dispatch.count == len(state.queue) and not is_full
        self.learned.started(running_batches=state.running_batches + 1, is_short=is_short)
        if view is not None and view.held_since_s is not None:
            joined = max(0, len(state.queue) - self._held_requests)
            self.learned.held(now_s, was_worth_it=was_worth_it(view, joined, now_s - view.held_since_s))
        self._held_since_s = None
        oldest_s = next(iter(state.queue.members)).arrival_s
        waited_s = 0.0 if dispatch.reason == "training" else now_s - oldest_s
        return Expectation(predict_s(self._options, self.learned.cost, rows), waited_s)

    def ended(self, now_s: float, batch: Ended, expected: Expectation) -> None:
        """Its duration goes into the cost model."""
        most = self._options.max_batch_size
        sample = sample_of(batch.rows, most, batch.service_s, expected.waited_s) if batch.went_well else None
        self.learned.ended(now_s, requests=batch.requests, sample=sample)
        if not self._has_warned and is_max_latency_too_low(self._options, self.learned.cost):
            self._has_warned = True
            logger.warning(too_low_warning(self._endpoint, self._options, self.learned.cost))

    def rested(self) -> None:
        """What was held for has been taken, or has left."""
        self._held_since_s = None

    def refusal(self, cause: ShedCause, queued_rows: int) -> Overloaded:
        """Says for how long to stay away, by the cost model."""
        backlog_s = self.learned.backlog_s(queued_rows, self._options.max_batch_size) or 0.0
        return refusal(cause, queued_rows, backlog_s, self._options)

    def _hold(self, view: QueueView) -> None:
        if not view.has_slot:
            self._held_since_s = None
        elif self._held_since_s is None:
            self._held_since_s = view.now_s
            self._held_requests = len(view.members)
