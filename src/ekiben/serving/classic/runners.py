"""A Runner as a service of its own: its methods are the APIs, its Runnable the instance that a worker makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ekiben.frameworks.runnable import Runnable
from ekiben.frameworks.runner import Runner, RunnerMethod
from ekiben.serving.batching.options import DEFAULT_MAX_BATCH_SIZE, DEFAULT_MAX_LATENCY_S, BatchOptions
from ekiben.serving.classic.arguments import ArgumentsInput
from ekiben.serving.config.classic import RunnerFacts
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.dependency import Dependency
from ekiben.serving.declare.service import Service
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.payload.stream import StreamSpec
from ekiben.store.reference import BentoModel

_TIMEOUT_S = 900  # seconds; BentoML's for runners. What a request has left is less, and goes before it


class RunnerService(Service):
    """The service that a runner is. It stands in no module: who wants it finds it by its name, at its caller."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        super().__init__(runner.runnable_class, name=runner.name, config=_config_of(runner))
        self.models = tuple(BentoModel(model.tag) for model in runner.models)
        self.runner_facts = _facts_of(runner)

    def read_endpoints(self, place: str) -> Mapping[str, Endpoint]:
        """One for each method of the Runnable."""
        return {name: _endpoint_of(method) for name, method in self.runner.methods.items()}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """A Runnable, made with the runner's parameters."""
        return self.inner(*args, **{**self.runner.runnable_init_params, **kwargs})


class RunnerDependency(Dependency):
    """What a classic service calls its runner by. A hand-made instance has none: `init_local` is for that."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(RunnerService(runner))
        self.attribute = f"__runner_{runner.name}__"  # the name alone may be an API's
        self.runner = runner

    def _plain(self) -> object:
        return None


def _config_of(runner: Runner) -> dict[str, object]:
    """What a runner says of its workers by what it is. The configuration file's `runners` goes before it."""
    cls: type[Runnable] = runner.runnable_class
    config: dict[str, object] = {"traffic": {"timeout": _TIMEOUT_S}}
    if runner.embedded:
        return {**config, "isolation": "none"}
    if cls.SUPPORTS_CPU_MULTI_THREADING:
        return config
    return {**config, "workers": "cpu_count", "resources": {"cpu": 1}}


def _facts_of(runner: Runner) -> RunnerFacts:
    return RunnerFacts(
        resources=() if runner.embedded else runner.runnable_class.SUPPORTED_RESOURCES,
        is_multi_threaded=runner.runnable_class.SUPPORTS_CPU_MULTI_THREADING,
        batchable={name: _limits_of(one) for name, one in runner.methods.items() if one.declared.batchable},
        single=[name for name, one in runner.methods.items() if not one.declared.batchable],
    )


def _limits_of(method: RunnerMethod) -> frozenset[str]:
    given = {"max_batch_size": method.max_batch_size, "max_latency_ms": method.max_latency_ms}
    return frozenset(name for name, value in given.items() if value is not None)


def _endpoint_of(method: RunnerMethod) -> Endpoint:
    declared = method.declared
    return Endpoint(
        name=method.name,
        route=f"/{method.name}",
        function=method.name,
        is_async=declared.is_async,
        doc=declared.doc,
        context_parameter=None,
        input=ArgumentsInput(),
        output=StreamSpec() if declared.is_stream else OutputSpec(),
        batch=_batch_of(method) if declared.batchable else None,
        is_idempotent=True,
    )


def _batch_of(method: RunnerMethod) -> BatchOptions:
    latency_s = DEFAULT_MAX_LATENCY_S if method.max_latency_ms is None else method.max_latency_ms / 1000
    return BatchOptions(
        max_batch_size=method.max_batch_size or DEFAULT_MAX_BATCH_SIZE,
        max_latency_s=latency_s,
        batch_dim=method.declared.batch_dim,
        is_window=True,
    )
