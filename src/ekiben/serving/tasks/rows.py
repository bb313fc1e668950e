"""The values of the queue: `TaskStatus`, `TaskRow`, `Work`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ekiben.serving.wire import Call

ID_HEADER = "x-ekiben-task-id"  # what a method that takes a Context finds among its request's headers
ATTEMPT_HEADER = "x-ekiben-task-attempt"  # from 1 on


class TaskStatus(StrEnum):
    """Where a task stands, in the words of BentoML 1.4.39."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def told(self) -> TaskStatus:
        """What clients are told as `status`: BentoML's ask again for as long as it is `in_progress`."""
        return TaskStatus.IN_PROGRESS if self is TaskStatus.PENDING else self

    @property
    def is_end(self) -> bool:
        """Whether nothing comes after it."""
        return self not in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task, without what was asked and answered. Times are seconds since 1970; `attempts` is how often it began."""

    id: str
    name: str
    status: TaskStatus
    attempts: int
    created_s: float
    executed_s: float | None = None
    completed_s: float | None = None

    def as_json(self) -> dict[str, object]:
        """What clients are told; BentoML's keys first."""
        return {
            "task_id": self.id,
            "status": self.status.told.value,
            "created_at": _moment(self.created_s),
            "executed_at": _moment(self.executed_s),
            "completed_at": _moment(self.completed_s),
            "state": self.status.value,
            "attempts": self.attempts,
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a task: of its `attempt`-th beginning, and no other."""

    id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Work:
    """A task that was claimed, with its call."""

    claim: Claim
    call: Call


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
