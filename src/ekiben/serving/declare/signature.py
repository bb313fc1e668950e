"""What a method's signature says: parameters with resolved annotations, the Context, the result."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.declare.context import Context
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


def place_of(function: Callable[..., object]) -> str:
    """`file:line` of the function, for messages."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def read_signature(function: Callable[..., object]) -> MethodSignature:
    """The signature of a method of a service class (its first parameter, `self`, left out). Raises ServiceError."""
    hints = _resolved_hints(function)
    found = list(inspect.signature(function).parameters.values())[1:]
    context = next((one.name for one in found if _is_context(one, hints)), None)
    rest = [one for one in found if one.name != context]
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
