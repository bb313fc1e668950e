"""`decide`: the one rule that says what a batcher does next. Pure: the same view gives the same answer."""

from __future__ import annotations

from typing import assert_never

from ekiben.serving.batching.adaptive import decide_adaptive
from ekiben.serving.batching.cork import decide_cork
from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.fixed import decide_fixed
from ekiben.serving.batching.sizing import is_max_latency_a_deadline
from ekiben.serving.batching.view import Decision, QueueView
from ekiben.serving.declare.options import BatchOptions


def decide(view: QueueView) -> Decision:
    """What to do with the waiting requests of `view`, of which there is at least one.

    `Dispatch` is given only while `view.has_slot`, and has at most `max_batch_size` rows unless a single request does
    not. `Wait` ends no later than the next time at which the answer changes by itself.
    """
    match view.options.strategy:
        case "adaptive":
            return decide_adaptive(view)
        case "cork":
            return decide_cork(view)
        case "fixed":
            return decide_fixed(view)
        case _:
            assert_never(view.options.strategy)


def is_max_latency_too_low(options: BatchOptions, cost: CostModel) -> bool:
    """Whether `max_latency` is, by what was measured, too low for the deadline that the strategy would make of it."""
    alone_s = cost.alone_s
    if alone_s is None:
        return False
    match options.strategy:
        case "adaptive":
            return not is_max_latency_a_deadline(options, cost)
        case "cork":
            return alone_s >= options.max_latency_s
        case "fixed":
            return False
        case _:
            assert_never(options.strategy)
