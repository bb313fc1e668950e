"""Which services a server brings up, each with its configuration, and which it reaches by URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ekiben.errors import SettingsError
from ekiben.serving.composition.remote_address import read_address
from ekiben.serving.config.devices import VISIBLE
from ekiben.serving.config.file import VARIABLES
from ekiben.serving.config.server import ConfigSources, ServerConfig, load_config
from ekiben.serving.declare.dependency import Dependency
from ekiben.serving.declare.graph import graph_of
from ekiben.serving.declare.service import Service
from ekiben.serving.importing import is_importable
from ekiben.serving.target import Target

_NOT_IN_VARIABLES = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Composition:
    """`services` are brought up, the entry first; `urls` say where the others are, by name."""

    services: Mapping[str, Service]
    urls: Mapping[str, str]


def url_variable(name: str) -> str:
    """The environment variable that says where the service of that name is served."""
    return f"EKIBEN_SERVICE_{_NOT_IN_VARIABLES.sub('_', name.upper())}_URL"


def compose(entry: Service, environ: Mapping[str, str], *, is_alone: bool = False) -> Composition:
    """What a server of `entry` brings up: all that it depends on, but what a variable or the service gives a URL of.

    `is_alone`: nothing beside it. Raises ServiceError for a graph that cannot be, SettingsError for a service that
    would be alone without the URL of one that it needs.
    """
    graph_of(entry)
    services: dict[str, Service] = {}
    urls: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        service = waiting.pop(0)
        services[service.name] = service
        for dependency in service.dependencies.values():
            url = _place_of(dependency, environ)
            if url:
                urls[dependency.name] = url
            elif dependency.on is not None and is_alone:
                raise SettingsError(
                    f"`{service.name}` is served alone and depends on `{dependency.name}`, whose place is not known",
                    hint=f"set {url_variable(dependency.name)} to its URL",
                )
            elif dependency.on is not None and dependency.on.name not in services:
                waiting.append(dependency.on)
    return Composition(services, urls)


def _place_of(dependency: Dependency, environ: Mapping[str, str]) -> str | None:
    """The URL that the environment gives, or the code. Raises SettingsError for a variable that holds none."""
    variable = url_variable(dependency.name)
    url = environ.get(variable)
    if not url:
        return dependency.url
    try:
        read_address(url)
    except SettingsError as error:
        raise SettingsError(f"{variable}: {error}", hint=error.hint) from error
    return url


def load_configs(composition: Composition, entry: ConfigSources) -> dict[str, ServerConfig]:
    """The configuration of each service, by name; `entry` are the sources of the first.

    What the environment and the command line say is the first service's; files and decorators speak of each. All log
    and are counted as the first. Raises SettingsError.
    """
    names = tuple(dict.fromkeys([*graph_of(next(iter(composition.services.values()))), *entry.other_services]))
    configs: dict[str, ServerConfig] = {}
    first: ServerConfig | None = None
    for name, service in composition.services.items():
        others = tuple(one for one in names if one != name)
        sources = replace(
            entry,
            service=name,
            apis=batchable_apis(service),
            declared=service.config,
            other_services=others,
            runner=service.runner_facts,
        )
        if first is None:
            first = configs[name] = load_config(sources)
            continue
        files = {variable: value for variable, value in entry.environ.items() if variable in (*VARIABLES, VISIBLE)}
        own = load_config(replace(sources, environ=files, overrides={}))
        configs[name] = replace(
            own,
            log_level=first.log_level,
            log_format=first.log_format,
            has_metrics=first.has_metrics,
            namespace=first.namespace,
            label_style=first.label_style,
        )
    return configs


def batchable_apis(service: Service) -> list[str]:
    """The names of the APIs that take batches."""
    return [one.name for one in service.endpoints.values() if one.batch is not None]


def own_target(target: Target, service: Service) -> Target:
    """What a worker process of one of the target's services imports.

    The service itself where its module has it, so that its process does not load what the others need; else the
    target's, where its name finds it.
    """
    if is_importable(service):
        return replace(target, service=service.import_string, member=None)
    return replace(target, member=service.name)
