"""`@on_startup` and `@on_shutdown`: methods that run once per instance, before its first and after its last call.

And `__is_alive__` and `__is_ready__`, which go by their names, as in BentoML: they say how the service is.
"""

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
ALIVE = "__is_alive__"
READY = "__is_ready__"
STATE = "__ekiben_state__"  # of an instance: the dictionary that its hooks share with every Context


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


def check_health_hooks(cls: type) -> None:
    """Raises ServiceError for an `__is_alive__` or `__is_ready__` that cannot be asked."""
    for name in (ALIVE, READY):
        hook = getattr(cls, name, None)
        if inspect.isfunction(hook):
            _check_parameters(hook, f"`{name}`")


def _check_parameters(method: Callable[..., object], what: str) -> None:
    if len(inspect.signature(method).parameters) != 1:
        raise ServiceError(
            f"{place_of(method)}: {what} takes no parameters but `self`", hint="keep what calls share on `self`"
        )


def _mark(method: Hook, kind: str) -> Hook:
    _check_parameters(method, f"a {kind} hook")
    setattr(method, _MARK, kind)
    return method
