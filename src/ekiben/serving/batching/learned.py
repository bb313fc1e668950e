"""`Learned`: what one API's past taught its batcher. The batcher tells it what happened, the rule reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ekiben.serving.batching.arrivals import Crowd, Gaps, Returns
from ekiben.serving.batching.cost import CostModel, Sample
from ekiben.serving.batching.overload import Overload
from ekiben.serving.batching.record import HoldRecord


@dataclass(slots=True, eq=False)
class Learned:
    """Cost, arrivals, record of holds, overload, and how many batches were started. Only its one owner changes it."""

    cost: CostModel = field(default_factory=CostModel)
    gaps: Gaps = field(default_factory=Gaps)
    returns: Returns = field(default_factory=Returns)
    crowd: Crowd = field(default_factory=Crowd)
    holds: HoldRecord = field(default_factory=HoldRecord)
    overload: Overload = field(default_factory=Overload)
    batches: int = 0

    def arrived(self, now_s: float, *, rows: int, in_system: int) -> None:
        """A request of `rows` came, and made it `in_system` requests, waiting and running."""
        self.gaps.arrived(now_s, rows)
        self.returns.arrived(now_s)
        self.crowd.arrived(in_system)

    def started(self, *, running_batches: int, is_short: bool) -> None:
        """A batch was started, with which so many are under way; `is_short` if it took all and was not full."""
        self.batches += 1
        self.overload.started(running_batches, is_short=is_short)

    def refused(self, now_s: float) -> None:
        """The rule refused requests."""
        self.overload.refused(now_s)

    def held(self, now_s: float, *, was_worth_it: bool) -> None:
        """A free slot was held back, and the batch has now been started."""
        self.holds = self.holds.after(was_worth_it=was_worth_it, now_s=now_s)

    def ended(self, now_s: float, *, requests: int, sample: Sample | None) -> None:
        """A batch of `requests` ended; `sample` is None where its duration says nothing about the method's cost."""
        if sample is not None:
            self.cost = self.cost.observe(sample, now_s)
        self.returns.completed(now_s, requests)
        self.crowd.completed()

    def backlog_s(self, rows: int, max_batch_size: int) -> float | None:
        """How long one slot needs for `rows` waiting rows, in full batches; None while the cost is unknown."""
        full_s = self.cost.predict_s(max_batch_size)
        return None if full_s is None else full_s * rows / max_batch_size
