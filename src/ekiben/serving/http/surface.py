"""`Surface`: what is around a service's handlers, as configured: path prefix, middlewares, cross-origin rules.

What is not configured is not there: the router's own functions are the surface then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from ekiben.errors import SettingsError
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.middlewares import Middleware
from ekiben.serving.http.cors import CorsSurface, cors_policy
from ekiben.serving.http.h1.state import begin_none
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Begin, Handler, Router
from ekiben.serving.http.websocket import FindSocketHandler
from ekiben.serving.http.wrapped import WrappedRouter
from ekiben.serving.wire import Payload, Reply

Routes: TypeAlias = Mapping[str, Mapping[str, Handler]]

# What probes, scrapers and clients ask for before they know of a prefix.
WITHOUT_PREFIX = ("/livez", "/healthz", "/readyz", "/metrics", "/schema.json")


@dataclass(frozen=True, slots=True)
class Surface:
    """What a transport is given."""

    answer: Handler
    begin: Begin
    find_socket: FindSocketHandler


def surface_of(router: Router, middlewares: Sequence[Middleware], config: ServerConfig) -> Surface:
    """The router with what is configured around it. Raises SettingsError, ServiceError where that cannot be."""
    surface = Surface(router.answer, router.begin, router.find_socket)
    if middlewares:
        wrapped = WrappedRouter(router, middlewares)
        surface = Surface(wrapped.answer, begin_none, wrapped.find_socket)
    policy = cors_policy(config)
    if policy is not None:
        cors = CorsSurface(policy, surface.answer, surface.begin)
        surface = Surface(cors.answer, cors.begin, surface.find_socket)
    return surface


def placed(routes: Routes, config: ServerConfig) -> Routes:
    """The routes where they are configured to be: below the prefix, and what is asked for without one there, too.

    Raises SettingsError where a path of `endpoints` is taken.
    """
    prefix = config.path_prefix.value
    found = dict(routes)
    if prefix:
        found = {f"{prefix}{path}": handlers for path, handlers in routes.items()}
        found[prefix] = {"GET": _redirect(f"{prefix}/")}  # where the links of the page lead below it
        found |= {path: routes[path] for path in WITHOUT_PREFIX if path in routes}
    for name, path in (("/livez", config.livez_path.value), ("/readyz", config.readyz_path.value)):
        if path is not None and found.setdefault(path, routes[name]) is not routes[name]:
            raise SettingsError(f"`endpoints{name.replace('/', '.')}`: `{path}` is a route already")
    return found


def _redirect(place: str) -> Handler:
    async def handler(request: Request) -> Reply:
        return Reply(HTTPStatus.TEMPORARY_REDIRECT, Payload("", b""), (("location", place),))

    return handler
