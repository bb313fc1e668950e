"""How many requests fit a batch, and a deadline; which requests can no longer keep theirs. Pure functions.

A request's limit counts from its arrival and is the same for all of an API, so that order of arrival is order of
deadline. Predictions carry a margin of two standard deviations: a batch that is late by a little is late.
"""

from __future__ import annotations

import math

from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.view import NEVER, QueueView, Shed, ShedCause
from ekiben.serving.declare.options import BatchOptions

MARGIN_SIGMAS = 2.0  # standard deviations of the cost model
SHEDDING_FACTOR = 10.0  # `max_latency` is a deadline where it is at least so many times the cost of one row alone


def latest_finish_s(cost: CostModel, rows: int) -> float:
    """How long a batch of `rows` takes at most, within the margin; 0 while nothing is known."""
    predicted_s = cost.predict_s(rows)
    if predicted_s is None:
        return 0.0
    return predicted_s + (MARGIN_SIGMAS * cost.fit.sigma_s if cost.fit is not None else 0.0)


def is_max_latency_a_deadline(options: BatchOptions, cost: CostModel) -> bool:
    """Whether `max_latency` is far enough above the cost of one row to shed by it; else it is a window only."""
    alone_s = cost.predict_s(1)
    return alone_s is not None and options.max_latency_s >= SHEDDING_FACTOR * alone_s


def latency_limit_s(options: BatchOptions, cost: CostModel) -> tuple[float, ShedCause]:
    """How long after its arrival a request must be answered, and by which option; infinite without any."""
    limit_s = NEVER if options.deadline_s is None else options.deadline_s
    if options.max_latency_s < limit_s and is_max_latency_a_deadline(options, cost):
        return options.max_latency_s, "max_latency"
    return limit_s, "deadline"


def count_within(view: QueueView, max_rows: float) -> int:
    """How many of the oldest requests have at most `max_rows` rows together; at least one, whatever its size."""
    count, rows = 0, 0
    for member in view.members:
        rows += member.rows
        if rows > max_rows and count:
            break
        count += 1
    return count


def rows_by(view: QueueView, deadline_s: float) -> float:
    """The most rows of a batch that starts now and ends by `deadline_s`; infinite where any batch does."""
    if deadline_s == NEVER:
        return NEVER
    budget_s = deadline_s - view.now_s
    cost = view.learned.cost
    if cost.fit is not None:
        return math.floor((budget_s - cost.fit.b_s - MARGIN_SIGMAS * cost.fit.sigma_s) / cost.fit.a_s)
    alone_s = cost.predict_s(1)
    return NEVER if alone_s is None else math.floor(cost.mean_rows * budget_s / alone_s)


def shed_hopeless(view: QueueView, limit_s: float, cause: ShedCause) -> Shed | None:
    """The oldest requests that would be late even if they started now, each alone."""
    cost = view.learned.cost
    count = 0
    for member in view.members:
        if member.arrival_s + limit_s >= view.now_s + latest_finish_s(cost, member.rows):
            break
        count += 1
    return Shed(tuple(range(count)), cause) if count else None


def hopeless_at_s(view: QueueView, limit_s: float) -> float:
    """When the oldest request becomes hopeless."""
    return view.head.arrival_s + limit_s - latest_finish_s(view.learned.cost, view.head.rows)


def sustainable_rows(view: QueueView) -> float:
    """The batch size at which one slot keeps up with its share of the arrivals; infinite where none does."""
    fit = view.learned.cost.fit
    if fit is None:
        return 0.0
    rate = view.learned.gaps.rows_per_s(view.now_s) / (view.running_batches + 1)
    return rate * fit.b_s / (1 - rate * fit.a_s) if rate * fit.a_s < 1 else NEVER


def shed_for_goodput(view: QueueView, limit_s: float) -> Shed | None:
    """Early drop: the oldest requests whose little time left would force batches too small to keep up with arrivals.

    Nexus (SOSP 2019), section 6.3. Only under backlog: other slots may still be free for the rest of a sudden burst.
    """
    if not view.is_backlogged or limit_s == NEVER:
        return None
    target = min(view.options.max_batch_size, sustainable_rows(view))
    remaining = view.rows
    count = 0
    for member in view.members:
        fitting = rows_by(view, member.arrival_s + limit_s)
        if fitting >= min(target, remaining):
            break
        remaining -= member.rows
        count += 1
    return Shed(tuple(range(count)), "overload") if 0 < count < len(view.members) else None
