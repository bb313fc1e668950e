"""`Runner`: a Runnable under a name, with limits of its batches: what a classic service lists, and calls by `.run`.

Where its calls go is a `RunnerHandle`'s matter: none before the server (or `init_local`) gives one. The server's is in
`serving.classic`; how a runner becomes a service of its own is told there, too.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ekiben.errors import NotActedOn, ServiceError
from ekiben.frameworks.local_runner import LocalRunnable
from ekiben.frameworks.runnable import Runnable, RunnableMethod, methods_of
from ekiben.frameworks.saver import to_runnable
from ekiben.report import logger
from ekiben.store.models import Model

_NAME = re.compile(r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?")  # a Tag's name, in upper case, too
_LIMITS = ("max_batch_size", "max_latency_ms")
_DEFAULT_METHOD = "__call__"


class RunnerHandle(Protocol):
    """Where a runner's calls go."""

    def run(self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The method's result, waited for in this thread."""

    async def async_run(self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The same without blocking the loop."""

    def async_stream(
        self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> AsyncIterator[Any]:
        """The items of a method that answers in pieces."""

    async def is_ready(self) -> bool:
        """Whether calls would be run now."""


@dataclass(frozen=True, slots=True)
class RunnerMethod:
    """One method of a runner, as services call it. Limits are None where the configuration decides."""

    runner: Runner
    declared: RunnableMethod
    max_batch_size: int | None
    max_latency_ms: float | None

    @property
    def name(self) -> str:
        """The method's name on the Runnable."""
        return self.declared.name

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """The result. Blocks: for synchronous APIs and scripts."""
        return self.runner.handle.run(self.declared, args, kwargs)

    __call__ = run  # a method that is itself named `run` stands in the place of `Runner.run`

    async def async_run(self, *args: Any, **kwargs: Any) -> Any:
        """The result, for asynchronous APIs; several at once are gathered into batches."""
        return await self.runner.handle.async_run(self.declared, args, kwargs)

    def async_stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """The items of a method that yields."""
        return self.runner.handle.async_stream(self.declared, args, kwargs)


class Runner:
    """A Runnable that a classic service runs in workers of its own.

    Its methods are attributes (`runner.encode.async_run(texts)`); where there is one alone, or a `__call__`, `run` and
    `async_run` of the runner itself mean that. `methods` are by name.
    """

    def __init__(
        self,
        runnable_class: type[Runnable],
        *,
        name: str | None = None,
        runnable_init_params: Mapping[str, object] | None = None,
        models: Sequence[Model] | None = None,
        max_batch_size: int | None = None,
        max_latency_ms: float | None = None,
        method_configs: Mapping[str, Mapping[str, float]] | None = None,
        embedded: bool = False,
        scheduling_strategy: object = None,
    ) -> None:
        """`method_configs` are limits of single methods, `{"predict": {"max_batch_size": 8}}`, and go before
        `max_batch_size` and `max_latency_ms`; what neither says, the configuration does. An `embedded` runner runs in
        the process of its service. Without `name`, that of the class in lower case. Raises ServiceError.
        """
        if scheduling_strategy is not None:
            raise NotActedOn(
                "`scheduling_strategy` is not acted on by this version",
                hint="say `workers_per_resource` and `resources` under `runners` in the configuration file",
            )
        self.runnable_class = runnable_class
        self.name = _named(name, runnable_class)
        self.runnable_init_params = dict(runnable_init_params or {})
        self.models = tuple(models or ())
        self.embedded = embedded
        limits = _limits_by_method(self.name, method_configs or {})
        declared = methods_of(runnable_class)
        _check_methods(self.name, declared, limits)
        shared = {"max_batch_size": max_batch_size, "max_latency_ms": max_latency_ms}
        self.methods: Mapping[str, RunnerMethod] = {
            name: RunnerMethod(self, method, **_checked(self.name, {**shared, **limits.get(name, {})}))
            for name, method in declared.items()
        }
        vars(self).update(self.methods)
        self._handle: RunnerHandle | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> RunnerMethod: ...

    @property
    def handle(self) -> RunnerHandle:
        """Where calls go. Raises ServiceError while nothing runs them."""
        if self._handle is None:
            raise ServiceError(
                f"the runner `{self.name}` does not run here",
                hint="serve a service that lists it in `runners`; in a test or script, call its `init_local()`",
            )
        return self._handle

    @property
    def is_ready(self) -> bool:
        """Whether it has been told where its calls go."""
        return self._handle is not None

    async def runner_handle_is_ready(self) -> bool:
        """Whether calls would be run now."""
        return self._handle is not None and await self._handle.is_ready()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """The default method's result."""
        return self._default().run(*args, **kwargs)

    async def async_run(self, *args: Any, **kwargs: Any) -> Any:
        """The default method's result, for asynchronous APIs."""
        return await self._default().async_run(*args, **kwargs)

    def init_local(self, quiet: bool = False) -> None:
        """Makes the Runnable in this process and calls it directly from now on: for tests and scripts."""
        if not quiet:
            logger.warning("the runner `%s` runs inside this process: for tests and scripts", self.name)
        self.bind(LocalRunnable(self.runnable_class(**self.runnable_init_params)))

    def bind(self, handle: RunnerHandle) -> None:
        """Sends calls there from now on. The server's part; `init_local` is the user's."""
        self._handle = handle

    def destroy(self) -> None:
        """Forgets where calls went."""
        self._handle = None

    def _default(self) -> RunnerMethod:
        if len(self.methods) == 1:
            return next(iter(self.methods.values()))
        if _DEFAULT_METHOD in self.methods:
            return self.methods[_DEFAULT_METHOD]
        named = ", ".join(f"`{self.name}.{name}.run`" for name in self.methods)
        raise ServiceError(f"the runner `{self.name}` has several methods", hint=f"call one by name: {named}")

    def __repr__(self) -> str:
        return f"<Runner {self.name} ({', '.join(self.methods)})>"


def to_runner(
    model: Model,
    name: str | None = None,
    *,
    max_batch_size: int | None = None,
    max_latency_ms: float | None = None,
    method_configs: Mapping[str, Mapping[str, float]] | None = None,
    embedded: bool = False,
    scheduling_strategy: object = None,
) -> Runner:
    """A runner of a saved model, whose methods are the saved signatures; `name` is the model's by default.

    Raises FrameworkError for a model that no framework module of ekiben saved, ServiceError.
    """
    return Runner(
        to_runnable(model),
        name=name or model.tag.name,
        models=[model],
        max_batch_size=max_batch_size,
        max_latency_ms=max_latency_ms,
        method_configs=method_configs,
        embedded=embedded,
        scheduling_strategy=scheduling_strategy,
    )


def _named(name: str | None, runnable_class: type[Runnable]) -> str:
    given: object = runnable_class
    if not (isinstance(given, type) and issubclass(given, Runnable)):
        raise ServiceError(f"`{runnable_class!r}` is no Runnable", hint="subclass `ekiben.Runnable`")
    chosen = runnable_class.__name__.lower() if name is None else name
    if not _NAME.fullmatch(chosen):
        raise ServiceError(f"`{chosen}` is no name of a runner", hint="letters, digits, `-`, `_` and `.`, at most 63")
    return chosen


def _check_methods(runner: str, declared: Mapping[str, RunnableMethod], limits: Mapping[str, object]) -> None:
    for name in limits:
        if name not in declared:
            raise ServiceError(
                f"`method_configs` of the runner `{runner}` names `{name}`, which is no method of it",
                hint=f"methods are: {', '.join(declared)}",
            )
    for name in declared:
        if name in _OWN:
            raise ServiceError(f"the method `{name}` of the runner `{runner}` has the name of one of the runner's own")


def _limits_by_method(runner: str, raw: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    for method, limits in raw.items():
        for key in limits:
            if key not in _LIMITS:
                raise ServiceError(
                    f"`{key}` in `method_configs` of `{runner}.{method}` is not known", hint=f"keys are: {_LIMITS}"
                )
    return {method: dict(limits) for method, limits in raw.items()}


def _checked(runner: str, limits: Mapping[str, float | None]) -> dict[str, Any]:
    size, latency_ms = limits["max_batch_size"], limits["max_latency_ms"]
    if size is not None and (size < 1 or size != int(size)):
        raise ServiceError(
            f"`max_batch_size={size}` of the runner `{runner}`", hint="a whole number of rows, from 1 on"
        )
    if latency_ms is not None and latency_ms <= 0:
        raise ServiceError(f"`max_latency_ms={latency_ms}` of the runner `{runner}`", hint="milliseconds above 0")
    return {"max_batch_size": None if size is None else int(size), "max_latency_ms": latency_ms}


# What a method may not be called; `run` and `async_run` give way to a method of theirs
_OWN = {name for name in vars(Runner) if not name.startswith("_")} - {"run", "async_run"} | {
    *("name", "models", "methods", "embedded", "runnable_class", "runnable_init_params"),
}
