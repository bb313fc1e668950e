"""`opened`: the queue in a folder as one server has it, at a time that the test says."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path

from ekiben.serving.tasks.sqlite.queue import QueuePlan, SqliteQueue
from ekiben.serving.tasks.sqlite.tables import open_tables
from ekiben.serving.wire import Call, Payload

NAME = "train"


class Clock:
    """Seconds since 1970, as the test says."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def plan_of(folder: Path, owner: str = "a", service: str = "Probe", **more: float) -> QueuePlan:
    """A plan with bounds that no test meets by accident."""
    bounds = {"max_pending": 100_000, "retention_s": 3600.0, "max_kept": 100_000, "lease_s": 10.0, **more}
    return QueuePlan(folder=folder, service=service, owner=owner, **bounds)  # type: ignore[arg-type]


def opened(folder: Path, clock: Callable[[], float], owner: str = "a", **more: float) -> SqliteQueue:
    """A queue whose every step is a transaction of its own; closed when nobody has it any more."""
    connection = open_tables(folder)
    queue = SqliteQueue(plan_of(folder, owner, **more), connection, clock)
    weakref.finalize(queue, connection.close)
    return queue


def call_of(body: bytes = b"{}", **more: object) -> Call:
    """A call of the API that the tests have."""
    return Call(NAME, Payload("application/json", body), "request-1", path=f"/{NAME}", **more)  # type: ignore[arg-type]
