"""SlotBoard: the least loaded worker first, and first for who has had least of the workers' time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ekiben.serving.workers.slots import Slot, SlotBoard
from tests.serving.workers.fake_worker import nobody


class Soon:
    """Keeps callbacks until `run`: the loop's `call_soon`, by hand."""

    def __init__(self) -> None:
        self._due: list[Callable[[], None]] = []

    def __call__(self, callback: Callable[[], None]) -> None:
        self._due.append(callback)

    def run(self) -> None:
        due, self._due = self._due, []
        for callback in due:
            callback()


def board_of(*workers: tuple[str, int]) -> tuple[SlotBoard[str], Soon]:
    soon = Soon()
    board: SlotBoard[str] = SlotBoard(lambda: 0.0, soon)
    board.on_free(nobody)
    for worker, slots in workers:
        board.add(worker, slots)
    soon.run()
    return board, soon


def taken(board: SlotBoard[str]) -> Slot[str]:
    slot = board.take(nobody)
    assert slot is not None
    return slot


class Claimant:
    """Takes what it is offered while it wants something, and writes its name down."""

    def __init__(self, name: str, board: SlotBoard[str], book: list[str], wants: int) -> None:
        self._name, self._board, self._book, self.wants = name, board, book, wants
        self._me = self.claim
        board.on_free(self._me)

    def claim(self) -> None:
        if self.wants and self._board.take(self._me) is not None:
            self.wants -= 1
            self._book.append(self._name)


def test_the_least_loaded_worker_is_taken_first() -> None:
    board, _ = board_of(("a", 1), ("b", 2))
    assert [taken(board).worker for _ in range(3)] == ["b", "a", "b"]
    assert board.take(nobody) is None


def test_slots_go_round_between_claimants_that_have_had_the_same() -> None:
    board, soon = board_of(("a", 1))
    book: list[str] = []
    slot = taken(board)
    for name in "xyz":
        Claimant(name, board, book, wants=2)
    board.give_back(slot)
    soon.run()
    for _ in range(5):
        [held] = board.taken_of("a")
        board.give_back(held)
        soon.run()
    assert book == ["x", "y", "z", "x", "y", "z"]


def test_a_freed_slot_is_the_waiting_claimants_before_it_is_a_newcomers() -> None:
    board, soon = board_of(("a", 1))
    book: list[str] = []
    slot = taken(board)
    Claimant("x", board, book, wants=1)
    board.give_back(slot)
    assert board.take(nobody) is None
    soon.run()
    assert book == ["x"]


def test_a_slot_that_nobody_wants_stays_free() -> None:
    board, soon = board_of(("a", 1))
    Claimant("x", board, [], wants=0)
    board.give_back(taken(board))
    soon.run()
    assert taken(board).worker == "a"


def test_what_is_given_back_for_a_worker_that_is_gone_is_forgotten() -> None:
    board, soon = board_of(("a", 1))
    slot = taken(board)
    board.remove("a")
    board.give_back(slot)
    soon.run()
    assert board.take(nobody) is None


def test_a_slot_is_given_back_once() -> None:
    board, soon = board_of(("a", 1))
    slot = taken(board)
    board.give_back(slot)
    board.give_back(slot)
    soon.run()
    assert (taken(board).worker, board.take(nobody)) == ("a", None)


def test_a_slot_is_free_to_take_only_once_the_claimants_were_asked() -> None:
    board, soon = board_of(("a", 2))
    assert board.free() == 2
    slot = taken(board)
    assert board.free() == 1
    board.give_back(slot)
    assert board.free() == 0
    soon.run()
    assert board.free() == 2


def share_of_time(durations_s: dict[str, float], *, slots: int, until_s: float) -> dict[str, float]:
    """What part of the slots' time claimants get who always want one, each for its duration."""
    now_s = 0.0
    soon = Soon()
    board: SlotBoard[str] = SlotBoard(lambda: now_s, soon)
    running: list[tuple[float, str, Slot[str]]] = []
    used_s = dict.fromkeys(durations_s, 0.0)

    def claimant(name: str) -> Callable[[], None]:
        def claim() -> None:
            slot = board.take(claim)
            if slot is not None:
                running.append((now_s + durations_s[name], name, slot))
                used_s[name] += durations_s[name]

        return claim

    for name in durations_s:
        board.on_free(claimant(name))
    board.add("a", slots)
    soon.run()
    while now_s < until_s:
        running.sort(key=lambda one: one[0])
        now_s, _, slot = running.pop(0)
        board.give_back(slot)
        soon.run()
    total_s = sum(used_s.values())
    return {name: one / total_s for name, one in used_s.items()}


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("slow_s", [0.001, 0.01, 0.1])
def test_time_is_shared_evenly_however_long_batches_take(slots: int, slow_s: float) -> None:
    shares = share_of_time({"fast": 0.001, "slow": slow_s}, slots=slots, until_s=20.0)
    assert shares["fast"] == pytest.approx(0.5, abs=0.05)


def test_who_was_idle_has_saved_nothing_up() -> None:
    now_s = 0.0
    soon = Soon()
    board: SlotBoard[str] = SlotBoard(lambda: now_s, soon)
    book: list[str] = []
    old, new = Claimant("old", board, book, wants=100), Claimant("new", board, book, wants=0)
    board.add("a", 1)
    soon.run()
    for turn in range(60):
        if turn == 20:
            new.wants = 100
        now_s += 0.01
        [held] = board.taken_of("a")
        board.give_back(held)
        soon.run()
    assert old.wants < 100
    assert book[25:60].count("new") == pytest.approx(17, abs=2)
