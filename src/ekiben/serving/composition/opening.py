"""`open_stations`: the stations of a server, from its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ekiben.serving.composition.plan import Composition, own_target
from ekiben.serving.composition.remote import RemoteService
from ekiben.serving.composition.station import Station
from ekiben.serving.composition.stations import Stations
from ekiben.serving.config.cpus import usable_cores
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.service import Service
from ekiben.serving.metrics.bounds import duration_bounds
from ekiben.serving.metrics.naming import Naming, ServedAs
from ekiben.serving.metrics.server import ServerMetrics
from ekiben.serving.target import Target
from ekiben.serving.workers.plan import DeviceShelf, ServicePlan


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """All that a server process needs to know. `environ` is what worker processes inherit."""

    target: Target
    composition: Composition
    configs: Mapping[str, ServerConfig]
    environ: Mapping[str, str]

    @property
    def entry(self) -> Service:
        """The service whose APIs are routes."""
        return next(iter(self.composition.services.values()))

    @property
    def config(self) -> ServerConfig:
        """That service's configuration, which is the server's."""
        return self.configs[self.entry.name]


def open_stations(plan: ServerPlan) -> Stations:
    """The services of the plan, none of them up; on the server's loop.

    Those beside the first have processes of their own where there is more than one core. Raises SettingsError,
    ServiceError where the plan cannot be carried out.
    """
    stations = Stations()
    shelf = DeviceShelf()
    for name, service in plan.composition.services.items():
        config = plan.configs[name]
        is_entry = service is plan.entry
        target = plan.target if is_entry else own_target(plan.target, service)
        is_apart = not is_entry and usable_cores() > 1
        own = ServicePlan(target, service, config, plan.environ, stations, shelf, is_apart)
        station = Station(own, _make_metrics(service, plan.target.version, config))
        stations.add(station)
        if not is_entry:
            station.open_inside()
            stations.entry.metrics.show(station.metrics)
    for name, url in plan.composition.urls.items():
        stations.add_remote(name, RemoteService(url, timeout_s=plan.config.timeout_s.value, name=name))
    return stations


def _make_metrics(service: Service, version: str, config: ServerConfig) -> ServerMetrics:
    """The metrics of a server; `version` is the Bento's. Raises SettingsError for bounds that are none."""
    routes = {endpoint.name: endpoint.route for endpoint in service.endpoints.values()}
    bounds = duration_bounds(
        config.duration_buckets.value,
        config.duration_min_s.value,
        config.duration_max_s.value,
        config.duration_factor.value,
    )
    served = ServedAs(service.name, version, routes, is_runner=service.runner_facts is not None)
    return ServerMetrics(Naming(served, config.namespace.value, config.label_style.value), bounds)
