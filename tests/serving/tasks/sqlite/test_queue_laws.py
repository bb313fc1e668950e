"""The queue's laws, whatever two servers do to it in whatever order, and die of.

No task is lost; none is two servers' at once; one that is not idempotent begins once at most, another `max_attempts`
times; what was canceled while it waited never begins; what was answered to a client stays true.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.tasks.rows import Claim, TaskStatus
from ekiben.serving.tasks.rules import Ended, after_stop
from ekiben.serving.tasks.sqlite.queue import SqliteQueue
from ekiben.serving.tasks.sqlite.tables import open_tables
from ekiben.serving.wire import Payload, Reply
from tests.serving.tasks.sqlite.opened import NAME, Clock, call_of, plan_of

LEASE_S = 10.0
AT_ONCE_S = 1e-12  # of backoff: less than the clock can tell, so that what is lost is soon another server's
servers = st.sampled_from([0, 1])
lives = itertools.count(1)


@cache
def folder() -> TemporaryDirectory[str]:
    """One file for all: to open a new one takes longer than to try what is done to it. Removed at exit."""
    return TemporaryDirectory()


@cache
def connection(server: int) -> sqlite3.Connection:
    """What one of the servers, whatever its life, has of it; nothing here depends on a disk that is in step."""
    made = open_tables(Path(folder().name))
    made.execute("PRAGMA synchronous = OFF")
    return made


class QueueLaws(RuleBasedStateMachine):
    """Two servers on one file, the clock between them, and a model of what clients were told."""

    ids = Bundle("ids")
    claims = Bundle("claims")

    @initialize(is_idempotent=st.booleans(), max_attempts=st.integers(1, 3))
    def begin(self, is_idempotent: bool, max_attempts: int) -> None:
        self.clock = Clock()
        self.options = TaskOptions(None, max_attempts, is_idempotent, backoff_s=AT_ONCE_S)
        self.service = f"Service {next(lives)}"
        self.servers = [self.born(0), self.born(1)]
        self.added: set[str] = set()
        self.ends: dict[str, TaskStatus] = {}
        self.began: Counter[str] = Counter()
        self.holders: dict[str, SqliteQueue] = {}

    def born(self, server: int) -> SqliteQueue:
        plan = plan_of(Path(folder().name), f"life {next(lives)}", self.service, lease_s=LEASE_S)
        return SqliteQueue(plan, connection(server), self.clock)

    @rule(target=ids, server=servers)
    def add(self, server: int) -> str:
        row = self.servers[server].add(NAME, call_of())
        self.added.add(row.id)
        return row.id

    @rule(target=claims, server=servers, most=st.integers(1, 3))
    def claim(self, server: int, most: int) -> object:
        works = self.servers[server].claim(NAME, most, self.options)
        for work in works:
            assert work.claim.id not in self.ends, "what has ended began again"
            self.began[work.claim.id] += 1
            self.holders[work.claim.id] = self.servers[server]
        return multiple(*((self.servers[server], work.claim) for work in works))

    @rule(claim=consumes(claims), status=st.sampled_from([TaskStatus.COMPLETED, TaskStatus.FAILED]))
    def settle(self, claim: tuple[SqliteQueue, Claim], status: TaskStatus) -> None:
        server, held = claim
        is_holder = self.holders.get(held.id) is server and held.id not in self.ends
        was_accepted = server.settle(held, Ended(status), Reply(200, Payload("text/plain", b"1")))
        assert is_holder or not was_accepted
        if was_accepted:
            self.ends[held.id] = status
            del self.holders[held.id]

    @rule(claim=consumes(claims))
    def stop(self, claim: tuple[SqliteQueue, Claim]) -> None:
        server, held = claim
        if server.settle(held, after_stop(self.options), None):
            self.began[held.id] -= self.options.is_idempotent
            del self.holders[held.id]

    @rule(task_id=ids, server=servers, stops_running=st.booleans())
    def cancel(self, task_id: str, server: int, stops_running: bool) -> None:
        row, _ = self.servers[server].cancel(NAME, task_id, stops_running=stops_running)
        if row.status is TaskStatus.CANCELED:
            assert self.ends.setdefault(task_id, row.status) is row.status

    @rule(server=servers)
    def die(self, server: int) -> None:
        self.servers[server] = self.born(server)

    @rule(server=servers)
    def renew(self, server: int) -> None:
        self.servers[server].renew()

    @rule(seconds=st.sampled_from([LEASE_S / 2, 2 * LEASE_S]))
    def wait(self, seconds: float) -> None:
        self.clock.now_s += seconds

    @invariant()
    def the_laws_hold(self) -> None:
        if not hasattr(self, "servers"):
            return
        most = self.options.max_attempts if self.options.is_idempotent else 1
        held = [claim.id for server in self.servers for claim in server.held()]
        assert len(held) == len(set(held))
        for task_id in self.added:
            row = self.servers[0].look(NAME, task_id)
            assert self.began[task_id] <= most
            assert row.attempts == self.began[task_id]
            assert self.ends.get(task_id, row.status) is row.status

    def teardown(self) -> None:
        if not hasattr(self, "servers"):
            return
        last = self.born(0)
        for _ in range(self.options.max_attempts + 1):
            self.clock.now_s += 1000
            for work in last.claim(NAME, len(self.added) + 1, self.options):
                last.settle(work.claim, Ended(TaskStatus.COMPLETED), None)
        assert all(last.look(NAME, task_id).status.is_end for task_id in self.added)


TestQueueLaws = QueueLaws.TestCase
TestQueueLaws.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
