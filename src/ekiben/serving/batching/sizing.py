"""How many requests fit a batch, and a deadline. Pure functions.

A request's limit counts from its arrival and is the same for all of an API, so that order of arrival is order of
deadline. A batch is sized with a margin of two standard deviations, since one that is late by a little is late.
"""

from __future__ import annotations

import math
from itertools import islice

from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.view import NEVER, Dispatch, DispatchReason, QueueView, ShedCause

MARGIN_SIGMAS = 2.0  # standard deviations of the cost model
TIMER_GRACE_S = 0.002  # seconds; what a timer may be late by: the loop's millisecond, and as much for its other work
SHEDDING_FACTOR = 10.0  # `max_latency` is a deadline where it is at least so many times the cost of one row alone


def predict_s(options: BatchOptions, cost: CostModel, rows: int) -> float | None:
    """The expected duration of `rows` rows; more than a batch holds are run as several, one after the other."""
    full_batches, rest = divmod(rows, options.max_batch_size)
    one_s, rest_s = cost.predict_s(options.max_batch_size), cost.predict_s(rest)
    if one_s is None or rest_s is None:
        return None
    return full_batches * one_s + (rest_s if rest else 0.0)


def latest_finish_s(options: BatchOptions, cost: CostModel, rows: int) -> float:
    """How long `rows` rows take at most, within the margin; 0 while nothing is known."""
    predicted_s = predict_s(options, cost, rows)
    if predicted_s is None:
        return 0.0
    return predicted_s + (MARGIN_SIGMAS * cost.fit.sigma_s if cost.fit is not None else 0.0)


def least_s(options: BatchOptions, cost: CostModel, rows: int) -> float:
    """How long `rows` rows take at the least, as several batches if need be; 0 while nothing is known."""
    full_batches, rest = divmod(rows, options.max_batch_size)
    return full_batches * cost.least_s(options.max_batch_size) + (cost.least_s(rest) if rest else 0.0)


def is_max_latency_a_deadline(options: BatchOptions, cost: CostModel) -> bool:
    """Whether `max_latency` is far enough above the cost of one row, and of a full batch, to shed by it.

    Else it is a window only: one that no full batch fits into was not meant to bound the batch.
    """
    alone_s = cost.alone_s
    if options.is_window or alone_s is None or options.max_latency_s < SHEDDING_FACTOR * alone_s:
        return False
    return options.max_latency_s >= (cost.predict_s(options.max_batch_size) or 0.0)


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


def largest_batch(view: QueueView, limit_s: float, reason: DispatchReason) -> Dispatch:
    """The largest batch that keeps its requests' limits; the oldest request is always in it."""
    most = view.options.max_batch_size
    fitting = rows_in_time(view, limit_s)
    is_cut = fitting < min(most, view.rows)
    return Dispatch(count_within(view, min(most, fitting)), "deadline" if is_cut else reason)


def rows_in_time(view: QueueView, limit_s: float) -> float:
    """The most rows of a batch in which no request is late that need not be; infinite where all will be late.

    What is late even alone rides along: it does run, and a batch of its own would cost the others more.
    """
    for member in islice(view.members, view.options.max_batch_size):
        fitting = rows_by(view, member.arrival_s + limit_s)
        if fitting >= member.rows:
            return fitting
    return NEVER


def latest_start_s(view: QueueView, limit_s: float, rows: int) -> float:
    """When a batch of `rows` has to start for its oldest request to keep its limit, a late timer allowed for."""
    return view.head.arrival_s + limit_s - latest_finish_s(view.options, view.learned.cost, rows) - TIMER_GRACE_S
