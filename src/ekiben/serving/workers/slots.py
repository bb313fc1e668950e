"""`SlotBoard`: which worker has a free thread, and whose turn it is to take it.

A slot is one thread of one worker. The queues of all APIs claim slots from one board: a freed slot is offered round
robin, beginning behind the claimant that was asked last, so no API starves another. Knows no processes and no requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

W = TypeVar("W")


@dataclass(frozen=True, slots=True, eq=False)
class Slot(Generic[W]):
    """One thread of `worker`, taken at `taken_at` seconds of the board's clock."""

    worker: W
    taken_at: float


class SlotBoard(Generic[W]):
    """`schedule` runs a callback soon, on the loop: freed slots are offered from there, never within `give_back`."""

    def __init__(self, clock: Callable[[], float], schedule: Callable[[Callable[[], None]], object]) -> None:
        self._clock = clock
        self._schedule = schedule
        self._free: dict[W, int] = {}
        self._taken: dict[W, set[Slot[W]]] = {}
        self._claimants: list[Callable[[], None]] = []
        self._next = 0
        self._is_offer_due = False
        self._is_offering = False

    def add(self, worker: W, slots: int) -> None:
        """A worker came up with that many threads."""
        self._free[worker] = slots
        self._taken[worker] = set()
        self._offer_soon()

    def remove(self, worker: W) -> None:
        """A worker is gone; what is given back for it later is forgotten."""
        self._free.pop(worker, None)
        self._taken.pop(worker, None)

    def withdraw(self, worker: W) -> None:
        """No slot of this worker is offered any more; those in use are its own until they come back."""
        self._free.pop(worker, None)

    def take(self) -> Slot[W] | None:
        """A slot of the worker with most of them free; None where none is, or where the claimants come first."""
        if self._is_offer_due and not self._is_offering:
            return None
        worker = max(self._free, key=self._free.__getitem__, default=None)
        if worker is None or self._free[worker] == 0:
            return None
        slot = Slot(worker, self._clock())
        self._free[worker] -= 1
        self._taken[worker].add(slot)
        return slot

    def give_back(self, slot: Slot[W]) -> None:
        """The work is over; the slot is offered to the claimants."""
        taken = self._taken.get(slot.worker)
        if taken is None or slot not in taken:
            return
        taken.remove(slot)
        if slot.worker in self._free:
            self._free[slot.worker] += 1
            self._offer_soon()

    def on_free(self, callback: Callable[[], None]) -> None:
        """Registers a claimant: it is called when a slot may be free, and takes one if it has use for it."""
        self._claimants.append(callback)

    def workers(self) -> Iterable[W]:
        """All workers that are up."""
        return self._free.keys()

    def taken_of(self, worker: W) -> set[Slot[W]]:
        """The slots of this worker that are in use."""
        return self._taken.get(worker, set())

    def is_any_taken(self) -> bool:
        """Whether a slot of any worker is in use."""
        return any(self._taken.values())

    def free_of(self, worker: W) -> int:
        """How many slots of this worker are free."""
        return self._free.get(worker, 0)

    def _offer_soon(self) -> None:
        if not self._is_offer_due:
            self._is_offer_due = True
            self._schedule(self._offer)

    def _offer(self) -> None:
        self._is_offering = True
        try:
            declined = 0
            while declined < len(self._claimants) and any(self._free.values()):
                claimant = self._claimants[self._next]
                self._next = (self._next + 1) % len(self._claimants)
                before = sum(self._free.values())
                claimant()
                declined = declined + 1 if sum(self._free.values()) >= before else 0
        finally:
            self._is_offering = False
            self._is_offer_due = False
