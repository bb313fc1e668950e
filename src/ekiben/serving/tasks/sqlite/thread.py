"""`StoreThread`: the one thread that has the connection. The loop hands it work and never waits for the disk.

Work that came while a transaction was at the disk shares the next one: each has a savepoint of its own, so that what
one raises undoes nothing of the others'. Nobody is told of anything before it is committed. Between works the thread
keeps the leases, so that no loop which the service's own code holds up loses any.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ekiben.errors import EkibenError, StoreError
from ekiben.serving.tasks.rows import Claim
from ekiben.serving.tasks.sqlite.queue import QueuePlan, SqliteQueue
from ekiben.serving.tasks.sqlite.tables import open_tables

logger = logging.getLogger("ekiben.serving")

T = TypeVar("T")

MOST_TOGETHER = 64  # works in one transaction, which keeps other servers waiting
BEAT_S = 1.0  # between looks at what this server still holds
BEATS_IN_A_LEASE = 3  # a lease is renewed so often before it would run out
CLOSING_S = 5.0  # that the last transaction gets


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """`work` for the thread, and the future of whoever waits for it."""

    work: Callable[[SqliteQueue], Any]
    writes: bool
    future: asyncio.Future[Any]


class StoreThread:
    """`on_held` is told on the loop, every BEAT_S, of what this server still holds."""

    def __init__(self, plan: QueuePlan, clock: Callable[[], float], on_held: Callable[[Sequence[Claim]], None]) -> None:
        self._plan = plan
        self._clock = clock
        self._on_held = on_held
        self._loop = asyncio.get_running_loop()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._beat_s = min(BEAT_S, plan.lease_s / BEATS_IN_A_LEASE)
        self._next_beat_s = self._next_renewal_s = 0.0
        self._has_ended = asyncio.Event()

    async def start(self) -> None:
        """Returns when the queue is open. Raises StoreError."""
        opened: asyncio.Future[None] = self._loop.create_future()
        threading.Thread(target=self._run, args=(opened,), name="ekiben-tasks", daemon=True).start()
        await opened

    async def do(self, work: Callable[[SqliteQueue], T], *, writes: bool = True) -> T:
        """What `work` gives, once it is on the disk; it is done even if nobody waits for it any more.

        Raises what it raises, and StoreError where the queue cannot be reached.
        """
        if self._has_ended.is_set():
            raise StoreError("the queue of tasks is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._orders.put(_Order(work, writes, future))
        return await future

    async def close(self) -> None:
        """Does what it was told to, and ends."""
        self._orders.put(None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._has_ended.wait(), CLOSING_S)

    def _run(self, opened: asyncio.Future[None]) -> None:
        orders: list[_Order] = []
        try:
            connection = open_tables(self._plan.folder)
        except StoreError as error:
            self._tell([(opened, error)])
            self._on_loop(self._end, orders)
            return
        try:
            with contextlib.closing(connection):
                tasks = SqliteQueue(self._plan, connection, self._clock)
                self._tell([(opened, None)])
                is_open = True
                while is_open:
                    self._beat(tasks)
                    is_open = self._take_orders(orders)
                    if orders:
                        outcomes = self._do_together(connection, tasks, orders)
                        self._tell([(order.future, one) for order, one in zip(orders, outcomes, strict=True)])
                        orders.clear()
        finally:
            self._on_loop(self._end, orders)

    def _end(self, orders: Sequence[_Order]) -> None:
        """On the loop, after which there are no orders: nobody waits for what was not done."""
        self._has_ended.set()
        left = list(orders)
        with contextlib.suppress(queue.Empty):
            while True:
                order = self._orders.get_nowait()
                left += [order] if order is not None else []
        _settle_all([(order.future, StoreError("the queue of tasks is closed")) for order in left])

    def _take_orders(self, orders: list[_Order]) -> bool:
        """Fills `orders`, which stays empty where nothing came until the next beat; False at the end."""
        wait_s = max(0.0, self._next_beat_s - time.monotonic())
        with contextlib.suppress(queue.Empty):
            order = self._orders.get(timeout=wait_s)
            while order is not None:
                orders.append(order)
                if len(orders) == MOST_TOGETHER:
                    return True
                order = self._orders.get_nowait()
            return False
        return True

    def _do_together(
        self, connection: sqlite3.Connection, tasks: SqliteQueue, orders: Sequence[_Order]
    ) -> Sequence[object]:
        """What became of each order: its result or an error."""
        try:
            connection.execute("BEGIN IMMEDIATE" if any(order.writes for order in orders) else "BEGIN")
            outcomes = [_do_one(connection, tasks, order) for order in orders]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself after some of them
                connection.execute("ROLLBACK")
            tasks.bodies.spare_doomed()
            return [_unreachable(self._plan, error) for _ in orders]
        tasks.bodies.remove_doomed()
        return outcomes

    def _beat(self, tasks: SqliteQueue) -> None:
        now_s = time.monotonic()
        if now_s < self._next_beat_s:
            return
        self._next_beat_s = now_s + self._beat_s
        try:
            held = tasks.held()
            if held and now_s >= self._next_renewal_s:
                tasks.renew()
                self._next_renewal_s = now_s + self._plan.lease_s / BEATS_IN_A_LEASE
        except sqlite3.Error as error:
            logger.error("%s", _unreachable(self._plan, error))
            return
        self._on_loop(self._on_held, held)

    def _tell(self, outcomes: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
        self._on_loop(_settle_all, outcomes)

    def _on_loop(self, callback: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            self._loop.call_soon_threadsafe(callback, *arguments)


def _do_one(connection: sqlite3.Connection, tasks: SqliteQueue, order: _Order) -> object:
    connection.execute("SAVEPOINT one")
    try:
        outcome = order.work(tasks)
    except (EkibenError, OSError, sqlite3.Error) as error:
        connection.execute("ROLLBACK TO one")
        tasks.bodies.spare_doomed()
        outcome = error if isinstance(error, EkibenError) else _unreachable(tasks.plan, error)
    connection.execute("RELEASE one")
    return outcome


def _unreachable(plan: QueuePlan, error: Exception) -> StoreError:
    failure = StoreError(f"the queue of tasks in `{plan.folder}` cannot be used: {error}")
    failure.__cause__ = error
    return failure


def _settle_all(outcomes: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
    for future, outcome in outcomes:
        if future.done():
            continue
        if isinstance(outcome, EkibenError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
