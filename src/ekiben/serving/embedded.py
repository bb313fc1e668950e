"""`ServiceApp`: a service as an ASGI app, all of it in the process that holds the app. `Service.to_asgi` makes it.

For test clients, and for a service inside another server. The service comes up with the app's lifespan, else with the
first request, and goes down with the lifespan. Nothing listens here, no signal is watched and no access is logged: that
is the affair of whoever holds the app.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

from ekiben.errors import EkibenError
from ekiben.serving.composition.opening import ServerPlan, open_stations
from ekiben.serving.composition.plan import compose, load_configs
from ekiben.serving.composition.stations import Stations
from ekiben.serving.config.server import ConfigSources, ServerConfig
from ekiben.serving.declare.service import Service
from ekiben.serving.http.asgi import AsgiApp, Receive, Scope, Send
from ekiben.serving.http.front import Front, FrontParts
from ekiben.serving.target import Target
from ekiben.settings import Setting

_SOURCE = "to_asgi"
STRAGGLER_S = 1.0  # seconds that what is under way gets to end


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is brought up and down together, on one loop."""

    stations: Stations
    front: Front
    app: AsgiApp

    async def start(self) -> None:
        await self.front.start()
        await self.stations.start()

    async def stop(self) -> None:
        self.front.begin_closing()
        await self.front.drain_tasks()
        await asyncio.wait_for(self.front.close(), STRAGGLER_S)
        await asyncio.gather(self.stations.stop(), self.front.stop_apps())


class ServiceApp:
    """ASGI 3: HTTP, websockets and lifespan."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._up: asyncio.Task[_Parts] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry. Raises EkibenError where the service cannot be brought up."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        parts = await self._brought_up()
        await parts.app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            parts = await self._brought_up()
        except EkibenError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._up = None
        await parts.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _brought_up(self) -> _Parts:
        """The parts on this loop, made by whoever comes first."""
        loop = asyncio.get_running_loop()
        if self._up is None or self._up.get_loop() is not loop or (self._up.done() and self._up.exception()):
            self._up = loop.create_task(_start(self._service))
        return await asyncio.shield(self._up)


def app_of(service: Service) -> ServiceApp:
    """The service as an app."""
    return ServiceApp(service)


async def _start(service: Service) -> _Parts:
    stations = open_stations(_plan_of(service))
    front = Front(FrontParts(stations))
    parts = _Parts(stations, front, AsgiApp(front.answer, find_socket=front.find_socket))
    await parts.start()
    return parts


def _plan_of(service: Service) -> ServerPlan:
    environ = dict(os.environ)
    composition = compose(service, environ)
    sources = ConfigSources(service=service.name, folder=Path.cwd(), declared=service.config, environ=environ)
    configs = {name: _in_process(config) for name, config in load_configs(composition, sources).items()}
    return ServerPlan(Target(service.import_string, Path.cwd()), composition, configs, environ)


def _in_process(config: ServerConfig) -> ServerConfig:
    """The configuration with one worker, in this process, for as long as that lives."""
    return replace(
        config,
        workers=Setting(1, _SOURCE),
        isolation=Setting("none", _SOURCE),
        max_requests=Setting(None, _SOURCE),
        max_age_s=Setting(None, _SOURCE),
        max_memory_bytes=Setting(None, _SOURCE),
    )
