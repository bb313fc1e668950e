"""`Teller`: tells the front what the service in this process measures, when asked and whenever it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.registry import UserRegistry

TELL_S = 1.0  # seconds: what a worker that is killed counted since is lost


class Teller:
    """`send` takes all families with their values since the process began."""

    def __init__(self, send: Callable[[Sequence[Family]], None]) -> None:
        self._send = send
        self._registry = UserRegistry()
        self._told: Sequence[Family] = ()

    def tell(self) -> None:
        """Tells, whether or not anything has changed."""
        self._told = self._registry.read()
        self._send(self._told)

    async def keep_telling(self) -> None:
        """Tells every TELL_S where something has changed."""
        while True:
            families = self._registry.read()
            if families != self._told:
                self._told = families
                self._send(families)
            await asyncio.sleep(TELL_S)
