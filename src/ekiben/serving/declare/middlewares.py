"""`Middleware`: an ASGI middleware of a service, as `Service.add_asgi_middleware` was given it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.declare.mounts import AsgiApp


@dataclass(frozen=True, slots=True)
class Middleware:
    """`factory(app, **options)` is an ASGI app around `app`."""

    factory: Callable[..., Any]
    options: Mapping[str, object]

    def make(self, app: AsgiApp) -> AsgiApp:
        """The app with this around it. Raises ServiceError for options that it does not take."""
        try:
            made: AsgiApp = self.factory(app, **self.options)
        except TypeError as error:
            name = getattr(self.factory, "__name__", repr(self.factory))
            raise ServiceError(f"the middleware `{name}` cannot be made: {error}") from error
        return made


def make_middleware(factory: object, options: Mapping[str, object]) -> Middleware:
    """The middleware. Raises ServiceError for what is none."""
    if not callable(factory):
        raise ServiceError(
            f"`{factory!r}` is no ASGI middleware", hint="a class that takes the app, such as Starlette's"
        )
    return Middleware(factory, dict(options))
