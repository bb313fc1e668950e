"""What the batching rule sees (`QueueView`) and what it answers (`Dispatch`, `Wait`, `Shed`). Values only."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from ekiben.serving.batching.learned import Learned
from ekiben.serving.batching.options import BatchOptions

NEVER = math.inf  # a time that does not come

DispatchReason: TypeAlias = Literal["full", "free", "held", "window", "deadline", "training", "drain", "retry"]
ShedCause: TypeAlias = Literal["deadline", "max_latency", "overload", "queue_full", "timeout", "closing"]


class Member(msgspec.Struct, eq=False):
    """One waiting request: when it came and how many rows it brings. Two are the same only if they are one object."""

    arrival_s: float
    rows: int


@dataclass(frozen=True, slots=True)
class QueueView:
    """All that a decision depends on. `members` are oldest first and never empty; the rule reads no more than a batch.

    `has_slot`: a batch could start now. `held_since_s`: since when a free slot is held back for these requests.
    `is_backlogged`: some of them have found no free slot. `running_*` counts what this API has under way.
    """

    now_s: float
    options: BatchOptions
    members: Collection[Member]
    rows: int
    learned: Learned
    has_slot: bool = True
    running_requests: int = 0
    running_batches: int = 0
    held_since_s: float | None = None
    is_backlogged: bool = False
    is_draining: bool = False

    @property
    def head(self) -> Member:
        """The oldest waiting request."""
        return next(iter(self.members))

    @property
    def is_full(self) -> bool:
        """Whether a batch of the greatest size waits."""
        return self.rows >= self.options.max_batch_size


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Start a batch of the `count` oldest requests now."""

    count: int
    reason: DispatchReason


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing before `until_s`, unless something happens."""

    until_s: float = NEVER


@dataclass(frozen=True, slots=True)
class Shed:
    """Refuse the requests at `indexes` (ascending; 0 is the oldest): they can no longer be served as promised."""

    indexes: tuple[int, ...]
    cause: ShedCause


Decision: TypeAlias = Dispatch | Wait | Shed
