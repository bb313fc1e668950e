"""Whether a free slot is better held back for requests that are about to come. Pure functions.

With independent arrivals holding has nothing to win: the best threshold policy beats dispatching at once by less than
1 % (Deb & Serfozo 1973, computed exactly). It wins where arrivals answer completions, or are bunched.

**Clients that wait for their answer** before they ask again are served in two alternating groups, if nothing is held:
`n` that wait while `K` are served. That costs two batches, a fixed cost `b` each, for every `n + K` requests. Held
together they need one batch and the hold, so that everybody's latency is shorter by `b` less the hold. Whoever misses
the batch, though, waits for all of it and rides in the next one. So this hold is for all of them or not at all: it is
made if, by what was seen of earlier returns, hardly anybody will miss it, and it is expected to take less than `b`.

**Bursts** say nothing about who is still to come. Waiting for `h` seconds costs the `n` waiting requests `n * h`; each
of the `K` requests expected meanwhile is spared about half of `b`, since it would find the slot taken. This hold goes
on while some `h` has a gain `K * b / 2 - n * h` above 0; every arrival, and silence too, makes the sum anew.
"""

from __future__ import annotations

from ekiben.serving.batching.arrivals import Returns
from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.sizing import latest_start_s
from ekiben.serving.batching.view import NEVER, QueueView

MISSED_SHARE = (
    0.005  # of a crowd that may miss its batch: those who do wait twice, and must not make up the 99th percentile
)
WORTH_SHARE = 0.8  # of what a hold may take before it gains nothing; the rest is for what is not known of the returns


def hold_until_s(view: QueueView, limit_s: float) -> float:
    """Until when to hold the free slot; a time that is not after now means not at all."""
    if view.is_full or view.is_draining or view.learned.holds.is_suspended(view.now_s):
        return view.now_s
    fixed_s = fixed_cost_s(view.learned.cost)
    if fixed_s <= 0:
        return view.now_s
    if view.learned.returns.is_closed:
        return gathered_at_s(view, limit_s, fixed_s)
    return view.now_s + best_wait(view, limit_s, fixed_s)


def fixed_cost_s(cost: CostModel) -> float:
    """What a batch costs beside its rows; all of it may be that, while batches of one size leave it open."""
    if cost.fit is not None:
        return cost.fit.b_s
    return cost.mean_s if cost.is_of_one_size else 0.0


def latest_hold_s(view: QueueView, coming: int, longest_s: float, limit_s: float) -> float:
    """The end of any hold: `longest_s` from its beginning, within `max_latency`, and no deadline put at risk."""
    started_s = view.now_s if view.held_since_s is None else view.held_since_s
    end_s = min(started_s + longest_s, view.head.arrival_s + view.options.max_latency_s)
    if limit_s == NEVER:
        return end_s
    rows = min(view.options.max_batch_size, round(view.rows + coming * view.learned.gaps.mean_rows))
    return min(end_s, latest_start_s(view, limit_s, max(rows, view.rows)))


def gathered_at_s(view: QueueView, limit_s: float, fixed_s: float) -> float:
    """When those last answered will all have asked again; now where that is not worth waiting for.

    Whether it is does not depend on how many have come by now: to wait for the last of a crowd gains nothing, if they
    are not waited for the next time and so come in two groups again.
    """
    returns, waiting = view.learned.returns, len(view.members)
    room = round((view.options.max_batch_size - view.rows) / max(1.0, view.learned.gaps.mean_rows))
    needed = min(returns.due, room)
    if needed <= 0:
        return view.now_s
    crowd = waiting + returns.due
    # Two batches for a crowd, against as many as its part that fits one batch takes, each with a hold.
    budget_s = fixed_s * (2 * (waiting + needed) / crowd - 1)
    gathered_s = gathering_s(returns, crowd, (waiting + needed) / crowd, budget_s)
    return min(returns.completed_s + gathered_s, latest_hold_s(view, needed, fixed_s, limit_s))


def gathering_s(returns: Returns, crowd: int, part: float, budget_s: float) -> float:
    """How long after its answers a part of a crowd has asked again, all but a few; 0 if that is worth no hold.

    Its mean must be clearly within the budget, and even the last within the fixed cost that is to be won.
    """
    shares = list(returns.shares())
    most = shares[-1][1]  # the others stay away whatever is done
    mean_s, earlier_s, earlier = 0.0, 0.0, 0.0
    for edge_s, share in shares:
        gathers = min(1.0, share / part) ** crowd
        mean_s += (edge_s - earlier_s) * (1 - (earlier + gathers) / 2)
        earlier_s, earlier = edge_s, gathers
        if edge_s > budget_s or mean_s > WORTH_SHARE * budget_s:
            return 0.0
        if share >= part * most * (1 - MISSED_SHARE):
            return edge_s
    return 0.0


def best_wait(view: QueueView, limit_s: float, fixed_s: float) -> float:
    """The wait for the rest of a burst that has the greatest gain; 0 where none gains."""
    waiting = len(view.members)
    absent = view.learned.crowd.peak - waiting - view.running_requests
    if absent <= 0:
        return 0.0
    longest_s = latest_hold_s(view, absent, fixed_s, limit_s) - view.now_s
    best_s, best_gain = 0.0, 0.0
    for wait_s, coming in view.learned.gaps.expected(view.now_s):
        gain = burst_gain(view.learned.cost, waiting, min(coming, absent), wait_s)
        if wait_s <= longest_s and gain > best_gain:
            best_s, best_gain = wait_s, gain
    return best_s


def burst_gain(cost: CostModel, waiting: int, joining: float, held_s: float) -> float:
    """The waiting time in seconds that a hold saves those who join, less what it costs those who wait for them."""
    row_s = cost.fit.a_s if cost.fit is not None else 0.0
    return joining * (fixed_cost_s(cost) - held_s) - waiting * (held_s + joining * row_s)


def was_worth_it(view: QueueView, joined: int, held_s: float) -> bool:
    """Whether the hold that ends now has gained: by what it was made for, and what came of it."""
    waiting, cost = len(view.members), view.learned.cost
    if view.learned.returns.is_closed:
        fixed_s = fixed_cost_s(cost)
        return joined > 0 and (fixed_s + held_s) * (waiting + view.learned.returns.due) <= 2 * fixed_s * waiting
    return burst_gain(cost, waiting - joined, joined, held_s) >= 0
