"""What a refused client and the operator are told. Words only; who is refused is decided by the rule."""

from __future__ import annotations

from typing import assert_never

from ekiben.errors import Overloaded
from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.view import ShedCause

RETRY_AFTER_S = (1.0, 60.0)  # seconds; the least and the most that a client is asked to stay away
UNLIMITED = BatchOptions()


def refusal(cause: ShedCause, queued_rows: int, backlog_s: float, options: BatchOptions = UNLIMITED) -> Overloaded:
    """The error for one refused request; it asks the client to come back when the queue of now will be worked off."""
    least_s, most_s = RETRY_AFTER_S
    return Overloaded(reason(cause, options, queued_rows), retry_after_s=min(max(least_s, backlog_s), most_s))


def reason(cause: ShedCause, options: BatchOptions, queued_rows: int) -> str:
    """Why, in words for the client."""
    match cause:
        case "deadline":
            return f"the request cannot be answered within its deadline of `{(options.deadline_s or 0) * 1000:g}` ms"
        case "max_latency":
            return f"the request cannot be answered within its max latency of `{options.max_latency_s * 1000:g}` ms"
        case "overload":
            return "the server is overloaded and the request's deadline is near"
        case "queue_full":
            return f"the queue is full: `{queued_rows}` rows wait"
        case "timeout":
            return "the request waited for too long"
        case "closing":
            return "the server is stopping"
        case _:
            assert_never(cause)


def too_low_warning(endpoint: str, options: BatchOptions, cost: CostModel) -> str:
    """The warning of the seed documents, in their words, with the figures."""
    alone_ms, full_ms = (cost.alone_s or 0.0) * 1000, (cost.predict_s(options.max_batch_size) or 0.0) * 1000
    words = (
        f"`{endpoint}` has a max latency that is likely too low for serving: `max_latency_ms` is "
        f"`{options.max_latency_s * 1000:g}`, and one row alone takes `{alone_ms:.3g}` ms, a full batch `{full_ms:.3g}`"
    )
    if options.strategy == "cork":
        return f"{words}. If many 503 errors are encountered, try raising `max_latency_ms`"
    return f"{words}. It is only the longest wait for a batch now, and nothing is shed by it"
