"""`SlotBoard`: which worker has a free thread, and whose turn it is to take it.

A slot is one thread of one worker. The queues of all APIs claim slots from one board, which shares the workers' *time*
among those that want it: a freed slot is offered first to the one that has had least. Turn by turn would give an API
whose batches take a hundred times as long a hundred times as much. Knows no processes and no requests.

Start-time fair queueing (Goyal, Vin, Cheng 1996): a claimant's account grows by the time of its slots, charged when one
is taken by what its last ones took, put right when it is given back. Who was idle has saved nothing up: its account
begins again where that of the last one served stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ekiben.serving.batching.slots import Claimant

W = TypeVar("W")

NEWEST_SHARE = 0.25  # of the newest slot's time in what the next is expected to take


@dataclass(slots=True, eq=False)
class Account:
    """What one claimant has had, in seconds of slots, and what its next slot is expected to take."""

    used_s: float = 0.0
    expected_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Slot(Generic[W]):
    """One thread of `worker`, taken at `taken_at` seconds of the board's clock; `charged_s` was charged for it."""

    worker: W
    taken_at: float
    account: Account
    charged_s: float


class SlotBoard(Generic[W]):
    """`schedule` runs a callback soon, on the loop: freed slots are offered from there, never within `give_back`."""

    def __init__(self, clock: Callable[[], float], schedule: Callable[[Callable[[], None]], object]) -> None:
        self._clock = clock
        self._schedule = schedule
        self._free: dict[W, int] = {}
        self._taken: dict[W, set[Slot[W]]] = {}
        self._accounts: dict[Claimant, Account] = {}
        self._served_s = 0.0
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
        """No slot of this worker is offered any more; those that are taken stay known until they are given back."""
        self._free.pop(worker, None)

    def free(self) -> int:
        """How many slots could be taken now: none while the claimants have yet to be asked."""
        return 0 if self._is_offer_due and not self._is_offering else sum(self._free.values())

    def take(self, claimant: Claimant) -> Slot[W] | None:
        """A slot of the worker with most of them free; None where none is, or where the claimants come first.

        It is charged to `claimant`, which is registered.
        """
        if self._is_offer_due and not self._is_offering:
            return None
        worker = max(self._free, key=self._free.__getitem__, default=None)
        if worker is None or self._free[worker] == 0:
            return None
        account = self._accounts[claimant]
        self._served_s = max(self._served_s, account.used_s)
        slot = Slot(worker, self._clock(), account, account.expected_s)
        account.used_s = self._served_s + account.expected_s
        self._free[worker] -= 1
        self._taken[worker].add(slot)
        return slot

    def give_back(self, slot: Slot[W]) -> None:
        """The work is over; the slot is offered to the claimants."""
        taken = self._taken.get(slot.worker)
        if taken is None or slot not in taken:
            return
        taken.remove(slot)
        took_s = self._clock() - slot.taken_at
        slot.account.used_s += took_s - slot.charged_s
        slot.account.expected_s += (took_s - slot.account.expected_s) * NEWEST_SHARE
        if slot.worker in self._free:
            self._free[slot.worker] += 1
            self._offer_soon()

    def on_free(self, claimant: Claimant) -> None:
        """Registers a claimant: it is called when a slot may be free, and takes one if it has use for it."""
        self._accounts[claimant] = Account()

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
        """Asks the claimants, who has had least first, until no slot is free or nobody wants one."""
        self._is_offering = True
        try:
            while self.free() and self._offer_one():
                pass
        finally:
            self._is_offering = False
            self._is_offer_due = False

    def _offer_one(self) -> bool:
        """Whether somebody took a slot. Those who have had less than was had by all begin level, in turn."""
        before = self.free()
        for claimant in sorted(self._accounts, key=self._standing):
            claimant()
            if self.free() < before:
                self._accounts[claimant] = self._accounts.pop(claimant)  # behind its equals
                return True
        return False

    def _standing(self, claimant: Claimant) -> float:
        return max(self._served_s, self._accounts[claimant].used_s)
