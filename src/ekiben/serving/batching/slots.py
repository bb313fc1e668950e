"""`Slots`: execution slots that several batchers share; `SlotClaim`: one batcher's knowledge of whether one is free.

Slots live in the workers' pool; here is only how a batcher asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

S = TypeVar("S")


class Slots(Protocol[S]):
    """A slot is taken for one batch and given back when the batch's work is really over."""

    def take(self) -> S | None:
        """A free slot, or None; never blocks."""

    def give_back(self, slot: S) -> None:
        """The slot is free again."""

    def on_free(self, callback: Callable[[], None]) -> None:
        """Registers what is called on the loop whenever a slot may be free."""


class SlotClaim(Generic[S]):
    """Answers `has_slot` without asking the pool more than once per batch, and keeps no slot that it does not use.

    Asking is taking: what was taken to find out serves the next batch, or goes back in `release`, so that other
    batchers have it while this one waits. A "no" stands until the pool says that a slot may be free.
    """

    def __init__(self, slots: Slots[S]) -> None:
        self._slots = slots
        self._is_free: bool | None = None  # None: unknown
        self._spare: S | None = None

    def freed(self) -> None:
        """The pool says that a slot may be free."""
        self._is_free = True

    def has_slot(self) -> bool:
        """Whether a batch could start now, as far as is known."""
        if self._is_free is None:
            self._spare = self._slots.take()
            self._is_free = self._spare is not None
        return self._is_free

    def take(self) -> S | None:
        """A slot for a batch; None where another batcher was quicker."""
        slot = self._spare if self._spare is not None else self._slots.take()
        self._spare = None
        self._is_free = False if slot is None else None
        return slot

    def release(self) -> None:
        """Gives back what was taken only to find out."""
        if self._spare is not None:
            spare, self._spare = self._spare, None
            self._slots.give_back(spare)
