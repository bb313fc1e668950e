"""`BatchOptions`: what an API asks of its queue, be it in its declaration or by configuration. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Strategy: TypeAlias = Literal["adaptive", "cork", "fixed"]

DEFAULT_MAX_BATCH_SIZE = 100  # rows; the seed documents' default
DEFAULT_MAX_LATENCY_S = 60.0  # seconds; the seed documents' 60,000 ms


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """No batch has more than `max_batch_size` rows; no request is held back for batching longer than `max_latency_s`.

    `batch_dim` is the dimension along which inputs are joined and the one along which outputs are split. `deadline_s`
    is an outright deadline from arrival (None: none). `is_idempotent` allows a failed batch to be run again in halves.
    `is_window`: `max_latency_s` bounds that wait alone; else, far above what a row costs, it is a deadline, too.
    """

    max_batch_size: int = DEFAULT_MAX_BATCH_SIZE
    max_latency_s: float = DEFAULT_MAX_LATENCY_S
    batch_dim: tuple[int, int] = (0, 0)
    deadline_s: float | None = None
    is_idempotent: bool = True
    strategy: Strategy = "adaptive"
    is_window: bool = False
