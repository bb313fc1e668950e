"""`decide`: the one rule that says what a batcher does next. Pure: the same view gives the same answer.

A strategy is a module of its own with the two functions of `StrategyRule`. To add one, write it, name it below and in
`batching.options.Strategy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ekiben.serving.batching import adaptive, cork, fixed
from ekiben.serving.batching.cost import CostModel
from ekiben.serving.batching.options import BatchOptions, Strategy
from ekiben.serving.batching.view import Decision, QueueView


class StrategyRule(Protocol):
    """What a strategy decides. Its functions are pure, and read no more of a queue than a batch."""

    def decide(self, view: QueueView, /) -> Decision:
        """What to do with the waiting requests of `view`, of which there is at least one."""

    def is_max_latency_too_low(self, options: BatchOptions, cost: CostModel, /) -> bool:
        """Whether `max_latency` is, by what was measured, too low for the deadline that the strategy makes of it."""


STRATEGIES: Mapping[Strategy, StrategyRule] = {"adaptive": adaptive, "cork": cork, "fixed": fixed}


def decide(view: QueueView) -> Decision:
    """What to do with the waiting requests of `view`, of which there is at least one.

    `Dispatch` is given only while `view.has_slot`, and has at most `max_batch_size` rows unless a single request does
    not. `Wait` ends no later than the next time at which the answer changes by itself.
    """
    return STRATEGIES[view.options.strategy].decide(view)


def is_max_latency_too_low(options: BatchOptions, cost: CostModel) -> bool:
    """Whether `max_latency` is too low for what it is meant to do, and the operator should know."""
    return STRATEGIES[options.strategy].is_max_latency_too_low(options, cost)
