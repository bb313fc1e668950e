"""`Stations`: all services of one server. Whatever one of its workers asks of another service is answered here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from ekiben.errors import DeadlineExceeded, ServiceError
from ekiben.serving.composition.remote import RemoteService
from ekiben.serving.composition.station import Station
from ekiben.serving.wire import Answer, Call

SLACK_S = 1.0  # a call whose time ends this much before its station's own limit has a timer of its own


class Stations:
    """Is a `Link`. The entry is added first, the others in any order; they are made with a plan that names this."""

    def __init__(self) -> None:
        self._stations: dict[str, Station] = {}
        self._remote: dict[str, RemoteService] = {}

    def __iter__(self) -> Iterator[Station]:
        return iter(self._stations.values())

    @property
    def entry(self) -> Station:
        """The service whose APIs are routes."""
        return next(iter(self))

    def add(self, station: Station) -> None:
        """One more service of this server."""
        self._stations[station.name] = station

    def add_remote(self, name: str, remote: RemoteService) -> None:
        """One more service that is served elsewhere."""
        self._remote[name] = remote

    async def ask(self, service: str, call: Call) -> Answer:
        """The service's answer. Raises Overloaded where it is down, DeadlineExceeded where no time is left."""
        left_s = call.deadline_s - time.monotonic() if call.deadline_s else None
        if left_s is not None and left_s <= 0:
            raise DeadlineExceeded(f"no time was left to ask `{service}.{call.endpoint}`")
        if (remote := self._remote.get(service)) is not None:
            return await remote.answer(call, timeout_s=left_s)
        station = self._stations.get(service)
        if station is None:
            raise ServiceError(f"the service `{service}` is not part of this server")
        if left_s is None or left_s > station.timeout_s - SLACK_S:
            return await station.answer(call, left_s)
        try:
            async with asyncio.timeout(left_s):
                return await station.answer(call, left_s)
        except TimeoutError as error:
            raise DeadlineExceeded(f"`{service}.{call.endpoint}` was not done in the time that was left") from error

    async def start(self) -> None:
        """Returns when every worker of every service is up. Raises EkibenError where one cannot be brought up."""
        starts = [asyncio.create_task(one.start()) for one in self]
        try:
            await asyncio.wait(starts, return_when=asyncio.FIRST_EXCEPTION)
        finally:  # one that failed is not made up for by the others, which may wait for it
            for task in starts:
                task.cancel()
            outcomes = await asyncio.gather(*starts, return_exceptions=True)
        for outcome in sorted(outcomes, key=lambda one: isinstance(one, asyncio.CancelledError)):
            if isinstance(outcome, BaseException):
                raise outcome
        for station in self:
            station.patience.has_started = True

    def is_ready(self, *, of_all: bool) -> bool:
        """Whether the first service can answer; `of_all`: and every other one."""
        return all(one.pool.is_ready() for one in (self if of_all else (self.entry,)))

    def is_alive(self) -> bool:
        """Whether no worker's service says that it is beyond hope."""
        return all(one.pool.is_alive() for one in self)

    def is_busy(self) -> bool:
        """Whether work is under way that holds a slot."""
        return any(one.pool.is_busy() for one in self)

    def begin_drain(self) -> None:
        """Nothing is held back any more; what comes is still taken."""
        for station in self:
            station.begin_drain()

    async def close(self) -> None:
        """Refuses what still waits for a worker."""
        await asyncio.gather(*(one.close() for one in self))

    async def stop(self) -> None:
        """Stops every worker, those of the entry first: its shut-down hooks may still ask the others."""
        entry, *others = self
        await entry.pool.stop()
        await asyncio.gather(*(one.pool.stop() for one in others))
        for remote in self._remote.values():
            remote.close()
