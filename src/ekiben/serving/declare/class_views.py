"""Routes of a mounted app that are methods of the service: they are given its instance, as BentoML does for FastAPI.

    @app.get("/hello")
    def hello(self, name: str) -> str: ...

The route is made anew, with an endpoint that has no `self` and finds the instance when it is called. That takes an
instance in the server's process, where apps run.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.declare.server_context import get_current_service
from ekiben.serving.declare.signature import place_of


def bind_class_views(app: object, cls: type) -> None:
    """Gives the routes of `app` that are methods of `cls` its instance. Raises ServiceError for one that takes none."""
    routes = getattr(app, "routes", None)
    if not isinstance(routes, list):
        return
    methods = {id(value) for value in vars(cls).values() if inspect.isfunction(value)}
    for at, route in enumerate(routes):
        endpoint = getattr(route, "endpoint", None)
        if endpoint is not None and id(endpoint) in methods:
            routes[at] = _made_anew(route, _bound_late(endpoint))


def _made_anew(route: Any, endpoint: Callable[..., Any]) -> object:
    """The same route with another endpoint: whoever made it reads an endpoint's parameters only then."""
    given = [one for one in inspect.signature(type(route)).parameters if one != "endpoint" and hasattr(route, one)]
    return type(route)(**{name: getattr(route, name) for name in given}, endpoint=endpoint)


def _bound_late(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)
    parameters = list(signature.parameters.values())
    if not parameters:
        raise ServiceError(f"{place_of(method)}: a route that is a method takes `self`")

    def view(*arguments: Any, **named: Any) -> Any:
        return method(get_current_service(), *arguments, **named)

    async def async_view(*arguments: Any, **named: Any) -> Any:
        return await method(get_current_service(), *arguments, **named)

    found = functools.wraps(method)(async_view if inspect.iscoroutinefunction(method) else view)
    vars(found)["__signature__"] = signature.replace(parameters=parameters[1:])
    return found
