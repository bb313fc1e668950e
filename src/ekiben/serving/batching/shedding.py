"""Which requests can no longer be served as promised, and which are refused for the sake of the others. Pure functions.

To refuse takes more than to size a batch: a prediction may be wrong, and what is refused does not correct it. So by
prediction alone nothing is refused while a slot is free, nothing beyond the least that it can take, and nothing once no
batch confirms the model.

In a burst, requests are refused as late as possible: each may still be served in time. In an overload that stays this
only fills the queue with requests that wait for their whole limit, and as many are refused in the end. There each batch
takes the newest requests that fill it, and the others are refused at once: as many good answers, and earlier ones.
"""

from __future__ import annotations

from ekiben.serving.batching.sizing import least_s, rows_by
from ekiben.serving.batching.view import NEVER, Member, QueueView, Shed, ShedCause

STANDING_LIMITS = 1.0  # latency limits; then all that waits has come during the overload
RESERVE = 0.5  # full batches; arrivals are uneven, and a slot that runs short of them cannot make up for it


def shed_hopeless(view: QueueView, limit_s: float, cause: ShedCause) -> Shed | None:
    """The oldest requests that are late, or without a slot would be even if they started now, each alone."""
    count = 0
    for member in view.members:
        if view.now_s < hopeless_at_s(view, member, limit_s):
            break
        count += 1
    return Shed(tuple(range(count)), cause) if count else None


def hopeless_at_s(view: QueueView, member: Member, limit_s: float) -> float:
    """When the request is given up: with a slot when its limit is over, else when it cannot be kept, even alone."""
    due_s = member.arrival_s + limit_s
    if due_s == NEVER or view.has_slot or not view.learned.cost.is_trusted(view.now_s):
        return due_s
    return due_s - least_s(view.options, view.learned.cost, member.rows)


def sustainable_rows(view: QueueView, limit_s: float) -> float:
    """The batch size at which one slot keeps up with its share of arrivals and queue; infinite where none does."""
    fit, slots = view.learned.cost.fit, view.running_batches + 1
    backlog_s = view.learned.backlog_s(view.rows, view.options.max_batch_size)
    if fit is None or backlog_s is None:
        return 0.0
    rate = view.learned.gaps.rows_per_s(view.now_s) / slots
    if rate * fit.a_s >= 1 or backlog_s >= slots * limit_s:
        return NEVER
    return rate * fit.b_s / (1 - rate * fit.a_s)


def shed_for_goodput(view: QueueView, limit_s: float) -> Shed | None:
    """Early drop: the oldest requests whose little time left would force batches too small to keep up with arrivals.

    Nexus (SOSP 2019), section 6.3. Only under backlog: other slots may still be free for the rest of a sudden burst. It
    is for the sake of those behind, so that never all are dropped: one batch runs, and corrects the model.
    """
    if not view.is_backlogged or limit_s == NEVER or not view.learned.cost.is_trusted(view.now_s):
        return None
    target = min(view.options.max_batch_size, sustainable_rows(view, limit_s))
    remaining = view.rows
    count = 0
    for member in view.members:
        fitting = rows_by(view, member.arrival_s + limit_s)
        if fitting >= min(target, remaining):
            break
        remaining -= member.rows
        count += 1
    return Shed(tuple(range(count)), "overload") if 0 < count < len(view.members) else None


def shed_standing(view: QueueView, limit_s: float) -> Shed | None:
    """In an overload that stays, the oldest requests beyond what fills all slots once, and a reserve."""
    overload = view.learned.overload
    if limit_s == NEVER or not overload.has_lasted(view.now_s, STANDING_LIMITS * limit_s):
        return None
    spare = view.rows - view.options.max_batch_size * (overload.slots + RESERVE)
    count = 0
    for member in view.members:
        spare -= member.rows
        if spare < 0:
            break
        count += 1
    return Shed(tuple(range(count)), "overload") if count else None
