"""`Front`: everything that answers, put together for one service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ekiben.serving.composition.queues import Queued
from ekiben.serving.composition.stations import Stations
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.service import Service
from ekiben.serving.http.calls import ApiCalls, CallLimits, QueuedCalls
from ekiben.serving.http.documents import document_routes
from ekiben.serving.http.h1.limits import ConnectionLimits
from ekiben.serving.http.health import health_routes
from ekiben.serving.http.inference.models import Models, served_models
from ekiben.serving.http.inference.routes import MODELS as INFERENCE_MODELS
from ekiben.serving.http.inference.routes import inference_routes, no_model
from ekiben.serving.http.mounted.app import MountedApp
from ekiben.serving.http.page import page_routes
from ekiben.serving.http.routes import Begin, Handler, Router
from ekiben.serving.http.scrape import scrape_routes
from ekiben.serving.http.surface import Routes, placed, surface_of
from ekiben.serving.http.tasking import open_tasks
from ekiben.serving.http.websocket import FindSocketHandler
from ekiben.serving.metrics.server import ServerMetrics
from ekiben.serving.openapi import openapi_document, schema_document


@dataclass(frozen=True, slots=True)
class FrontParts:
    """What a front is made of. `version` is the Bento's, empty where a project is served."""

    stations: Stations
    version: str = ""

    @property
    def service(self) -> Service:
        """The one whose APIs are routes."""
        return self.stations.entry.plan.service

    @property
    def config(self) -> ServerConfig:
        """Its configuration."""
        return self.stations.entry.plan.config

    @property
    def metrics(self) -> ServerMetrics:
        """What is counted."""
        return self.stations.entry.metrics


class Front:
    """Answers the requests of one service: `begin` does so without a task where it can, `answer` all."""

    def __init__(self, parts: FrontParts) -> None:
        self._parts = parts
        self._is_closing = False
        config = parts.config
        passes_on = bool(parts.service.dependencies)
        self._limits = CallLimits(config.timeout_s.value, config.max_body_bytes.value, passes_on)
        calls = {name: self._handler(endpoint) for name, endpoint in parts.service.endpoints.items()}
        endpoints = parts.service.endpoints
        apis: dict[str, dict[str, Handler]] = {one.route: {"POST": calls[name]} for name, one in endpoints.items()}
        service, version = parts.service, parts.version or None
        self._tasks = open_tasks(parts.stations.entry, self.is_ready)
        served = served_models(service, config, calls)
        self.inference = Models(service.name, parts.version, served, parts.stations.is_alive, self.is_ready)
        prefix = config.path_prefix.value
        self._apps = {mount.prefix: MountedApp(mount.app, f"{prefix}{mount.prefix}") for mount in service.mounts}
        self._have_apps_started = not self._apps
        page = page_routes(service.name)
        if "/" in apis:  # asked by POST, and the page by GET
            apis["/"] |= page["/"]
        routes: Routes = {
            **page,
            **document_routes(
                openapi=lambda: openapi_document(service, version, prefix),
                schema=lambda: schema_document(service, prefix),
            ),
            **(scrape_routes(parts.metrics.page) if config.has_metrics.value else {}),
            **(inference_routes(self.inference, config.max_body_bytes.value) if config.has_inference.value else {}),
            **apis,
            **self._tasks.routes,
            **health_routes(is_alive=parts.stations.is_alive, is_ready=self.is_ready),
        }
        mounts = {f"{prefix}{path}": app for path, app in self._mounts().items()}
        surface = surface_of(Router(placed(routes, config), mounts), service.middlewares, config)
        self.answer: Handler = surface.answer
        self.begin: Begin = surface.begin
        self.find_socket: FindSocketHandler = surface.find_socket
        self.connection_limits = _connection_limits(config)

    def is_ready(self) -> bool:
        """Whether requests will be answered: workers are fit, and the server is not on its way out."""
        of_all = self._parts.config.readiness.value == "all"
        return not self._is_closing and self._have_apps_started and self._parts.stations.is_ready(of_all=of_all)

    async def start(self) -> None:
        """Opens the queue of tasks, and starts the mounted apps. Raises StoreError, ServiceError where one cannot."""
        await self._tasks.start()
        await asyncio.gather(*(app.start() for app in self._apps.values()))
        self._have_apps_started = True

    def begin_closing(self) -> None:
        """Readiness ends here; what is under way goes on."""
        self._is_closing = True
        self._tasks.begin_drain()
        self._parts.stations.begin_drain()

    async def drain_tasks(self) -> None:
        """Returns when no task runs any more, or none has time left."""
        await self._tasks.drain()

    async def stop_apps(self) -> None:
        """Shuts the mounted apps down."""
        await asyncio.gather(*(app.stop() for app in self._apps.values()))

    async def close(self) -> None:
        """Refuses what still waits for a worker; tasks that run are given back."""
        await asyncio.gather(self._tasks.close(), self._parts.stations.close())

    def _handler(self, endpoint: Endpoint) -> ApiCalls:
        station = self._parts.stations.entry
        metrics, way = station.endpoint_metrics(endpoint), station.way_of(endpoint)
        if isinstance(way, Queued) and not endpoint.is_stream:
            return QueuedCalls(endpoint, way, gate=station.gate, limits=self._limits, metrics=metrics)
        return ApiCalls(endpoint, way, gate=station.gate, limits=self._limits, metrics=metrics)

    def _mounts(self) -> dict[str, Handler]:
        """The mounted apps; beside them what says that there is no such model, unless an app has such paths."""
        mounts: dict[str, Handler] = dict(self._apps)
        is_taken = any(INFERENCE_MODELS.startswith(prefix) for prefix in mounts)
        if self._parts.config.has_inference.value and not is_taken:
            mounts[INFERENCE_MODELS] = no_model(self.inference)
        return mounts


def _connection_limits(config: ServerConfig) -> ConnectionLimits:
    return ConnectionLimits(
        head_timeout_s=config.head_timeout_s.value,
        keep_alive_s=config.keep_alive_s.value,
        body_timeout_s=config.body_timeout_s.value,
        max_connections=config.max_connections.value,
        max_message_bytes=config.max_message_bytes.value,
    )
