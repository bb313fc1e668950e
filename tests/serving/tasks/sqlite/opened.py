"""`opened`: the queue in a folder as one server has it, at a time that the test says."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

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


def plan_of(folder: Path, owner: str = "a", service: str = "Probe", *, lease_s: float = 10.0) -> QueuePlan:
    """A plan with bounds that no test meets by accident."""
    return QueuePlan(folder, service, owner, lease_s, max_pending=100_000, retention_s=3600.0, max_kept=100_000)


def opened(folder: Path, clock: Callable[[], float], owner: str = "a", **bounds: Any) -> SqliteQueue:
    """A queue whose every step is a transaction of its own; closed when nobody has it any more."""
    connection = open_tables(folder)
    queue = SqliteQueue(replace(plan_of(folder, owner), **bounds), connection, clock)
    weakref.finalize(queue, connection.close)
    return queue


def call_of(body: bytes = b"{}", **more: object) -> Call:
    """A call of the API that the tests have."""
    return Call(NAME, Payload("application/json", body), "request-1", path=f"/{NAME}", **more)  # type: ignore[arg-type]
