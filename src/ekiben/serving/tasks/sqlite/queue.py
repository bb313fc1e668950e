"""`SqliteQueue`: what is done to the queue within one transaction, which others begin and end. For one thread."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ekiben.errors import BadInput, NotFound, Overloaded, StoreError
from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.failures import INTERNAL, error_reply
from ekiben.serving.tasks.rows import ATTEMPT_HEADER, ID_HEADER, Claim, TaskRow, TaskStatus, Work
from ekiben.serving.tasks.rules import FAILED, Again, Verdict, after_loss
from ekiben.serving.tasks.sqlite.bodies import CALL, REPLY, Bodies
from ekiben.serving.tasks.sqlite.heads import pack_call, pack_reply, unpack_call, unpack_reply
from ekiben.serving.tasks.sqlite.tables import BODIES
from ekiben.serving.wire import Call, Reply

logger = logging.getLogger("ekiben.serving")

FULL_RETRY_S = 10.0  # seconds that a client is asked to wait where too many wait
ORPHAN_S = 3600.0  # seconds after which a file without a row is nobody's
_SWEPT_AT_ONCE = 500  # rows, so that no transaction keeps others waiting for long
_ROW = "id, name, status, attempts, created_s, executed_s, completed_s"
_LOST = error_reply(INTERNAL, "the server that ran the task ended", "nobody knows how far it came")


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """`service` is whose tasks are seen; `owner` is this server, for as long as it lives, and `lease_s` how long others
    believe in it without a sign. `max_pending` tasks may wait; `max_kept` are kept, and each `retention_s` seconds.
    """

    folder: Path
    service: str
    owner: str
    lease_s: float
    max_pending: int
    retention_s: float
    max_kept: int


class SqliteQueue:
    """The tasks of one service in a connection; `clock` gives seconds since 1970, which servers have in common."""

    def __init__(self, plan: QueuePlan, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self.plan = plan
        self.bodies = Bodies(plan.folder / BODIES)
        self._connection = connection
        self._clock = clock

    def add(self, name: str, call: Call) -> TaskRow:
        """Puts a call into the queue. Raises Overloaded where too many wait."""
        if self._count_pending(name) >= self.plan.max_pending:
            raise Overloaded(
                f"{self.plan.max_pending} tasks of `{name}` wait already",
                retry_after_s=FULL_RETRY_S,
                hint="`tasks.max_queue` sets the bound",
            )
        row = TaskRow(uuid.uuid4().hex, name, TaskStatus.PENDING, 0, self._clock())
        self._connection.execute(
            "INSERT INTO task (id, service, name, status, created_s, due_s, call_head, call_body)"
            " VALUES (?, ?, ?, 'pending', ?, ?, ?, ?)",
            (
                *(row.id, self.plan.service, name, row.created_s, row.created_s),
                *(pack_call(call), self.bodies.keep(row.id, CALL, call.payload.body)),
            ),
        )
        return row

    def add_again(self, name: str, task_id: str) -> TaskRow:
        """The same call as a new task. Raises BadInput for a task that has not ended."""
        row = self.look(name, task_id)
        if not row.status.is_end:
            raise BadInput(f"task `{task_id}` is not completed yet", hint=f"it is {row.status}")
        head, body = self._columns("call_head, call_body", task_id)
        return self.add(name, unpack_call(head, self.bodies.read(task_id, CALL, body)))

    def look(self, name: str, task_id: str) -> TaskRow:
        """Where a task stands. Raises NotFound."""
        found = self._connection.execute(
            f"SELECT {_ROW} FROM task WHERE id = ? AND service = ? AND name = ?", (task_id, self.plan.service, name)
        ).fetchone()
        if found is None:
            raise NotFound(f"there is no task `{task_id}` of `{name}`", hint="it may have been removed after its end")
        _, _, status, *others = found
        return TaskRow(task_id, name, TaskStatus(status), *others)

    def result(self, name: str, task_id: str) -> tuple[TaskRow, Reply | None]:
        """The same, with what it was answered."""
        row = self.look(name, task_id)
        head, body = self._columns("reply_head, reply_body", task_id)
        return row, None if head is None else unpack_reply(head, self.bodies.read(task_id, REPLY, body))

    def cancel(self, name: str, task_id: str, *, stops_running: bool) -> tuple[TaskRow, TaskStatus]:
        """Ends a task that waits, and with `stops_running` one that runs; where it stands now and where it stood."""
        before = self.look(name, task_id).status
        if before is TaskStatus.PENDING or (stops_running and before is TaskStatus.IN_PROGRESS):
            self._connection.execute(
                "UPDATE task SET status = 'canceled', completed_s = ?, owner = NULL, lease_s = NULL WHERE id = ?",
                (self._clock(), task_id),
            )
        return self.look(name, task_id), before

    def claim(self, name: str, most: int, options: TaskOptions) -> list[Work]:
        """Up to `most` tasks that are due, the oldest first; what dead servers have lost is judged first."""
        self._judge_lost(name, options)
        now_s = self._clock()
        rows = self._connection.execute(
            "UPDATE task SET status = 'in_progress', attempts = attempts + 1, owner = ?, lease_s = ?, executed_s = ?"
            " WHERE seq IN (SELECT seq FROM task WHERE status = 'pending' AND service = ? AND name = ? AND due_s <= ?"
            " ORDER BY due_s, seq LIMIT ?) RETURNING seq, id, attempts, call_head, call_body",
            (self.plan.owner, now_s + self.plan.lease_s, now_s, self.plan.service, name, now_s, most),
        ).fetchall()
        return [work for _, *row in sorted(rows) if (work := self._work(*row)) is not None]

    def settle(self, claim: Claim, verdict: Verdict, reply: Reply | None) -> bool:
        """Writes down what became of a run. False, and nothing is written, where the claim was lost meanwhile."""
        found = self._connection.execute(
            "SELECT attempts FROM task WHERE id = ? AND attempts = ? AND owner = ? AND status = 'in_progress'",
            (claim.id, claim.attempt, self.plan.owner),
        ).fetchone()
        if found is not None:
            self._settle(claim, verdict, reply)
        return found is not None

    def depth(self, name: str) -> tuple[int, bool]:
        """How many tasks wait, and whether `claim` would find something to do."""
        (is_ready,) = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM task WHERE status = 'pending' AND service = :service AND name = :name"
            " AND due_s <= :now) OR EXISTS (SELECT 1 FROM task WHERE status = 'in_progress' AND service = :service"
            " AND name = :name AND lease_s < :now AND owner <> :owner)",
            {"service": self.plan.service, "name": name, "now": self._clock(), "owner": self.plan.owner},
        ).fetchone()
        return self._count_pending(name), bool(is_ready)

    def held(self) -> list[Claim]:
        """What this server still holds."""
        rows = self._connection.execute(
            "SELECT id, attempts FROM task WHERE status = 'in_progress' AND owner = ?", (self.plan.owner,)
        )
        return [Claim(*row) for row in rows]

    def renew(self) -> None:
        """Holds what it holds for a whole lease from now on."""
        self._connection.execute(
            "UPDATE task SET lease_s = ? WHERE status = 'in_progress' AND owner = ?",
            (self._clock() + self.plan.lease_s, self.plan.owner),
        )

    def sweep(self) -> int:
        """Removes tasks whose time after their end is over, and of the rest the oldest beyond so many.

        Gives how many; 0 when all is done, the files of no task included.
        """
        plan = self.plan
        rows = self._connection.execute(
            "DELETE FROM task WHERE seq IN (SELECT seq FROM task WHERE completed_s IS NOT NULL AND service = :service"
            " AND (completed_s < :before OR seq IN (SELECT seq FROM task WHERE completed_s IS NOT NULL"
            " AND service = :service ORDER BY completed_s DESC, seq DESC LIMIT -1 OFFSET :kept)) LIMIT :most)"
            " RETURNING id",
            {
                "service": plan.service,
                "before": self._clock() - plan.retention_s,
                "kept": plan.max_kept,
                "most": _SWEPT_AT_ONCE,
            },
        ).fetchall()
        for (task_id,) in rows:
            self.bodies.doom(task_id)
        if not rows:
            self._remove_orphans()
        self._connection.execute(f"PRAGMA incremental_vacuum({_SWEPT_AT_ONCE})").fetchall()
        return len(rows)

    def _judge_lost(self, name: str, options: TaskOptions) -> None:
        rows = self._connection.execute(
            "SELECT id, attempts FROM task WHERE status = 'in_progress' AND service = ? AND name = ? AND lease_s < ?"
            " AND owner <> ?",
            (self.plan.service, name, self._clock(), self.plan.owner),
        ).fetchall()
        for task_id, attempts in rows:
            self._settle(Claim(task_id, attempts), after_loss(options, attempts), _LOST)

    def _settle(self, claim: Claim, verdict: Verdict, reply: Reply | None) -> None:
        now_s = self._clock()
        if isinstance(verdict, Again):
            self._connection.execute(
                "UPDATE task SET status = 'pending', owner = NULL, lease_s = NULL, due_s = ?, attempts = attempts - ?"
                " WHERE id = ?",
                (now_s + verdict.wait_s, 0 if verdict.is_counted else 1, claim.id),
            )
            return
        head = body = None
        if reply is not None:
            head = pack_reply(reply)
            body = self.bodies.keep(claim.id, REPLY, reply.payload.body)
        self._connection.execute(
            "UPDATE task SET status = ?, owner = NULL, lease_s = NULL, completed_s = ?, reply_head = ?, reply_body = ?"
            " WHERE id = ?",
            (verdict.status.value, now_s, head, body, claim.id),
        )

    def _count_pending(self, name: str) -> int:
        (count,) = self._connection.execute(
            "SELECT count(*) FROM task WHERE status = 'pending' AND service = ? AND name = ?",
            (self.plan.service, name),
        ).fetchone()
        return int(count)

    def _work(self, task_id: str, attempt: int, head: bytes, body: bytes | None) -> Work | None:
        """The task with its call; None where that is lost, and the task with it, so that it keeps no other back."""
        claim = Claim(task_id, attempt)
        try:
            call = unpack_call(head, self.bodies.read(task_id, CALL, body))
        except (FileNotFoundError, StoreError) as error:
            logger.error("task %s cannot be read and fails: %s", task_id, error)
            self._settle(claim, FAILED, error_reply(INTERNAL, "what was asked cannot be read any more"))
            return None
        own = ((ID_HEADER, task_id), (ATTEMPT_HEADER, str(attempt)))
        sent = tuple(field for field in call.headers if field[0] not in (ID_HEADER, ATTEMPT_HEADER))
        return Work(claim, msgspec.structs.replace(call, request_id=task_id, headers=(*sent, *own)))

    def _remove_orphans(self) -> None:
        """Removes old files that belong to no task: what a kill has left."""
        for task_id, path in self.bodies.stale(self._clock() - ORPHAN_S):
            if self._connection.execute("SELECT 1 FROM task WHERE id = ?", (task_id,)).fetchone() is None:
                path.unlink(missing_ok=True)

    def _columns(self, columns: str, task_id: str) -> tuple[Any, Any]:
        found: tuple[Any, Any] = self._connection.execute(
            f"SELECT {columns} FROM task WHERE id = ?", (task_id,)
        ).fetchone()
        return found
