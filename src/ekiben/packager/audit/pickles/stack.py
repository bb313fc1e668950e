"""The stack and the memo of an unpickler, to the letter: what underflows there underflows here (_pickle.c, `Pdata`)."""

from __future__ import annotations

from ekiben.packager.audit.pickles.limits import MAX_ITEMS, Broken, LimitReached
from ekiben.packager.audit.pickles.values import UNKNOWN, Value

_FORKED = 64  # items of a stack that a fork takes along


class Stack:
    """Values and marks. Nothing is popped through a mark. A forked one has no bottom: below it, nothing is known."""

    def __init__(self, items: list[Value] | None = None, *, has_bottom: bool = True) -> None:
        self._items = [] if items is None else items
        self._marks: list[int] = []
        self._has_bottom = has_bottom

    def push(self, value: Value) -> None:
        """Puts a value on top."""
        self._items.append(value)

    def pop(self) -> Value:
        """Takes the top value. Raises Broken where there is none above the last mark."""
        if len(self._items) > self._fence:
            return self._items.pop()
        if self._marks or self._has_bottom:
            raise Broken("it takes a value that is not there")
        return UNKNOWN

    def top(self) -> Value:
        """The top value, which stays."""
        value = self.pop()
        self._items.append(value)
        return value

    def drop(self) -> None:
        """POP: takes the top value, or the mark."""
        if self._marks and self._marks[-1] == len(self._items):
            self._marks.pop()
        else:
            self.pop()

    def mark(self) -> None:
        """Puts a mark on top."""
        self._marks.append(len(self._items))
        self.bound()

    def pop_to_mark(self) -> list[Value]:
        """Takes the last mark and what is above it."""
        if not self._marks:
            if self._has_bottom:
                raise Broken("it looks for a mark that is not there")
            return []
        start = self._marks.pop()
        above = self._items[start:]
        del self._items[start:]
        return above

    def bound(self) -> None:
        """Raises LimitReached where there is too much on it."""
        if len(self._items) + len(self._marks) > MAX_ITEMS:
            raise LimitReached("it keeps too many values")

    def fork(self) -> Stack:
        """Another stack with the same values below the top one, which is of no use to it."""
        return Stack([*self._items[self._fence :][-_FORKED:-1], 0], has_bottom=False)

    @property
    def _fence(self) -> int:
        return self._marks[-1] if self._marks else 0


class Memo:
    """Numbered values. Pickles number them one after the other; any other number is kept apart."""

    def __init__(self, below: Memo | None = None) -> None:
        self._below = below
        self._first = len(below) if below else 0
        self._dense: list[Value] = []
        self._sparse: dict[int, Value] = {}

    def __len__(self) -> int:
        return self._first + len(self._dense) + len(self._sparse)

    def put(self, number: int, value: Value) -> None:
        """Keeps `value` under `number`. Raises Broken, LimitReached."""
        if number < 0:
            raise Broken("it numbers a value below zero")
        place = number - self._first
        if number in self._sparse:
            self._sparse[number] = value
        elif 0 <= place < len(self._dense):
            self._dense[place] = value
        elif place == len(self._dense):
            self._dense.append(value)
        else:
            self._sparse[number] = value
        if len(self) > MAX_ITEMS:
            raise LimitReached("it keeps too many values")

    def add(self, value: Value) -> None:
        """MEMOIZE: keeps `value` under the number of values kept so far."""
        self.put(len(self), value)

    def get(self, number: int) -> Value:
        """What is kept under `number`. Raises Broken where nothing is."""
        place = number - self._first
        if number in self._sparse:
            return self._sparse[number]
        if 0 <= place < len(self._dense):
            return self._dense[place]
        if self._below is not None:
            return self._below.get(number)
        raise Broken("it asks for a value that was never kept")
