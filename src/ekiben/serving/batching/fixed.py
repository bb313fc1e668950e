"""Size and window: a batch starts when it is full or its oldest request has waited for the whole window. Pure.

For users who want exactly that. `max_latency` is only a window here; `deadline_s` holds as everywhere.
"""

from __future__ import annotations

from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.shedding import hopeless_at_s, shed_hopeless
from ekiben.serving.batching.sizing import largest_batch, latest_start_s
from ekiben.serving.batching.view import NEVER, Decision, DispatchReason, QueueView, Wait


def decide(view: QueueView) -> Decision:
    """The next step for a queue under the fixed strategy."""
    limit_s = NEVER if view.options.deadline_s is None else view.options.deadline_s
    if hopeless := shed_hopeless(view, limit_s, "deadline"):
        return hopeless
    if not view.has_slot:
        return Wait(hopeless_at_s(view, view.head, limit_s))
    until_s = window_end_s(view, limit_s)
    if view.now_s < until_s and not (view.is_full or view.is_draining):
        return Wait(until_s)
    return largest_batch(view, limit_s, why_now(view))


def is_max_latency_too_low(options: BatchOptions, cost: CostModel) -> bool:
    """Never: it is a window here, and any window can be meant."""
    return False


def why_now(view: QueueView) -> DispatchReason:
    """The reason for a batch whose time has come."""
    if view.is_full:
        return "full"
    return "drain" if view.is_draining else "window"


def window_end_s(view: QueueView, limit_s: float) -> float:
    """The end of the oldest request's window, earlier where its deadline asks for that."""
    return min(view.head.arrival_s + view.options.max_latency_s, latest_start_s(view, limit_s, view.rows))
