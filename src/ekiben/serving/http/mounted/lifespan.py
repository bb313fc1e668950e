"""`Lifespan`: starts a mounted ASGI app and stops it, by the lifespan protocol of ASGI where the app speaks it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.http.asgi import AsgiCallable, Message

logger = logging.getLogger("ekiben.serving")

SHUTDOWN_S = 5.0  # seconds that an app gets to shut down
APP_FAILURES = (Exception,)  # what an app may raise where it is called


class Lifespan:
    """`state` is what the app put there at its start; each request's scope has a copy."""

    def __init__(self, app: AsgiCallable, place: str) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._place = place
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._has_started = asyncio.Event()
        self._failure: str | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the app has started. Raises ServiceError where it says that it cannot."""
        self._messages.put_nowait({"type": "lifespan.startup"})
        self._task = asyncio.create_task(self._run())
        await self._has_started.wait()
        if self._failure is not None:
            raise ServiceError(f"the app mounted at `{self._place}` failed to start: {self._failure}")

    async def stop(self) -> None:
        """Tells the app to shut down, and waits for it SHUTDOWN_S at most."""
        if self._task is None or self._task.done():
            return
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        try:
            async with asyncio.timeout(SHUTDOWN_S):
                await self._task
        except TimeoutError:
            logger.error("the app mounted at `%s` did not shut down within %g s", self._place, SHUTDOWN_S)

    async def _run(self) -> None:
        asgi = {"version": "3.0", "spec_version": "2.0"}
        try:
            await self._app({"type": "lifespan", "asgi": asgi, "state": self.state}, self._messages.get, self._send)
        except APP_FAILURES:
            if self._has_started.is_set():
                logger.exception("the app mounted at `%s` failed to shut down", self._place)
            else:  # ASGI's way to say that an app knows nothing of lifespans
                logger.debug("the app mounted at `%s` has no lifespan", self._place, exc_info=True)
        finally:
            self._has_started.set()

    async def _send(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            self._failure = message.get("message") or "it does not say why"
        elif message["type"] == "lifespan.shutdown.failed":
            logger.error("the app mounted at `%s` failed to shut down: %s", self._place, message.get("message"))
        if message["type"].startswith("lifespan.startup."):
            self._has_started.set()
