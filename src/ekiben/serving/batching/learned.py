"""`Learned`: everything that one API's past taught its batcher, as one value that grows by pure methods."""

from __future__ import annotations

from dataclasses import dataclass, field

from ekiben.serving.batching.arrivals import Crowd, Gaps, Returns
from ekiben.serving.batching.cost import CostModel, Sample
from ekiben.serving.batching.record import HoldRecord


@dataclass(frozen=True, slots=True)
class Learned:
    """Cost of batches, arrivals, record of holds, and how many batches were started."""

    cost: CostModel = field(default_factory=CostModel)
    gaps: Gaps = field(default_factory=Gaps)
    returns: Returns = field(default_factory=Returns)
    crowd: Crowd = field(default_factory=Crowd)
    holds: HoldRecord = field(default_factory=HoldRecord)
    batches: int = 0

    def after_arrival(self, now_s: float, *, rows: int, in_system: int) -> Learned:
        """A request of `rows` came, and made it `in_system` requests, waiting and running."""
        return Learned(
            self.cost,
            self.gaps.arrived(now_s, rows),
            self.returns.arrived(now_s),
            self.crowd.arrived(in_system),
            self.holds,
            self.batches,
        )

    def after_start(self) -> Learned:
        """A batch was started."""
        return Learned(self.cost, self.gaps, self.returns, self.crowd, self.holds, self.batches + 1)

    def after_hold(self, now_s: float, *, was_worth_it: bool) -> Learned:
        """A free slot was held back, and the batch has now been started."""
        holds = self.holds.after(was_worth_it=was_worth_it, now_s=now_s)
        return Learned(self.cost, self.gaps, self.returns, self.crowd, holds, self.batches)

    def after_batch(self, now_s: float, sample: Sample | None) -> Learned:
        """A batch ended; `sample` is None where any of it failed: its duration says nothing about its cost."""
        cost = self.cost if sample is None else self.cost.observe(sample, now_s)
        return Learned(cost, self.gaps, self.returns.completed(now_s), self.crowd.completed(), self.holds, self.batches)

    def backlog_s(self, rows: int, max_batch_size: int) -> float | None:
        """How long one slot needs for `rows` waiting rows, in full batches; None while the cost is unknown."""
        full_s = self.cost.predict_s(max_batch_size)
        return None if full_s is None else full_s * rows / max_batch_size
