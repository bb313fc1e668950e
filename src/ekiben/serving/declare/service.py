"""`@service`: makes a class a service; `Service`: the class with all that was declared about it, checked.

Nothing is instantiated here and no model is looked up: `service()` makes an instance, when the server (or a test) wants
one.
"""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, overload

from ekiben.errors import ServiceError
from ekiben.frameworks.huggingface import HuggingFaceModel
from ekiben.serving.config.classic import RunnerFacts
from ekiben.serving.declare.api import Endpoint, endpoints_of
from ekiben.serving.declare.config import check_config, declared_environment, without_image
from ekiben.serving.declare.dependency import Dependency, dependencies_of
from ekiben.serving.declare.hooks import SHUTDOWN, STARTUP, check_health_hooks, hooks_of
from ekiben.serving.declare.image import declared_image
from ekiben.serving.declare.middlewares import Middleware, make_middleware
from ekiben.serving.declare.mounts import AsgiApp, Mount, check_mounts, make_mount, mounts_of
from ekiben.serving.declare.wsgi import WsgiApp, from_wsgi
from ekiben.store.reference import BentoModel


class Service:
    """A declared service. Calling it makes an instance of the class, for plain use: `Iris().predict(x)`.

    `config` is what the decorator was given, as it was given, but for its `image`; `place` is the file and line of the
    class; `endpoints` are by API name, in order of declaration;
    `models` are the BentoModel and HuggingFaceModel attributes of the class and its bases, `dependencies` the other
    services that it calls; `mounts` are the ASGI apps beside the APIs, `middlewares` what is around them all.
    """

    runner_facts: RunnerFacts | None = None  # of a runner, which is configured in other words

    def __init__(self, inner: type, *, name: str | None = None, config: Mapping[str, object] | None = None) -> None:
        place = _place_of(inner)
        self.inner = inner
        self.name = name or inner.__name__
        check_config(config or {}, place)
        self.config: Mapping[str, object] = MappingProxyType(without_image(config or {}))
        self.image = declared_image(config or {}, place)
        self.place = place
        for variable, value in declared_environment(self.config).items():
            os.environ.setdefault(variable, value)
        self.endpoints: Mapping[str, Endpoint] = MappingProxyType(self.read_endpoints(place))
        self.models = _models_of(inner)
        self.dependencies: Mapping[str, Dependency] = MappingProxyType(dependencies_of(inner))
        self.mounts: tuple[Mount, ...] = mounts_of(inner)
        self.middlewares: tuple[Middleware, ...] = ()
        check_health_hooks(inner)
        self.startup_hooks = hooks_of(inner, STARTUP)
        self.shutdown_hooks = hooks_of(inner, SHUTDOWN)
        self.__doc__ = inner.__doc__
        self.__module__ = inner.__module__

    def read_endpoints(self, place: str) -> Mapping[str, Endpoint]:
        """The endpoints by API name, read once, when the service is declared. Raises ServiceError, also where it has
        none."""
        endpoints = endpoints_of(self.inner)
        if not endpoints:
            raise ServiceError(
                f"{place}: the service `{self.name}` has no API", hint="mark a method with `@ekiben.api`"
            )
        return endpoints

    @property
    def doc(self) -> str:
        """What the service is: `description` of the decorator, else the class's docstring."""
        said = self.config.get("description")
        return str(said) if said else inspect.cleandoc(self.inner.__dict__.get("__doc__") or "")

    @property
    def import_string(self) -> str:
        """`module:Class`, where the class was written."""
        return f"{self.inner.__module__}:{self.inner.__qualname__}"

    def mount_asgi_app(self, app: AsgiApp, path: str = "/", name: str | None = None) -> None:
        """Mounts an ASGI 3 app at `path`, as `@asgi_app` does. Raises ServiceError where it cannot be served there."""
        mounts = (*self.mounts, make_mount(app, path, name))
        check_mounts(mounts, self.inner)
        self.mounts = mounts

    def mount_wsgi_app(self, app: WsgiApp, path: str = "/", name: str | None = None) -> None:
        """The same with a WSGI app (Flask, Django), which is called in threads."""
        self.mount_asgi_app(from_wsgi(app), path=path, name=name)

    def add_asgi_middleware(self, middleware_cls: Callable[..., object], **options: object) -> None:
        """Puts `middleware_cls(app, **options)` around all that the service answers; the first that was added is the
        outermost. Such a service is served through ASGI, at its cost. Raises ServiceError for what is none."""
        self.middlewares = (*self.middlewares, make_middleware(middleware_cls, options))

    def to_asgi(self) -> AsgiApp:
        """The service as an ASGI 3 app, in this process: for test clients, and inside another server.

        It comes up with the app's lifespan, else with the first request.
        """
        embedded = importlib.import_module("ekiben.serving.embedded")  # the server, which stands above declarations
        app: AsgiApp = embedded.app_of(self)
        return app

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """An instance of the class. Any, because type checkers shall take the user's own methods on it."""
        return self.inner(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Service {self.name} ({self.import_string})>"


@overload
def service(cls: type, /) -> Service: ...


@overload
def service(cls: None = None, /, *, name: str | None = None, **config: object) -> Callable[[type], Service]: ...


def service(
    cls: type | None = None, /, *, name: str | None = None, **config: object
) -> Service | Callable[[type], Service]:
    """Makes a class a service, with or without arguments: `@service` or `@service(workers=2, traffic={"timeout": 10})`.

    `name` is the class's name by default. Raises ServiceError for a declaration that cannot be served, with its place.
    """

    def declare(inner: type) -> Service:
        if not isinstance(inner, type):
            raise ServiceError(f"`@service` is for classes, not for `{inner!r}`")
        return Service(inner, name=name, config=config)

    return declare if cls is None else declare(cls)


def _models_of(inner: type) -> tuple[BentoModel | HuggingFaceModel, ...]:
    attributes: dict[str, object] = {}
    for base in reversed(inner.__mro__):
        attributes.update(vars(base))
    return tuple(value for value in attributes.values() if isinstance(value, BentoModel | HuggingFaceModel))


def _place_of(inner: type) -> str:
    """`file:line` of the class, as near as it can be told."""
    try:
        return f"{inspect.getsourcefile(inner)}:{inspect.getsourcelines(inner)[1]}"
    except (OSError, TypeError):
        return f"{inner.__module__}.{inner.__qualname__}"
