"""One pickle followed opcode by opcode, as the unpickler reads it (pickle.py and _pickle.c), on values that only say
what would be there. Nothing is imported or called.

How the arguments of opcodes are read, and what they do to the stack, is in `opcodes`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TypeAlias

from ekiben.packager.audit.pickles.arrays import InlineArray, inline_array
from ekiben.packager.audit.pickles.calls import PARTIAL, manner_of
from ekiben.packager.audit.pickles.findings import Pickle, Trouble
from ekiben.packager.audit.pickles.limits import MAX_NAME_BYTES, Broken, Budget, Halt, LimitReached
from ekiben.packager.audit.pickles.source import Source, Window
from ekiben.packager.audit.pickles.stack import Memo, Stack
from ekiben.packager.audit.pickles.values import MAX_PARTS, UNKNOWN, Global, Instance, Unknown, Value

HIGHEST_PROTOCOL = 5
MAGIC = frozenset(bytes((0x80, protocol)) for protocol in range(2, HIGHEST_PROTOCOL + 1))
_NESTED = (*MAGIC, b"PK\x03\x04")
_LEAST_NESTED = 4  # bytes

_ROUND = 4096  # opcodes between looks at the budget
_AHEAD_BYTES = 64 * 1024  # how far the other reading of a raw array is followed
_OBJECT_BYTES = 64  # of the smallest value of ours; each that it refers to is another _SLOT_BYTES
_SLOT_BYTES = 16
_LONGEST_NUMBER = 20  # digits or bytes

Action: TypeAlias = "Callable[[Machine], bool | None]"  # what an opcode does; True ends the pickle
Nested: TypeAlias = Callable[[Window], None]  # looks into bytes that a pickle holds and that may be one themselves


class Machine:
    """Follows one pickle in `source` and notes in `pickle` what it sees."""

    def __init__(self, source: Source, pickle: Pickle, budget: Budget, nested: Nested) -> None:
        self.source = source
        self.stack = Stack()
        self.memo = Memo()
        self._pickle = pickle
        self._budget = budget
        self._nested = nested
        self._actions: Mapping[int, Action] = {}

    def run(self, actions: Mapping[int, Action]) -> None:
        """Follows the pickle up to its STOP; `actions` by opcode. Raises Broken, LimitReached."""
        self._actions = actions
        self._budget.spend_opcodes()
        byte = self.source.byte
        while True:
            for _ in range(_ROUND):
                action = actions.get(byte())
                if action is None:
                    raise Broken("it has a byte that is no opcode")
                if action(self):
                    return
            self._budget.spend_opcodes(_ROUND)
            self.stack.bound()

    def last(self, count: int) -> list[Value]:
        """The topmost values, the top one last, which are taken."""
        return [self.stack.pop() for _ in range(count)][::-1]

    # Values.

    def push_text(self, data: bytes, encoding: str, errors: str = "strict") -> None:
        """A text, kept where it may be the name of something."""
        if not self._budget.keep(_OBJECT_BYTES + len(data)):
            self.stack.push(UNKNOWN)
            return
        try:
            self.stack.push(data.decode(encoding, errors))
        except UnicodeDecodeError as error:
            raise Broken("it has a text in no encoding") from error

    def text(self, size: int, encoding: str, errors: str = "strict") -> None:
        """A text of `size` bytes."""
        if size <= MAX_NAME_BYTES:
            self.push_text(self.source.take(size), encoding, errors)
        else:
            self.source.skip(size)
            self.stack.push(UNKNOWN)

    def text_line(self, *, is_quoted: bool) -> None:
        """A text up to the end of the line: quoted as in Python 2's source, or with its `\\u` escapes."""
        line, is_whole = self.source.line(MAX_NAME_BYTES)
        if not is_whole:
            self.stack.push(UNKNOWN)
        elif not is_quoted:
            self.push_text(line, "raw-unicode-escape")
        elif len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise Broken("it has a text without quotes")
        elif b"\\" in line:
            self.stack.push(UNKNOWN)  # names have no escapes, and an unpickler warns of some
        else:
            self.push_text(line[1:-1], "latin-1")

    def raw(self, size: int) -> None:
        """Bytes, which may be a pickle themselves, or a zip of some."""
        if size >= _LEAST_NESTED and self.source.peek(_LEAST_NESTED).startswith(_NESTED):
            window = Window(self.source, size)
            self._nested(window)
            window.finish()
        else:
            self.source.skip(size)
        self.stack.push(UNKNOWN)

    def long(self, size: int) -> None:
        """An integer of `size` bytes."""
        if size > _LONGEST_NUMBER:
            self.source.skip(size)
            self.stack.push(UNKNOWN)
        else:
            self.stack.push(int.from_bytes(self.source.take(size), "little", signed=True))

    def number_line(self) -> None:
        """An integer in digits."""
        line, is_whole = self.source.line(_LONGEST_NUMBER)
        digits = line.removesuffix(b"L")
        self.stack.push(int(digits) if is_whole and digits.removeprefix(b"-").isdigit() else UNKNOWN)

    def tuple_of(self, parts: list[Value]) -> None:
        """A tuple."""
        is_kept = len(parts) <= MAX_PARTS and self._budget.keep(_OBJECT_BYTES + _SLOT_BYTES * len(parts))
        self.stack.push(tuple(parts) if is_kept else UNKNOWN)

    def dict_of(self, items: list[Value]) -> None:
        """A dict of keys and values in turn."""
        self.stack.push({} if self._budget.keep(_OBJECT_BYTES) else UNKNOWN)
        self.set_items(items)

    def set_items(self, items: list[Value]) -> None:
        """Keys and values in turn, put into the dict on top; anything else takes them, too."""
        target = self.stack.top()
        if not isinstance(target, dict):
            return
        for key, value in zip(items[::2], items[1::2], strict=False):
            if isinstance(key, str) and len(target) < MAX_PARTS and self._budget.keep(_OBJECT_BYTES):
                target[key] = value

    def memo_number(self) -> int:
        """The number in the line that follows. Raises Broken."""
        line, _ = self.source.line(_LONGEST_NUMBER)
        try:
            return int(line)
        except ValueError as error:
            raise Broken("it has a number that is none") from error

    # Imports and calls.

    def named_import(self) -> Global:
        """GLOBAL's and INST's two lines."""
        module, name = self._name_line(), self._name_line()
        return self._pickle.imported(Global(module, name))

    def stack_import(self) -> None:
        """STACK_GLOBAL. Raises Broken where what it takes can be no text."""
        names = self.last(2)
        match names:
            case [str() as module, str() as name]:
                self.stack.push(self._pickle.imported(Global(module, name)))
            case _ if all(isinstance(one, str | Instance | Unknown) for one in names):
                self._pickle.has_problem(Trouble.unresolved, "it computes the name of what it imports")
                self.stack.push(UNKNOWN)
            case _:
                raise Broken("it imports what is no name")

    def extension(self, size: int) -> None:
        """EXT: a name from a table that each process keeps."""
        number = int.from_bytes(self.source.take(size), "little")
        self._pickle.has_problem(Trouble.unresolved, f"it imports number {number} of copyreg's registry")
        self.stack.push(UNKNOWN)

    def call(self, function: Value, arguments: list[Value] | Value) -> None:
        """What `function` gives. `getattr` and the like are followed: their results are as good as imports."""
        if not isinstance(function, Global):
            self._call_made(function)
            self.stack.push(UNKNOWN)
            return
        self._pickle.has_called = True
        if isinstance(arguments, list):
            arguments = tuple(arguments) if len(arguments) <= MAX_PARTS else UNKNOWN
        manner = manner_of(function)
        if manner.called:
            self._call_parts(arguments, manner.called)
        if manner.takes_attribute:
            self.stack.push(self._attribute(arguments))
        elif manner.imports:
            self.stack.push(self._named(arguments))
        else:
            self.stack.push(Instance(function, arguments) if self._budget.keep(2 * _OBJECT_BYTES) else UNKNOWN)

    def _call_made(self, function: Value) -> None:
        """A call of what is no import but was made: its class decides what happens."""
        if isinstance(function, Instance):
            self._pickle.reaches(Global(function.callable.module, f"{function.callable.name}.__call__"))
        elif not isinstance(function, Global):
            self._pickle.has_problem(Trouble.unresolved, "it computes what it calls")

    def _call_parts(self, values: Value, places: Iterable[int]) -> None:
        """Calls of those of `values` that stand at `places`."""
        for place in places:
            if not isinstance(values, tuple):
                self._call_made(values)
            elif place < len(values):
                self._call_made(values[place])

    def build(self) -> None:
        """BUILD: what is on top gets its state."""
        state = self.stack.pop()
        target = self.stack.top()
        if isinstance(target, Global):
            self._pickle.has_problem(Trouble.patched, f"it changes {target}")
        if isinstance(target, Instance):
            target.state = state
            if str(target.callable) == PARTIAL:
                self._call_parts(state, (0,))
            array = inline_array(target)
            if array is not None:
                self._pass_array(array)

    def _attribute(self, arguments: Value) -> Value:
        match arguments:
            case (Global() as owner, str() as name):
                return self._pickle.reaches(Global(owner.module, f"{owner.name}.{name}"))
            case (Instance() as owner, str() as name, *_):
                return self._pickle.reaches(Global(owner.callable.module, f"{owner.callable.name}.{name}"))
            case _:
                self._pickle.has_problem(Trouble.unresolved, "it computes what it takes by getattr")
                return UNKNOWN

    def _named(self, arguments: Value) -> Value:
        match arguments:
            case (str() as module, str() as name):
                return self._pickle.imported(Global(module, name))
            case _:
                self._pickle.has_problem(Trouble.unresolved, "it computes the name of what it imports")
                return UNKNOWN

    def _name_line(self) -> str:
        line, is_whole = self.source.line(MAX_NAME_BYTES)
        if not is_whole:
            raise LimitReached("it imports a name that is too long")
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise Broken("it imports a name that is no UTF-8") from error

    def _pass_array(self, array: InlineArray) -> None:
        if array.holds_objects:
            with self._budget.level():
                Machine(self.source, self._pickle, self._budget, self._nested).run(self._actions)
            return
        self._read_ahead()
        if array.is_aligned:
            self.source.skip(self.source.byte())
        self.source.skip(array.size_bytes)

    def _read_ahead(self) -> None:
        """Follows the bytes of an array as opcodes, as far as they make sense: a plain unpickler would run them."""
        other = Pickle()
        ahead = Machine(Source(io.BytesIO(self.source.peek(_AHEAD_BYTES))), other, self._budget, _pass_over)
        ahead.stack, ahead.memo = self.stack.fork(), Memo(self.memo)
        with suppress(Halt):
            ahead.run(self._actions)
        for found in other.imports:
            self._pickle.has_problem(Trouble.two_ways, f"what is an array to joblib imports {found} for others")


def _pass_over(_: Window) -> None:
    """Looks into nothing."""
