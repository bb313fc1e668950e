"""`Task`: a call that waits in the server's queue, for clients that block."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from ekiben.clients.endpoints import ClientEndpoint
from ekiben.clients.tasks import FIRST_PAUSE_S, LONGEST_PAUSE_S, ResultStatus
from ekiben.errors import DeadlineExceeded


class TaskCalls(Protocol):
    """What a client can ask about a task."""

    def task_status(self, endpoint: ClientEndpoint, task_id: str) -> ResultStatus:
        """Where it stands."""

    def task_result(self, endpoint: ClientEndpoint, task_id: str) -> object:
        """What came of it."""

    def cancel_task(self, endpoint: ClientEndpoint, task_id: str) -> None:
        """Takes it back."""

    def retry_task(self, endpoint: ClientEndpoint, task_id: str) -> Task:
        """Begins it again, as a new one."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task. What it says is asked of the server each time."""

    id: str
    endpoint: ClientEndpoint = field(repr=False)
    client: TaskCalls = field(repr=False)

    def get_status(self) -> ResultStatus:
        """Where it stands. Raises NotFound where the server knows it no more."""
        return self.client.task_status(self.endpoint, self.id)

    @property
    def status(self) -> ResultStatus:
        """The same."""
        return self.get_status()

    def get(self) -> object:
        """Its result. Raises what the call would have raised, or an error where it is not over."""
        return self.client.task_result(self.endpoint, self.id)

    def wait(self, timeout: float | None = None) -> object:
        """Its result, when it is over. Raises DeadlineExceeded after `timeout` seconds."""
        until_s = None if timeout is None else time.monotonic() + timeout
        pause_s = FIRST_PAUSE_S
        while not self.get_status().is_end:
            if until_s is not None and time.monotonic() + pause_s > until_s:
                raise DeadlineExceeded(f"the task `{self.id}` is not over after `{timeout:g}` s")
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return self.get()

    def cancel(self) -> None:
        """Takes it back. Raises BadInput where it is over."""
        self.client.cancel_task(self.endpoint, self.id)

    def retry(self) -> Task:
        """The task that was begun again from this one."""
        return self.client.retry_task(self.endpoint, self.id)
