"""What each opcode reads and does. The names, codes and stack effects are pickletools'; how arguments are read is not:
pickletools wants ASCII where the unpickler takes UTF-8, and reads whatever length it is told.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable

from ekiben.packager.audit.pickles.limits import Broken
from ekiben.packager.audit.pickles.machine import HIGHEST_PROTOCOL, Action, Machine
from ekiben.packager.audit.pickles.values import UNKNOWN


def _counted(read: Callable[[Machine, int], None], width: int, *, signed: bool = False) -> Action:
    """As many bytes as a number of `width` bytes says."""

    def act(machine: Machine) -> None:
        size = int.from_bytes(machine.source.take(width), "little", signed=signed)
        if size < 0:
            raise Broken("it has a part of less than no bytes")
        read(machine, size)

    return act


def _number(width: int, *, signed: bool) -> Action:
    return lambda machine: machine.stack.push(int.from_bytes(machine.source.take(width), "little", signed=signed))


def _utf8(machine: Machine, size: int) -> None:
    machine.text(size, "utf-8", "surrogatepass")


def _python_2(machine: Machine, size: int) -> None:
    """A text whose encoding the loader chooses: Latin-1 reads all that is ASCII, and fails at nothing."""
    machine.text(size, "latin-1")


def _put(machine: Machine, number: int) -> None:
    machine.memo.put(number, machine.stack.top())


def _get(machine: Machine, number: int) -> None:
    machine.stack.push(machine.memo.get(number))


def _indexed(act: Callable[[Machine, int], None], width: int) -> Action:
    return lambda machine: act(machine, int.from_bytes(machine.source.take(width), "little"))


def _proto(machine: Machine) -> None:
    if machine.source.byte() > HIGHEST_PROTOCOL:
        raise Broken("it has a protocol that is not known")


def _stop(machine: Machine) -> bool:
    machine.stack.pop()
    return True


def _call(machine: Machine) -> None:
    function, arguments = machine.last(2)
    machine.call(function, arguments)


def _call_with_keywords(machine: Machine) -> None:
    function, arguments, _ = machine.last(3)
    machine.call(function, arguments)


def _call_first(machine: Machine) -> None:
    """OBJ: the first value above the mark is called with the others."""
    values = machine.stack.pop_to_mark()
    if not values:
        raise Broken("it calls nothing")
    machine.call(values[0], values[1:])


def _call_named(machine: Machine) -> None:
    """INST: the name is in the opcode, the arguments are above the mark."""
    found = machine.named_import()
    machine.call(found, machine.stack.pop_to_mark())


def _gather(machine: Machine) -> None:
    """APPENDS, ADDITEMS: values above the mark go into the one below, of which nothing is known for it."""
    machine.stack.pop_to_mark()
    machine.stack.top()


def _append(machine: Machine) -> None:
    machine.stack.pop()
    machine.stack.top()


def _plain(opcode: pickletools.OpcodeInfo) -> Action:
    """An opcode of no further interest: its argument passed over, values taken and unknown ones put as listed."""
    size = opcode.arg.n if opcode.arg is not None else 0
    before = [one for one in opcode.stack_before if one is not pickletools.stackslice]
    has_mark = pickletools.markobject in before
    below = before.index(pickletools.markobject) if has_mark else len(before)
    after = len(opcode.stack_after)

    def act(machine: Machine) -> None:
        if size == pickletools.UP_TO_NEWLINE:
            machine.source.line(0)
        elif size > 0:
            machine.source.skip(size)
        if has_mark:
            machine.stack.pop_to_mark()
        machine.last(below)
        for _ in range(after):
            machine.stack.push(UNKNOWN)

    return act


_SPECIAL: dict[str, Action] = {
    "PROTO": _proto,
    "STOP": _stop,
    "UNICODE": lambda machine: machine.text_line(is_quoted=False),
    "STRING": lambda machine: machine.text_line(is_quoted=True),
    "SHORT_BINUNICODE": _counted(_utf8, 1),
    "BINUNICODE": _counted(_utf8, 4),
    "BINUNICODE8": _counted(_utf8, 8),
    "SHORT_BINSTRING": _counted(_python_2, 1),
    "BINSTRING": _counted(_python_2, 4, signed=True),
    "SHORT_BINBYTES": _counted(Machine.raw, 1),
    "BINBYTES": _counted(Machine.raw, 4),
    "BINBYTES8": _counted(Machine.raw, 8),
    "BYTEARRAY8": _counted(Machine.raw, 8),
    "LONG1": _counted(Machine.long, 1),
    "LONG4": _counted(Machine.long, 4, signed=True),
    "INT": Machine.number_line,
    "LONG": Machine.number_line,
    "BININT": _number(4, signed=True),
    "BININT1": _number(1, signed=False),
    "BININT2": _number(2, signed=False),
    "EMPTY_TUPLE": lambda machine: machine.tuple_of([]),
    "TUPLE1": lambda machine: machine.tuple_of(machine.last(1)),
    "TUPLE2": lambda machine: machine.tuple_of(machine.last(2)),
    "TUPLE3": lambda machine: machine.tuple_of(machine.last(3)),
    "TUPLE": lambda machine: machine.tuple_of(machine.stack.pop_to_mark()),
    "EMPTY_DICT": lambda machine: machine.dict_of([]),
    "DICT": lambda machine: machine.dict_of(machine.stack.pop_to_mark()),
    "SETITEM": lambda machine: machine.set_items(machine.last(2)),
    "SETITEMS": lambda machine: machine.set_items(machine.stack.pop_to_mark()),
    "APPEND": _append,
    "APPENDS": _gather,
    "ADDITEMS": _gather,
    "MARK": lambda machine: machine.stack.mark(),
    "POP": lambda machine: machine.stack.drop(),
    "DUP": lambda machine: machine.stack.push(machine.stack.top()),
    "MEMOIZE": lambda machine: machine.memo.add(machine.stack.top()),
    "PUT": lambda machine: _put(machine, machine.memo_number()),
    "BINPUT": _indexed(_put, 1),
    "LONG_BINPUT": _indexed(_put, 4),
    "GET": lambda machine: _get(machine, machine.memo_number()),
    "BINGET": _indexed(_get, 1),
    "LONG_BINGET": _indexed(_get, 4),
    "GLOBAL": lambda machine: machine.stack.push(machine.named_import()),
    "STACK_GLOBAL": Machine.stack_import,
    "INST": _call_named,
    "OBJ": _call_first,
    "REDUCE": _call,
    "NEWOBJ": _call,
    "NEWOBJ_EX": _call_with_keywords,
    "BUILD": Machine.build,
    "EXT1": lambda machine: machine.extension(1),
    "EXT2": lambda machine: machine.extension(2),
    "EXT4": lambda machine: machine.extension(4),
}

ACTIONS: dict[int, Action] = {ord(one.code): _SPECIAL.get(one.name) or _plain(one) for one in pickletools.opcodes}
