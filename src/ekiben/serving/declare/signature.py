"""What a method's signature says: parameters with resolved annotations, the Context, the result."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.declare.context import Context
from ekiben.serving.payload.annotations import iteration_of
from ekiben.serving.payload.input import Parameter

_CONTEXT_NAMES = ("ctx", "context")
_VARIADIC = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


@dataclass(frozen=True, slots=True)
class MethodSignature:
    """`has_root`: the only parameter is positional-only: the body is its value. `returns`: Any where not said."""

    parameters: tuple[Parameter, ...]
    context_parameter: str | None
    has_root: bool
    returns: object


@dataclass(frozen=True, slots=True)
class MethodKind:
    """How a method is run: on the loop or in a thread, and whether it answers in pieces."""

    is_async: bool
    is_stream: bool


def kind_of(function: Callable[..., object], returns: object) -> MethodKind:
    """The kind of a method, from what it is and what it says it returns. Raises ServiceError where the two disagree.

    A generator streams; so does a method that says it returns an iterator, which it made otherwise.
    """
    plain = inspect.unwrap(function)
    is_generator, is_async_generator = inspect.isgeneratorfunction(plain), inspect.isasyncgenfunction(plain)
    is_async = inspect.iscoroutinefunction(plain) or is_async_generator
    iteration = iteration_of(returns)
    if iteration is None:
        if (is_generator or is_async_generator) and returns is not Any:
            raise ServiceError(
                f"{place_of(function)}: a generator is annotated with the iterator that it is",
                hint="`-> Iterator[str]`, or `-> AsyncIterator[str]` where it is async",
            )
        return MethodKind(is_async, is_generator or is_async_generator)
    if not (is_generator or is_async_generator or iteration.is_async or iteration.is_lazy):
        return MethodKind(is_async, is_stream=False)
    if is_generator if iteration.is_async else is_async:
        raise ServiceError(
            f"{place_of(function)}: {'an async' if is_async else 'a sync'} method cannot return what is annotated",
            hint="`-> Iterator[str]` goes with `def`, `-> AsyncIterator[str]` with `async def`",
        )
    return MethodKind(iteration.is_async, is_stream=True)


def place_of(function: Callable[..., object]) -> str:
    """`file:line` of the function, for messages."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def read_signature(function: Callable[..., object], *, is_open: bool = False) -> MethodSignature:
    """The signature of a method of a service class (its first parameter, `self`, left out). Raises ServiceError.

    `is_open`: what is passed is said elsewhere, so that `**params` may take it.
    """
    hints = _resolved_hints(function)
    found = list(inspect.signature(function).parameters.values())[1:]
    context = next((one.name for one in found if _is_context(one, hints)), None)
    rest = [one for one in found if one.name != context and not (is_open and one.kind is one.VAR_KEYWORD)]
    for one in rest:
        if one.kind in _VARIADIC:
            raise ServiceError(
                f"{place_of(function)}: `{_VARIADIC[one.kind]}{one.name}` cannot be filled from a request",
                hint="name every parameter; take a `dict[str, object]` for free-form input",
            )
    roots = [one for one in rest if one.kind is inspect.Parameter.POSITIONAL_ONLY]
    if roots and len(rest) > 1:
        raise ServiceError(
            f"{place_of(function)}: `{roots[0].name}` is positional-only (the whole body), but not alone",
            hint="remove the `/`, or gather the parameters in one pydantic model",
        )
    parameters = tuple(Parameter(one.name, hints.get(one.name, Any), one.default) for one in rest)
    return MethodSignature(parameters, context, bool(roots), hints.get("return", Any))


def _resolved_hints(function: Callable[..., object]) -> dict[str, object]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise ServiceError(
            f"{place_of(function)}: an annotation cannot be resolved: {error}",
            hint="types of parameters and results must be importable at module level, not under TYPE_CHECKING",
        ) from error


def _is_context(parameter: inspect.Parameter, hints: dict[str, object]) -> bool:
    if parameter.name in hints:
        hint = hints[parameter.name]
        return hint is Context or Context in typing.get_args(hint)
    return parameter.name in _CONTEXT_NAMES
