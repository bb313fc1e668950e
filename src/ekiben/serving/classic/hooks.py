"""What a worker makes of a classic service: an instance whose methods are functions, and hooks that get a Context."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.hooks import STATE
from ekiben.serving.declare.signature import place_of
from ekiben.serving.payload.folder import RequestFolder


class ClassicInstance:
    """The base of the class that is made for a classic service: nothing on it can meet the name of an API."""

    def __init__(self) -> None:
        setattr(self, STATE, {})


def hook_method(function: Callable[..., Any]) -> Callable[[ClassicInstance], Any]:
    """The function as a method without parameters. Raises ServiceError for one that takes more than a Context."""
    parameters = len(inspect.signature(function).parameters)
    if parameters > 1:
        raise ServiceError(f"{place_of(function)}: a hook takes a Context, or nothing")
    if inspect.iscoroutinefunction(function):

        async def hook_async(self: ClassicInstance) -> None:
            await function(*([_context(self)] if parameters else []))

        return hook_async

    def hook(self: ClassicInstance) -> None:
        function(*([_context(self)] if parameters else []))

    return hook


def _context(instance: ClassicInstance) -> Context:
    return Context(members=(), folder=RequestFolder(), state=getattr(instance, STATE))
