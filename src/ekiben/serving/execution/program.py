"""A program: a generator that yields each call of the user's method and is sent its result (or thrown its exception).

So the algorithms around user code are written once and know neither threads nor event loop; a driver supplies those.
What user code raises is its request's business, whatever it is: a program sees Exceptions only, and so do its callers.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.context import Context
from ekiben.serving.execution.threads import Threads
from ekiben.serving.failures import is_own_end
from ekiben.serving.payload.call_arguments import CallArguments

R = TypeVar("R")

USER_FAILURES = (BaseException,)  # what user code may raise where it is called: anything
CALL_FAILURES = (Exception,)  # what a driver throws into a program in its place


class Escape(Exception):
    """User code raised what is no Exception, its `__cause__`: sys.exit(), a panic of foreign code, a GeneratorExit.

    Raised as it is, it would end the server's own loops and generators instead of one request.
    """

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"user code raised `{type(cause).__name__}`")
        self.__cause__ = cause


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of the user's method."""

    positional: tuple[object, ...]
    named: dict[str, object]


@dataclass(frozen=True, slots=True)
class Finished(Generic[R]):
    """The end of a program, with what it returned."""

    value: R


Program: TypeAlias = Generator[Invocation, object, R]


def invocation_of(endpoint: Endpoint, arguments: dict[str, object], context: Context | None) -> Invocation:
    """The call with these arguments, and the context where the method asks for one."""
    if endpoint.context_parameter is not None and context is not None:
        arguments = {**arguments, endpoint.context_parameter: context}
    root = endpoint.input.root
    if root is None:
        return Invocation((), arguments)
    value = arguments[root]
    if isinstance(value, CallArguments):
        return Invocation(value.positional, dict(value.named))
    return Invocation((value,), {name: value for name, value in arguments.items() if name != root})


def drive(program: Program[R], method: Callable[..., object]) -> R:
    """Runs a program whose method is an ordinary function."""
    step = proceed(program)
    while isinstance(step, Invocation):
        try:
            result = method(*step.positional, **step.named)
        except USER_FAILURES as error:
            step = proceed(program, error=_thrown(error))
        else:
            step = proceed(program, result)
    return step.value


async def drive_async(
    program: Program[R], method: Callable[..., Awaitable[object]], threads: Threads | None = None
) -> R:
    """Runs a program whose method is a coroutine function.

    What the program does itself runs in `threads`, where given.
    """

    result: object = None
    error: Exception | None = None
    try:
        while True:
            if threads is None:
                step = proceed(program, result, error)
            else:
                step = await threads.run(proceed, program, result, error)
            result = error = None
            if isinstance(step, Finished):
                return step.value
            try:
                result = await method(*step.positional, **step.named)
            except USER_FAILURES as raised:
                if is_own_end(raised):
                    raise
                error = _thrown(raised)
    finally:
        # A cancelled call leaves no folder behind. A program that runs in a thread cannot be closed from here; it is
        # closed when that thread drops its last reference.
        if threads is None or inspect.getgeneratorstate(program) != inspect.GEN_RUNNING:
            program.close()


def proceed(program: Program[R], result: object = None, error: Exception | None = None) -> Invocation | Finished[R]:
    """Runs the program up to its next call of user code, handing it the outcome of the last one, or to its end."""
    try:
        return program.send(result) if error is None else program.throw(error)
    except StopIteration as end:
        return Finished(end.value)
    except USER_FAILURES as escaped:  # decoding and encoding call user code, too
        if isinstance(escaped, Exception):
            raise
        raise Escape(escaped) from escaped


def call_contained(function: Callable[[], R]) -> R:
    """Calls user code in a thread; what no future can carry leaves it as an Escape.

    A future that ends in a GeneratorExit would close the coroutines that await it rather than raise in them, and one
    never ends in a StopIteration.
    """
    try:
        return function()
    except USER_FAILURES as error:
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            raise
        raise Escape(error) from error


def _thrown(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else Escape(error)
