"""SlotBoard: least loaded first, claimants in turn."""

from __future__ import annotations

from collections.abc import Callable

from ekiben.serving.workers.slots import Slot, SlotBoard


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
    for worker, slots in workers:
        board.add(worker, slots)
    soon.run()
    return board, soon


def taken(board: SlotBoard[str]) -> Slot[str]:
    slot = board.take()
    assert slot is not None
    return slot


class Claimant:
    """Takes what it is offered while it wants something, and writes its name down."""

    def __init__(self, name: str, board: SlotBoard[str], book: list[str], wants: int) -> None:
        self._name, self._board, self._book, self._wants = name, board, book, wants
        board.on_free(self.claim)

    def claim(self) -> None:
        if self._wants and self._board.take() is not None:
            self._wants -= 1
            self._book.append(self._name)


def test_the_least_loaded_worker_is_taken_first() -> None:
    board, _ = board_of(("a", 1), ("b", 2))
    assert [taken(board).worker for _ in range(3)] == ["b", "a", "b"]
    assert board.take() is None


def test_slots_go_round_between_claimants() -> None:
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
    assert board.take() is None
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
    assert board.take() is None


def test_a_slot_is_given_back_once() -> None:
    board, soon = board_of(("a", 1))
    slot = taken(board)
    board.give_back(slot)
    board.give_back(slot)
    soon.run()
    assert (taken(board).worker, board.take()) == ("a", None)
