"""`ServedRunner`: where a runner's calls go while its service is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from ekiben.errors import ServiceError
from ekiben.frameworks.runnable import RunnableMethod
from ekiben.serving.calling.callee import Callee


class ServedRunner:
    """A RunnerHandle on the runner as another service, with its own workers, queue and batches."""

    def __init__(self, callee: Callee) -> None:
        self._sync = callee.to_sync
        self._async = callee.to_async

    def run(self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The result. Raises ServiceError on an event loop, which would stop until the runner answers."""
        if asyncio._get_running_loop() is not None:
            raise ServiceError(
                f"`{method.name}.run` was called by an async function: the server would stop until it answers",
                hint=f"`await ....{method.name}.async_run(...)`",
            )
        return getattr(self._sync, method.name)(*args, **kwargs)

    async def async_run(self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The result."""
        return await getattr(self._async, method.name)(*args, **kwargs)

    def async_stream(
        self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> AsyncIterator[Any]:
        """The items; whoever drops them before their end ends the stream."""
        items: AsyncIterator[Any] = getattr(self._async, method.name)(*args, **kwargs)
        return items

    async def is_ready(self) -> bool:
        """As far as can be told from here: the server is not ready while a runner is not."""
        return True
