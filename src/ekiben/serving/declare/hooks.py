"""`@on_startup` and `@on_shutdown`: methods that run once per instance, before its first and after its last call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from ekiben.errors import ServiceError
from ekiben.serving.declare.signature import place_of

Hook = TypeVar("Hook", bound=Callable[..., object])

_MARK = "__ekiben_hook__"
STARTUP = "startup"
SHUTDOWN = "shutdown"


def on_startup(method: Hook) -> Hook:
    """Runs the method (sync or async, only `self`) after `__init__`; the worker is ready when it has returned."""
    return _mark(method, STARTUP)


def on_shutdown(method: Hook) -> Hook:
    """Runs the method (sync or async, no parameters but `self`) when the worker stops, after its last call."""
    return _mark(method, SHUTDOWN)


def hooks_of(cls: type, kind: str) -> tuple[str, ...]:
    """The names of the class's hooks of that kind: base classes first, then in order of declaration."""
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if getattr(value, _MARK, None) == kind:
                names[name] = None
    return tuple(names)


def _mark(method: Hook, kind: str) -> Hook:
    if len(inspect.signature(method).parameters) != 1:
        raise ServiceError(
            f"{place_of(method)}: a {kind} hook takes no parameters but `self`",
            hint="keep what calls share on `self`",
        )
    setattr(method, _MARK, kind)
    return method
