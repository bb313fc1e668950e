"""The default strategy: late-bound and work-conserving, sized by deadlines, holding only for a positive expected gain.

Pure. Its order of thought: refuse what cannot be kept; without a slot, wait; drop early what would force small batches;
hold if that gains; else dispatch the largest batch that keeps its oldest request's deadline.
"""

from __future__ import annotations

from ekiben.serving.batching.hold import hold_until_s
from ekiben.serving.batching.sizing import (
    count_within,
    hopeless_at_s,
    latency_limit_s,
    rows_by,
    shed_for_goodput,
    shed_hopeless,
)
from ekiben.serving.batching.view import Decision, Dispatch, DispatchReason, QueueView, Wait


def decide_adaptive(view: QueueView) -> Decision:
    """The next step for a queue under the adaptive strategy."""
    limit_s, cause = latency_limit_s(view.options, view.learned.cost)
    if hopeless := shed_hopeless(view, limit_s, cause):
        return hopeless
    if not view.has_slot:
        return Wait(hopeless_at_s(view, limit_s))
    if early := shed_for_goodput(view, limit_s):
        return early
    until_s = hold_until_s(view, limit_s)
    if until_s > view.now_s:
        return Wait(until_s)
    return dispatch_within(view, limit_s)


def dispatch_within(view: QueueView, limit_s: float) -> Dispatch:
    """The largest batch that ends before its oldest request's limit; that request is always in it."""
    full = count_within(view, view.options.max_batch_size)
    fitting = count_within(view, rows_by(view, view.head.arrival_s + limit_s))
    reason: DispatchReason
    if fitting < full:
        reason = "deadline"
    elif view.is_full:
        reason = "full"
    elif view.is_draining:
        reason = "drain"
    else:
        reason = "free" if view.held_since_s is None else "held"
    return Dispatch(min(full, fitting), reason)
