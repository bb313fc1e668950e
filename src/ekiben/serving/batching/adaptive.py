"""The default strategy: late-bound and work-conserving, sized by deadlines, holding only for a positive expected gain.

Pure. Its order of thought: refuse what cannot be kept; without a slot, wait; drop early what would force small batches;
hold if that gains; else dispatch the largest batch that keeps its oldest request's deadline.
"""

from __future__ import annotations

from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.hold import hold_until_s
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.shedding import hopeless_at_s, shed_for_goodput, shed_hopeless, shed_standing
from ekiben.serving.batching.sizing import is_max_latency_a_deadline, largest_batch, latency_limit_s
from ekiben.serving.batching.view import Decision, DispatchReason, QueueView, Wait


def decide(view: QueueView) -> Decision:
    """The next step for a queue under the adaptive strategy."""
    limit_s, cause = latency_limit_s(view.options, view.learned.cost)
    if hopeless := shed_hopeless(view, limit_s, cause):
        return hopeless
    if not view.has_slot:
        return Wait(hopeless_at_s(view, view.head, limit_s))
    if early := shed_standing(view, limit_s) or shed_for_goodput(view, limit_s):
        return early
    until_s = hold_until_s(view, limit_s)
    if until_s > view.now_s:
        return Wait(until_s)
    return largest_batch(view, limit_s, why_now(view))


def is_max_latency_too_low(options: BatchOptions, cost: CostModel) -> bool:
    """Whether `max_latency` only bounds holds, since nothing could be shed by it without refusing too much."""
    return cost.alone_s is not None and not (options.is_window or is_max_latency_a_deadline(options, cost))


def why_now(view: QueueView) -> DispatchReason:
    """The reason for a batch that nothing holds back."""
    if view.is_full:
        return "full"
    if view.is_draining:
        return "drain"
    return "free" if view.held_since_s is None else "held"
