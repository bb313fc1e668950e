"""`Slots`: execution slots that several queues share: how they are asked for. They live in the workers' pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

S = TypeVar("S")

Claimant: TypeAlias = Callable[[], None]  # what a queue is called by when it may take a slot, and known by


class SlotLost(Exception):
    """The slot's worker ended; `has_begun`: while it ran the batch, so that nobody knows how far that came."""

    def __init__(self, *, has_begun: bool) -> None:
        super().__init__("the slot's worker ended")
        self.has_begun = has_begun


class Slots(Protocol[S]):
    """A slot is taken for one batch and given back when the batch's work is really over."""

    def free(self) -> int:
        """How many slots could be taken now."""

    def take(self, claimant: Claimant) -> S | None:
        """A free slot, or None; never blocks."""

    def give_back(self, slot: S) -> None:
        """The slot is free again."""

    def on_free(self, claimant: Claimant) -> None:
        """Registers what is called on the loop whenever a slot may be free."""
