"""`Service(name, runners=[...])`: the classic style, in which APIs are functions and models run in runners.

To the engine it is a service like any other: the functions are methods of a class that is made for it, and each runner
is another service that it depends on.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from ekiben.errors import ServiceError
from ekiben.frameworks.runner import Runner
from ekiben.serving.calling.callee import Callee
from ekiben.serving.classic.functions import make_api, method_of
from ekiben.serving.classic.handle import ServedRunner
from ekiben.serving.classic.hooks import ClassicInstance, hook_method
from ekiben.serving.classic.io.descriptor import IODescriptor
from ekiben.serving.classic.runners import RunnerDependency
from ekiben.serving.classic.specs import descriptor_of
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.hooks import on_deployment
from ekiben.serving.declare.mounts import AsgiApp
from ekiben.serving.declare.service import Service as DeclaredService
from ekiben.store.models import Model
from ekiben.store.reference import BentoModel

logger = logging.getLogger("ekiben.serving")

Function = TypeVar("Function", bound=Callable[..., Any])

_THREADS = 40  # that synchronous functions run in, as in BentoML: most of them wait for runners


class _BothStyles(type):
    """`isinstance(one, ekiben.Service)` holds for services of either style."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, DeclaredService)


class Service(DeclaredService, metaclass=_BothStyles):
    """A service of functions: `svc = Service("tickets", runners=[embedder])`, then `@svc.api(...)` for each API.

    `models` are those that its functions load themselves. Each runner is served as a service of its own, under its
    name, when this one is. Raises ServiceError for runners of one name, and for what is no runner.
    """

    def __init__(
        self,
        name: str,
        *,
        runners: Sequence[Runner] | None = None,
        models: Sequence[Model | BentoModel] | None = None,
        tracing: Mapping[str, object] | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise ServiceError(f"`{name!r}` is no name of a service", hint="decorate a class with `@ekiben.service`")
        module = sys._getframe(1).f_globals.get("__name__", "__main__")
        self.runners = _checked_runners(name, runners or ())
        self._endpoints: dict[str, Endpoint] = {}
        inner = type("Functions", (ClassicInstance,), {"__module__": module, "__doc__": None})
        super().__init__(inner, name=name, config={"threads": _THREADS})
        self.dependencies = MappingProxyType({one.name: RunnerDependency(one) for one in self.runners})
        self.models = _models_of(name, self.runners, models or ())
        self.tracing = dict(tracing or {})
        if self.tracing:
            logger.warning(
                "`tracing` of the service `%s`: no spans are sent by this version; trace headers go along", name
            )

    def read_endpoints(self, place: str) -> Mapping[str, Endpoint]:
        """Those that `api` has added so far, and adds."""
        return self._endpoints

    @property
    def apis(self) -> Mapping[str, Endpoint]:
        """BentoML's name for the endpoints."""
        return self.endpoints

    @property
    def asgi_app(self) -> AsgiApp:
        """BentoML's name for `to_asgi()`."""
        return self.to_asgi()

    @property
    def import_string(self) -> str:
        """`module:variable`, where one of the module's variables is this service."""
        module = self.inner.__module__
        names = (name for name, value in vars(sys.modules[module]).items() if value is self)
        return f"{module}:{next(names, self.name)}"

    def api(
        self,
        input: IODescriptor,
        output: IODescriptor,
        *,
        name: str | None = None,
        doc: str | None = None,
        route: str | None = None,
    ) -> Callable[[Function], Function]:
        """Makes a function (sync or async) an API: POST at `route`, by default `/` and its `name`, the function's own.

        It takes the input's value (each part of a `Multipart` by its name), and a Context where it has one more
        parameter. Raises ServiceError where it cannot be served so.
        """
        reads, writes = descriptor_of(input, "input"), descriptor_of(output, "output")

        def add(function: Function) -> Function:
            endpoint = make_api(function, reads, writes, name=name, doc=doc, route=route)
            taken = [one.route for one in self._endpoints.values()]
            if endpoint.name in self._endpoints or endpoint.route in taken:
                raise ServiceError(f"`{self.name}` has an API `{endpoint.name}` or at `{endpoint.route}` already")
            self._endpoints[endpoint.name] = endpoint
            setattr(self.inner, endpoint.function, staticmethod(method_of(function, endpoint)))
            return function

        return add

    def on_startup(self, function: Function) -> Function:
        """Runs the function (sync or async) before the first request, with a Context where it takes one: its `state`
        is that of every request's."""
        self.startup_hooks = (*self.startup_hooks, self._add_hook(function))
        return function

    def on_shutdown(self, function: Function) -> Function:
        """Runs the function after the last request, as `on_startup` does before the first."""
        self.shutdown_hooks = (*self.shutdown_hooks, self._add_hook(function))
        return function

    def on_deployment(self, function: Function) -> Function:
        """Runs the function (no parameters) once when a server starts, before any worker, in its own process."""
        setattr(self.inner, f"__deployment_{len(vars(self.inner))}__", on_deployment(function))
        return function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """An instance with the functions as methods; in a server, runners are bound to where their calls go."""
        instance = self.inner(*args, **kwargs)
        for dependency in self.dependencies.values():
            callee = dependency.__get__(instance, self.inner)
            if isinstance(dependency, RunnerDependency) and isinstance(callee, Callee):
                dependency.runner.bind(ServedRunner(callee))
        return instance

    def _add_hook(self, function: Callable[..., Any]) -> str:
        name = f"__hook_{len(self.startup_hooks) + len(self.shutdown_hooks)}__"
        setattr(self.inner, name, hook_method(function))
        return name


def _checked_runners(service: str, runners: Sequence[Runner]) -> tuple[Runner, ...]:
    names: set[str] = set()
    for one in runners:
        given: object = one
        if not isinstance(given, Runner):
            raise ServiceError(f"`{given!r}` in `runners` of `{service}` is no runner", hint="`model.to_runner()`")
        if one.name in names or one.name == service:
            raise ServiceError(f"two services of `{service}` are named `{one.name}`", hint="give the runner a `name`")
        names.add(one.name)
    return tuple(runners)


def _models_of(service: str, runners: Sequence[Runner], models: Sequence[Model | BentoModel]) -> tuple[BentoModel, ...]:
    for one in models:
        given: object = one
        if not isinstance(given, Model | BentoModel):
            raise ServiceError(f"`{given!r}` in `models` of `{service}` is no model", hint="`ekiben.models.get(...)`")
    named = [*models, *(model for one in runners for model in one.models)]
    return tuple({str(one.tag): BentoModel(one.tag) for one in named}.values())
