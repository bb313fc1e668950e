"""`@on_startup` and `@on_shutdown`: methods that run once per instance, before its first and after its last call.
`@on_deployment`: a function that runs once per server, before them all.

And `__is_alive__` and `__is_ready__`, which go by their names, as in BentoML: they say how the service is.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import TypeVar

from ekiben.errors import ServiceError
from ekiben.serving.declare.signature import place_of

logger = logging.getLogger("ekiben.serving")

Hook = TypeVar("Hook", bound=Callable[..., object])

_MARK = "__ekiben_hook__"
STARTUP = "startup"
SHUTDOWN = "shutdown"
DEPLOYMENT = "deployment"
HOOK_FAILURES = (Exception,)  # what a user's function may raise where it is called
ALIVE = "__is_alive__"
READY = "__is_ready__"
STATE = "__ekiben_state__"  # of an instance: the dictionary that its hooks share with every Context


def on_startup(method: Hook) -> Hook:
    """Runs the method (sync or async, only `self`) after `__init__`; the worker is ready when it has returned."""
    return _mark(method, STARTUP)


def on_shutdown(method: Hook) -> Hook:
    """Runs the method (sync or async, no parameters but `self`) when the worker stops, after its last call."""
    return _mark(method, SHUTDOWN)


def on_deployment(function: Callable[..., object]) -> staticmethod[..., object]:
    """Runs the function (no parameters, no `self`) once when a server starts, before any worker, in its own process.

    What it raises ends the start. A static method, with or without saying so.
    """
    plain = function.__func__ if isinstance(function, staticmethod) else function
    if inspect.signature(plain).parameters:
        raise ServiceError(
            f"{place_of(plain)}: a deployment hook takes no parameters, nor `self`",
            hint="no instance exists yet; what is for each of them goes into `@ekiben.on_startup`",
        )
    setattr(plain, _MARK, DEPLOYMENT)
    return function if isinstance(function, staticmethod) else staticmethod(function)


def run_deployment_hooks(cls: type) -> None:
    """Runs the class's deployment hooks: base classes' first, then in order. Raises ServiceError where one fails."""
    names = {name: None for base in reversed(cls.__mro__) for name in vars(base)}
    for name in names:
        hook = inspect.getattr_static(cls, name)
        plain = hook.__func__ if isinstance(hook, staticmethod) else None
        if getattr(plain, _MARK, None) != DEPLOYMENT or plain is None:
            continue
        try:
            plain()
        except HOOK_FAILURES as error:
            logger.exception("the deployment hook `%s` failed", name)
            raise ServiceError(f"the deployment hook `{name}` failed: {type(error).__name__}: {error}") from error


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
