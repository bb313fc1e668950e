"""The services that one of them needs, itself first: what a server brings up together. Pure."""

from __future__ import annotations

from ekiben.errors import ServiceError, UsageError
from ekiben.nearest import did_you_mean
from ekiben.serving.declare.service import Service


def graph_of(entry: Service) -> dict[str, Service]:
    """All services by name, each before those that it depends on for the first time.

    Raises ServiceError where they depend on one another in a circle, or two have one name.
    """
    found: dict[str, Service] = {}
    _visit(entry, (), found)
    return found


def member_of(entry: Service, name: str) -> Service:
    """The one of that name. Raises UsageError, which says those that there are."""
    graph = graph_of(entry)
    if name in graph:
        return graph[name]
    hint = did_you_mean(name, graph) or f"there are: {', '.join(graph)}"
    raise UsageError(f"`{entry.name}` depends on no service `{name}`", hint=hint)


def _visit(service: Service, above: tuple[Service, ...], found: dict[str, Service]) -> None:
    if service in above:
        circle = " -> ".join(f"`{one.name}`" for one in (*above[above.index(service) :], service))
        raise ServiceError(f"services depend on one another in a circle: {circle}")
    other = found.setdefault(service.name, service)
    if other is not service:
        raise ServiceError(
            f"two services are named `{service.name}`: {other.import_string} and {service.import_string}",
            hint="names are unique among services that depend on one another: `@ekiben.service(name=...)`",
        )
    for dependency in service.dependencies.values():
        if dependency.on is not None:
            _visit(dependency.on, (*above, service), found)
