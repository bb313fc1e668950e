"""`AsyncTask`: a call that waits in the server's queue, for clients that await."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

from ekiben.clients.endpoints import ClientEndpoint
from ekiben.clients.tasks import FIRST_PAUSE_S, LONGEST_PAUSE_S, ResultStatus
from ekiben.errors import DeadlineExceeded


class AsyncTaskCalls(Protocol):
    """What a client can ask about a task."""

    async def task_status(self, endpoint: ClientEndpoint, task_id: str) -> ResultStatus:
        """Where it stands."""

    async def task_result(self, endpoint: ClientEndpoint, task_id: str) -> object:
        """What came of it."""

    async def cancel_task(self, endpoint: ClientEndpoint, task_id: str) -> None:
        """Takes it back."""

    async def retry_task(self, endpoint: ClientEndpoint, task_id: str) -> AsyncTask:
        """Begins it again, as a new one."""


@dataclass(frozen=True, slots=True)
class AsyncTask:
    """One task. What it says is asked of the server each time."""

    id: str
    endpoint: ClientEndpoint = field(repr=False)
    client: AsyncTaskCalls = field(repr=False)

    async def get_status(self) -> ResultStatus:
        """Where it stands. Raises NotFound where the server knows it no more."""
        return await self.client.task_status(self.endpoint, self.id)

    async def get(self) -> object:
        """Its result. Raises what the call would have raised, or an error where it is not over."""
        return await self.client.task_result(self.endpoint, self.id)

    async def wait(self, timeout: float | None = None) -> object:
        """Its result, when it is over. Raises DeadlineExceeded after `timeout` seconds."""
        until_s = None if timeout is None else time.monotonic() + timeout
        pause_s = FIRST_PAUSE_S
        while not (await self.get_status()).is_end:
            if until_s is not None and time.monotonic() + pause_s > until_s:
                raise DeadlineExceeded(f"the task `{self.id}` is not over after `{timeout:g}` s")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return await self.get()

    async def cancel(self) -> None:
        """Takes it back. Raises BadInput where it is over."""
        await self.client.cancel_task(self.endpoint, self.id)

    async def retry(self) -> AsyncTask:
        """The task that was begun again from this one."""
        return await self.client.retry_task(self.endpoint, self.id)
