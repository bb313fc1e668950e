"""CORK, the adaptive batching of BentoML as its documents describe it: the yardstick, and a choice when migrating.

Kept: training with batches of 1, 2 and 3; the 1 ms tick in the estimate; the 0.95 decay of the wait estimate; 503 for
what `a * n + b` says will exceed `max_latency`; a request that waits alone is spared. Not kept: polling (the time at
which the estimate tips is computed instead), counting requests where rows are meant, estimates for batches larger than
any that is formed, training batches that are not of their size, one batch in flight, and a lone client held in
training. Two of these have a good side, which goes with them: a tick may gather clients that come back within it, and
estimates for the whole queue keep it short under overload. `adaptive` does both on purpose. Pure.
"""

from __future__ import annotations

from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.sizing import count_within
from ekiben.serving.batching.view import NEVER, Decision, Dispatch, QueueView, Shed, ShedCause, Wait

TICK_S = 0.001  # seconds; TICKET_INTERVAL of the seed documents
WAIT_DECAY = 0.95  # of the mean wait, so that an estimate that nothing feeds fades
TRAINING = (1,) * 9 + (2, 3)  # sizes of the first batches, in rows
SHARE_OF_LATENCY = 0.95  # of `max_latency`, the longest that training holds a batch


def decide(view: QueueView) -> Decision:
    """The next step for a queue under the cork strategy."""
    limit_s, cause = cork_limit_s(view.options)
    size = training_size(view)
    rows = min(view.rows, size or view.options.max_batch_size)
    a_s, b_s = estimate(view.learned.cost)
    late_at_s = view.head.arrival_s + limit_s - (a_s * rows + b_s)
    if view.now_s >= late_at_s and len(view.members) > 1:
        return Shed((0,), cause)
    if not view.has_slot:
        # One request alone is dropped only once its latency is over, not for an estimate.
        gone_at_s = view.head.arrival_s + limit_s
        if view.now_s >= gone_at_s:
            return Shed((0,), cause)
        return Wait(late_at_s if len(view.members) > 1 else gone_at_s)
    if view.is_draining:
        return Dispatch(count_within(view, view.options.max_batch_size), "drain")
    if size is not None:
        return train(view, size)
    until_s = cork_until_s(view, a_s)
    if not view.is_full and view.now_s < until_s:
        return Wait(min(until_s, late_at_s) if len(view.members) > 1 else until_s)
    return Dispatch(count_within(view, view.options.max_batch_size), "full" if view.is_full else "free")


def is_max_latency_too_low(options: BatchOptions, cost: CostModel) -> bool:
    """BentoML's own warning: not even one row alone is done within it."""
    return cost.alone_s is not None and cost.alone_s >= options.max_latency_s


def cork_limit_s(options: BatchOptions) -> tuple[float, ShedCause]:
    """`max_latency` is a deadline here, as in the documents; `deadline_s` holds where it is shorter."""
    if options.deadline_s is not None and options.deadline_s < options.max_latency_s:
        return options.deadline_s, "deadline"
    return options.max_latency_s, "max_latency"


def training_size(view: QueueView) -> int | None:
    """The size of the batch that training asks for next; None when training is over."""
    if view.learned.batches >= len(TRAINING):
        return None
    return min(TRAINING[view.learned.batches], view.options.max_batch_size)


def estimate(cost: CostModel) -> tuple[float, float]:
    """a and b; where all batches had one size, half of its duration each: what least-norm least squares gives for 1."""
    if cost.fit is not None:
        return cost.fit.a_s, cost.fit.b_s
    return cost.mean_s / (2 * max(1.0, cost.mean_rows)), cost.mean_s / 2


def train(view: QueueView, size: int) -> Decision:
    """Holds for a batch of `size` rows, at most as long as BentoML's training does; never for a lone client."""
    a_s, b_s = estimate(view.learned.cost)
    cap_s = min(SHARE_OF_LATENCY * view.options.max_latency_s, (2 * size + 1) * a_s + b_s)
    until_s = view.head.arrival_s + cap_s - (size * a_s + b_s)
    if view.rows < size <= view.learned.crowd.peak and view.now_s < until_s:
        return Wait(until_s)
    return Dispatch(count_within(view, size), "training")


def cork_until_s(view: QueueView, a_s: float) -> float:
    """When `n * (age of the newest + tick + a) <= 0.95 * wait` stops being true: until then requests are held."""
    newest_s = view.learned.gaps.last_s
    if newest_s is None:
        return -NEVER
    budget_s = WAIT_DECAY * view.learned.cost.wait_s / view.rows
    held_s = newest_s + budget_s - TICK_S - a_s
    return min(held_s, view.head.arrival_s + view.options.max_latency_s)
