"""The routes of a task API, and `ResultStatus`: where a task stands."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ekiben.clients.endpoints import ClientEndpoint
from ekiben.errors import UsageError
from ekiben.serving.tasks.rows import TaskStatus

ResultStatus = TaskStatus  # BentoML's name
FIRST_PAUSE_S = 0.05  # between two looks at a task that is waited for
LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What is asked about a task."""

    method: str
    path: str
    params: dict[str, str]


class _Told(msgspec.Struct):
    task_id: str = ""
    status: str = ""


def task_request(endpoint: ClientEndpoint, what: str, task_id: str) -> TaskRequest:
    """Asks for `status`, `get`, `cancel` or `retry`."""
    method = {"cancel": "PUT", "retry": "POST"}.get(what, "GET")
    return TaskRequest(method, f"{endpoint.route}/{what}", {"task_id": task_id})


def read_id(body: bytes) -> str:
    """The id of the task that was submitted or begun again."""
    return msgspec.json.decode(body, type=_Told).task_id


def read_status(body: bytes) -> ResultStatus:
    """Where the task stands."""
    return ResultStatus(msgspec.json.decode(body, type=_Told).status)


def check_task(endpoint: ClientEndpoint) -> None:
    """Raises UsageError for an API that is no task."""
    if not endpoint.is_task:
        raise UsageError(f"`{endpoint.name}` is no task", hint="mark the method with `@ekiben.task`, or call it")
