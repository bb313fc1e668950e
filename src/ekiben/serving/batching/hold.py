"""Whether a free slot is better held back for requests that are about to come. Pure functions.

With independent arrivals holding has nothing to win: the best threshold policy beats dispatching at once by less than
1 % (Deb & Serfozo 1973, computed exactly). It wins where arrivals are bunched, or answer completions: clients that wait
for their reply before they ask again would else be served in two alternating half batches. So a hold needs evidence.

Waiting for `h` seconds costs the `n` waiting requests `n * h`. Each of the `K` requests expected meanwhile is spared
about half of a batch's fixed cost `b`: without the hold it would find the slot taken. The hold goes on while some `h`
has a gain `K * b / 2 - n * h` above 0; every arrival, and silence too, makes the sum anew.
"""

from __future__ import annotations

from itertools import chain

from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.sizing import latest_start_s
from ekiben.serving.batching.view import NEVER, QueueView

SPARED_SHARE = 0.5  # of the fixed cost b, for each request that joins: between 0 (just missed) and 1 (missed by a hair)


def away(view: QueueView) -> int:
    """How many clients of the recent crowd have nothing in the system: the most that may still come."""
    return view.learned.crowd.peak - len(view.members) - view.running_requests


def hold_until_s(view: QueueView, limit_s: float) -> float:
    """Until when to hold the free slot; a time that is not after now means not at all."""
    absent = away(view)
    if absent <= 0 or view.is_full or view.is_draining or view.learned.holds.is_suspended(view.now_s):
        return view.now_s
    latest_s = latest_hold_s(view, absent, limit_s)
    return view.now_s + best_wait(view, absent, latest_s - view.now_s)


def fixed_cost_s(cost: CostModel) -> float:
    """What a batch costs beside its rows; all of it may be that, while batches of one size leave it open."""
    if cost.fit is not None:
        return cost.fit.b_s
    return cost.mean_s if cost.is_of_one_size else 0.0


def latest_hold_s(view: QueueView, absent: int, limit_s: float) -> float:
    """The end of any hold: one fixed cost long at most, within `max_latency`, and no deadline put at risk."""
    cost = view.learned.cost
    started_s = view.now_s if view.held_since_s is None else view.held_since_s
    end_s = min(started_s + fixed_cost_s(cost), view.head.arrival_s + view.options.max_latency_s)
    if limit_s == NEVER:
        return end_s
    rows = min(view.options.max_batch_size, round(view.rows + absent * view.learned.gaps.mean_rows))
    return min(end_s, latest_start_s(view, limit_s, max(rows, view.rows)))


def best_wait(view: QueueView, absent: int, longest_s: float) -> float:
    """The wait, no longer than `longest_s`, with the greatest gain; 0 where none gains."""
    cost_s = fixed_cost_s(view.learned.cost)
    waiting = len(view.members)
    best_s, best_gain = 0.0, 0.0
    for wait_s, coming in chain(view.learned.returns.expected(view.now_s), view.learned.gaps.expected(view.now_s)):
        gain = min(coming, absent) * SPARED_SHARE * cost_s - waiting * wait_s
        if wait_s <= longest_s and gain > best_gain:
            best_s, best_gain = wait_s, gain
    return best_s


def was_worth_it(view: QueueView, joined: int, held_s: float) -> bool:
    """Whether the requests that came during a hold were spared more than it cost those that waited."""
    waited = len(view.members) - joined
    return joined * SPARED_SHARE * fixed_cost_s(view.learned.cost) >= waited * held_s
