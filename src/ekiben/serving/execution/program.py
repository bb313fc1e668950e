"""A program: a generator that yields each call of the user's method and is sent its result (or thrown its exception).

So the algorithms around user code are written once and know neither threads nor event loop; a driver supplies those.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.context import Context

R = TypeVar("R")

USER_FAILURES = (Exception, SystemExit)  # sys.exit() in a method ends its request, not the server


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of the user's method."""

    positional: tuple[object, ...]
    named: dict[str, object]


Program: TypeAlias = Generator[Invocation, object, R]


def invocation_of(endpoint: Endpoint, arguments: dict[str, object], context: Context | None) -> Invocation:
    """The call with these arguments, and the context where the method asks for one."""
    if endpoint.context_parameter is not None and context is not None:
        arguments = {**arguments, endpoint.context_parameter: context}
    root = endpoint.input.root
    if root is None:
        return Invocation((), arguments)
    return Invocation((arguments[root],), {name: value for name, value in arguments.items() if name != root})


def drive(program: Program[R], method: Callable[..., object]) -> R:
    """Runs a program whose method is an ordinary function."""
    try:
        invocation = next(program)
        while True:
            try:
                result = method(*invocation.positional, **invocation.named)
            except USER_FAILURES as error:
                invocation = program.throw(error)
            else:
                invocation = program.send(result)
    except StopIteration as end:
        value: R = end.value
        return value


async def drive_async(program: Program[R], method: Callable[..., Awaitable[object]]) -> R:
    """Runs a program whose method is a coroutine function."""
    try:
        invocation = next(program)
        while True:
            try:
                result = await method(*invocation.positional, **invocation.named)
            except USER_FAILURES as error:
                invocation = program.throw(error)
            else:
                invocation = program.send(result)
    except StopIteration as end:
        value: R = end.value
        return value
    finally:
        program.close()  # a cancelled call leaves no folder behind
