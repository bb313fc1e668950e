"""`Front`: everything that answers, put together for one service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.service import Service
from ekiben.serving.http.calls import ApiCalls, CallLimits, Gate, QueuedCalls
from ekiben.serving.http.documents import document_routes
from ekiben.serving.http.h1.limits import ConnectionLimits
from ekiben.serving.http.health import health_routes
from ekiben.serving.http.mounted.app import MountedApp
from ekiben.serving.http.page import page_routes
from ekiben.serving.http.queues import Queued, Queues
from ekiben.serving.http.routes import Begin, Handler, Router
from ekiben.serving.http.scrape import scrape_routes
from ekiben.serving.metrics.server import ServerMetrics
from ekiben.serving.openapi import openapi_document, schema_document
from ekiben.serving.workers.pool import Pool


@dataclass(frozen=True, slots=True)
class FrontParts:
    """What a front is made of. `version` is the Bento's, empty where a project is served."""

    service: Service
    pool: Pool
    config: ServerConfig
    metrics: ServerMetrics
    version: str = ""


class Front:
    """Answers the requests of one service: `begin` does so without a task where it can, `answer` all."""

    def __init__(self, parts: FrontParts) -> None:
        self._parts = parts
        self._is_closing = False
        config = parts.config
        self._gate = Gate(config.max_concurrency.value)
        self._queues = Queues(parts.pool, parts.metrics, config.timeout_s.value)
        self._limits = CallLimits(config.timeout_s.value, config.max_body_bytes.value)
        apis = {endpoint.route: {"POST": self._handler(endpoint)} for endpoint in parts.service.endpoints.values()}
        service, version = parts.service, parts.version or None
        self._apps = {mount.prefix: MountedApp(mount.app, mount.prefix) for mount in service.mounts}
        self._have_apps_started = not self._apps
        self._router = Router(
            {
                **page_routes(service.name),
                **document_routes(
                    openapi=lambda: openapi_document(service, version),
                    schema=lambda: schema_document(service),
                ),
                **(scrape_routes(parts.metrics.page) if config.has_metrics.value else {}),
                **apis,
                **health_routes(is_alive=parts.pool.is_alive, is_ready=self.is_ready),
            },
            self._apps,
        )
        self.answer: Handler = self._router.answer
        self.begin: Begin = self._router.begin
        self.connection_limits = _connection_limits(config)

    def is_ready(self) -> bool:
        """Whether requests will be answered: a worker is fit, and the server is not on its way out."""
        return not self._is_closing and self._have_apps_started and self._parts.pool.is_ready()

    async def start(self) -> None:
        """Starts the mounted apps. Raises ServiceError where one cannot."""
        await asyncio.gather(*(app.start() for app in self._apps.values()))
        self._have_apps_started = True

    def begin_closing(self) -> None:
        """Readiness ends here; what is under way goes on."""
        self._is_closing = True
        self._queues.begin_drain()

    async def stop_apps(self) -> None:
        """Shuts the mounted apps down."""
        await asyncio.gather(*(app.stop() for app in self._apps.values()))

    async def close(self) -> None:
        """Refuses what still waits for a worker."""
        await self._queues.close()

    def _handler(self, endpoint: Endpoint) -> ApiCalls:
        parts = self._parts
        metrics = parts.metrics.endpoint(endpoint.name) if parts.config.has_metrics.value else None
        options = parts.config.batch_options(endpoint.name, endpoint.batch)
        way = self._queues.way_of(endpoint, options)
        if isinstance(way, Queued) and not endpoint.is_stream:
            return QueuedCalls(endpoint, way, gate=self._gate, limits=self._limits, metrics=metrics)
        return ApiCalls(endpoint, way, gate=self._gate, limits=self._limits, metrics=metrics)


def _connection_limits(config: ServerConfig) -> ConnectionLimits:
    return ConnectionLimits(
        head_timeout_s=config.head_timeout_s.value,
        keep_alive_s=config.keep_alive_s.value,
        body_timeout_s=config.body_timeout_s.value,
        max_connections=config.max_connections.value,
    )
