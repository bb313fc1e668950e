"""What a service says of itself in one worker: `__is_alive__` and `__is_ready__`, asked when the worker is probed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ekiben.serving.execution.executor import Executor

ASK_S = 1.0  # seconds that a probe waits for the hooks: one that is slower is heard at the next probe


@dataclass(frozen=True, slots=True)
class Health:
    """The hooks' answers; a service without them is well."""

    is_alive: bool = True
    is_ready: bool = True


WELL = Health()


class HealthWatch:
    """Asks the hooks of an executor's service, each once at a time."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._asking: asyncio.Task[None] | None = None
        self._last = WELL

    async def ask(self) -> Health:
        """What they say now; what they said last where they take their time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        await asyncio.wait([self._asking], timeout=ASK_S)
        return self._last

    async def _ask(self) -> None:
        is_alive, is_ready = await asyncio.gather(self._executor.is_alive(), self._executor.is_ready())
        self._last = Health(is_alive, is_ready)
