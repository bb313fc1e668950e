"""`open_tasks`: the tasks of a service that has some, and the only way to them: no other start reads what they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ekiben.serving.composition.station import Station
from ekiben.serving.http.routes import Handler


class ServedTasks(Protocol):
    """Tasks as the front has them."""

    @property
    def routes(self) -> Mapping[str, Mapping[str, Handler]]:
        """Their paths."""

    async def start(self) -> None:
        """Opens the queue, and runs what is in it. Raises StoreError."""

    def begin_drain(self) -> None:
        """Begins no more."""

    async def drain(self) -> None:
        """Returns when none runs, or their time is over."""

    async def close(self) -> None:
        """Gives back what runs."""


class NoTasks:
    """Those of a service that has none."""

    routes: Mapping[str, Mapping[str, Handler]] = {}

    async def start(self) -> None:
        """There is nothing to open."""

    def begin_drain(self) -> None:
        """There is nothing to begin."""

    async def drain(self) -> None:
        """There is nothing to wait for."""

    async def close(self) -> None:
        """There is nothing to close."""


def open_tasks(station: Station, is_ready: Callable[[], bool]) -> ServedTasks:
    """The tasks of the station's service, run while `is_ready()`."""
    if not any(endpoint.task is not None for endpoint in station.plan.service.endpoints.values()):
        return NoTasks()
    from ekiben.serving.http.tasks import make_tasks

    return make_tasks(station, is_ready)
