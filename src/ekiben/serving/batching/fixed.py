"""Size and window: a batch starts when it is full or its oldest request has waited for the whole window. Pure.

For users who want exactly that. `max_latency` is only a window here; `deadline_s` holds as everywhere.
"""

from __future__ import annotations

from ekiben.serving.batching.sizing import count_within, hopeless_at_s, latest_finish_s, rows_by, shed_hopeless
from ekiben.serving.batching.view import NEVER, Decision, Dispatch, QueueView, Wait


def decide_fixed(view: QueueView) -> Decision:
    """The next step for a queue under the fixed strategy."""
    limit_s = NEVER if view.options.deadline_s is None else view.options.deadline_s
    if hopeless := shed_hopeless(view, limit_s, "deadline"):
        return hopeless
    if not view.has_slot:
        return Wait(hopeless_at_s(view, limit_s))
    full = count_within(view, view.options.max_batch_size)
    if view.is_full:
        return Dispatch(min(full, count_within(view, rows_by(view, view.head.arrival_s + limit_s))), "full")
    until_s = window_end_s(view, limit_s)
    if view.now_s < until_s and not view.is_draining:
        return Wait(until_s)
    fitting = count_within(view, rows_by(view, view.head.arrival_s + limit_s))
    if fitting < full:
        return Dispatch(fitting, "deadline")
    return Dispatch(full, "drain" if view.is_draining else "window")


def window_end_s(view: QueueView, limit_s: float) -> float:
    """The end of the oldest request's window, earlier where its deadline asks for that."""
    arrival_s = view.head.arrival_s
    return min(
        arrival_s + view.options.max_latency_s,
        arrival_s + limit_s - latest_finish_s(view.learned.cost, view.rows),
    )
