"""`TaskRunner` on a real queue: what runs, when, and what becomes of it. The ways to workers are coroutines here."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ekiben.errors import BadInput, Conflict, InternalError, NotFound, Overloaded
from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.tasks.desk import TaskDesk
from ekiben.serving.tasks.job import Job
from ekiben.serving.tasks.rows import TaskStatus
from ekiben.serving.tasks.rules import Ended
from ekiben.serving.tasks.runner import TaskRunner
from ekiben.serving.tasks.sqlite.store import SqliteStore
from ekiben.serving.wire import Call, Payload, Reply
from tests.serving.tasks.sqlite.opened import NAME, Clock, call_of, opened, plan_of

WITHIN_S = 20.0


@dataclass(slots=True)
class Seen:
    """The observer: how often each status was reached, and what `answer` was given."""

    statuses: Counter[TaskStatus] = field(default_factory=Counter)
    depths: list[int] = field(default_factory=list)
    runs: int = 0

    def reached(self, name: str, status: TaskStatus) -> None:
        self.statuses[status] += 1

    def ran(self, name: str, duration_s: float) -> None:
        self.runs += 1

    def waiting(self, name: str, count: int) -> None:
        self.depths.append(count)


@dataclass(slots=True)
class Server:
    """Desk, runner and queue as one server has them."""

    desk: TaskDesk
    runner: TaskRunner
    store: SqliteStore
    seen: Seen

    async def ended(self, task_id: str) -> TaskStatus:
        """How the task ended."""
        return await self._until(task_id, lambda status: status.is_end)

    async def begun(self, task_id: str) -> None:
        """Returns once the task runs, or ran."""
        await self._until(task_id, lambda status: status is not TaskStatus.PENDING)

    async def gone(self, task_id: str) -> None:
        """Returns once nothing is known of the task."""
        with pytest.raises(NotFound):
            await self._until(task_id, lambda _: False)

    async def _until(self, task_id: str, holds: Callable[[TaskStatus], bool]) -> TaskStatus:
        async with asyncio.timeout(WITHIN_S):
            while not holds(status := await self._status(task_id)):  # noqa: ASYNC110 - other servers end it, too
                await asyncio.sleep(0.01)
        return status

    async def _status(self, task_id: str) -> TaskStatus:
        return (await self.desk.status(NAME, task_id)).status


@asynccontextmanager
async def server(
    folder: Path,
    answer: Callable[[Call], Awaitable[Reply]],
    options: TaskOptions | None = None,
    *,
    owner: str = "a",
    is_async: bool = True,
    room: int = 4,
    timeout_s: float = WITHIN_S,
    is_started: bool = True,
) -> AsyncIterator[Server]:
    seen = Seen()
    job = Job(NAME, options or TaskOptions(backoff_s=0.01), timeout_s, answer, is_async, room)
    store = SqliteStore(plan_of(folder, owner, lease_s=1.0))
    await store.open()
    runner = TaskRunner([job], store, seen, lambda: True)
    if is_started:
        runner.start()
    try:
        yield Server(TaskDesk({NAME: job}, store, runner, seen), runner, store, seen)
    finally:
        await runner.close()
        await store.close()


def reply(body: bytes, status: int = 200) -> Reply:
    return Reply(status, Payload("application/json", body))


async def echo(call: Call) -> Reply:
    return reply(bytes(call.payload.body))


async def never(call: Call) -> Reply:
    await asyncio.sleep(3600)
    raise AssertionError(call)


def run(test: Callable[[], Coroutine[object, object, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 3 * WITHIN_S))


def test_a_task_is_answered_as_a_call_and_its_answer_kept(tmp_path: Path) -> None:
    async def test() -> None:
        async with server(tmp_path, echo) as one:
            row = await one.desk.submit(NAME, call_of(b"[1]"))
            assert row.status is TaskStatus.PENDING
            assert await one.ended(row.id) is TaskStatus.COMPLETED
            assert await one.desk.result(NAME, row.id) == reply(b"[1]")
            assert one.seen.statuses == {TaskStatus.PENDING: 1, TaskStatus.IN_PROGRESS: 1, TaskStatus.COMPLETED: 1}

    run(test)


def test_no_more_run_at_once_than_there_is_room_and_none_is_forgotten(tmp_path: Path) -> None:
    inside, most = 0, 0

    async def answer(call: Call) -> Reply:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.001)
        inside -= 1
        return reply(b"1")

    async def test() -> None:
        async with server(tmp_path, answer, room=3) as one:
            rows = await asyncio.gather(*(one.desk.submit(NAME, call_of()) for _ in range(50)))
            assert {await one.ended(row.id) for row in rows} == {TaskStatus.COMPLETED}
        assert most == 3

    run(test)


def test_what_raises_or_answers_an_error_fails_with_that_as_its_result(tmp_path: Path) -> None:
    async def answer(call: Call) -> Reply:
        if call.payload.body == b"raise":
            raise InternalError("the worker that ran it died")
        return reply(b"no", 418)

    async def test() -> None:
        async with server(tmp_path, answer) as one:
            rows = [await one.desk.submit(NAME, call_of(body)) for body in (b"raise", b"say")]
            assert [await one.ended(row.id) for row in rows] == [TaskStatus.FAILED] * 2
            assert [(await one.desk.result(NAME, row.id)).status for row in rows] == [500, 418]

    run(test)


@pytest.mark.parametrize(("max_attempts", "ends"), [(2, TaskStatus.FAILED), (3, TaskStatus.COMPLETED)])
def test_what_failed_is_tried_again_as_often_as_was_asked(tmp_path: Path, max_attempts: int, ends: TaskStatus) -> None:
    attempts: list[str] = []

    async def answer(call: Call) -> Reply:
        attempts.append(dict(call.headers)["x-ekiben-task-attempt"])
        return reply(b"1", 200 if len(attempts) == 3 else 500)

    async def test() -> None:
        options = TaskOptions(max_attempts=max_attempts, retries_failed=True, backoff_s=0.01)
        async with server(tmp_path, answer, options) as one:
            row = await one.desk.submit(NAME, call_of())
            assert await one.ended(row.id) is ends

    run(test)
    assert attempts == [str(number) for number in range(1, max_attempts + 1)]


def test_a_run_beyond_its_time_is_ended_and_fails(tmp_path: Path) -> None:
    async def test() -> None:
        async with server(tmp_path, never, timeout_s=0.05) as one:
            row = await one.desk.submit(NAME, call_of())
            assert await one.ended(row.id) is TaskStatus.FAILED
            assert (await one.desk.result(NAME, row.id)).status == 504

    run(test)


def test_what_was_refused_for_want_of_room_waits_and_is_no_attempt(tmp_path: Path) -> None:
    refusals = iter([True, True, False])

    async def answer(call: Call) -> Reply:
        if next(refusals):
            raise Overloaded("no worker is up", retry_after_s=0.01)
        return reply(dict(call.headers)["x-ekiben-task-attempt"].encode())

    async def test() -> None:
        async with server(tmp_path, answer) as one:
            row = await one.desk.submit(NAME, call_of())
            assert await one.ended(row.id) is TaskStatus.COMPLETED
            assert (await one.desk.result(NAME, row.id)).payload.body == b"1"

    run(test)


def test_what_was_refused_after_it_had_begun_was_an_attempt(tmp_path: Path) -> None:
    async def answer(call: Call) -> Reply:
        raise Overloaded("no worker is up", has_begun=True)

    async def test() -> None:
        async with server(tmp_path, answer, TaskOptions(max_attempts=2, backoff_s=0.01)) as one:
            row = await one.desk.submit(NAME, call_of())
            assert await one.ended(row.id) is TaskStatus.FAILED
            assert (await one.desk.status(NAME, row.id)).attempts == 2

    run(test)


def test_a_running_async_task_is_canceled_wherever_it_runs(tmp_path: Path) -> None:
    is_ended = asyncio.Event()

    async def answer(call: Call) -> Reply:
        try:
            return await never(call)
        finally:
            is_ended.set()

    async def test() -> None:
        async with server(tmp_path, answer) as one, server(tmp_path, echo, owner="b", is_started=False) as other:
            for asked in (one, other):
                is_ended.clear()
                row = await asked.desk.submit(NAME, call_of())
                await asked.begun(row.id)
                assert (await asked.desk.cancel(NAME, row.id)).status is TaskStatus.CANCELED
                await is_ended.wait()
                with pytest.raises(Conflict, match="was canceled"):
                    await asked.desk.result(NAME, row.id)

    run(test)


def test_a_running_sync_task_is_not_canceled_and_its_client_told(tmp_path: Path) -> None:
    may_end = asyncio.Event()

    async def answer(call: Call) -> Reply:
        await may_end.wait()
        return reply(b"1")

    async def test() -> None:
        async with server(tmp_path, answer, is_async=False, room=1) as one:
            row, waiting = [await one.desk.submit(NAME, call_of()) for _ in range(2)]
            await one.begun(row.id)
            with pytest.raises(Conflict, match="it is in_progress"):
                await one.desk.cancel(NAME, row.id)
            assert (await one.desk.cancel(NAME, waiting.id)).status is TaskStatus.CANCELED
            may_end.set()
            assert await one.ended(row.id) is TaskStatus.COMPLETED
            with pytest.raises(Conflict, match="it is completed"):
                await one.desk.cancel(NAME, row.id)
            assert one.seen.runs == 1

    run(test)


def test_nothing_is_known_of_a_task_that_is_not_there_or_not_done(tmp_path: Path) -> None:
    async def test() -> None:
        async with server(tmp_path, never) as one:
            row = await one.desk.submit(NAME, call_of())
            for ask in (one.desk.status, one.desk.result, one.desk.cancel, one.desk.retry):
                with pytest.raises(NotFound, match="no task `0`"):
                    await ask(NAME, "0")
            for early in (one.desk.result, one.desk.retry):
                with pytest.raises(BadInput, match="not completed yet"):
                    await early(NAME, row.id)

    run(test)


@pytest.mark.parametrize("is_idempotent", [True, False])
def test_a_server_that_stops_gives_back_what_may_be_run_again(tmp_path: Path, is_idempotent: bool) -> None:
    async def test() -> None:
        async with server(tmp_path, never, TaskOptions(is_idempotent=is_idempotent)) as one:
            row = await one.desk.submit(NAME, call_of(b"2"))
            await one.begun(row.id)
        async with server(tmp_path, echo, owner="b") as other:
            assert await other.ended(row.id) is (TaskStatus.COMPLETED if is_idempotent else TaskStatus.FAILED)
            assert (await other.desk.status(NAME, row.id)).attempts == 1

    run(test)


def test_all_that_ended_long_ago_goes_when_a_server_starts(tmp_path: Path) -> None:
    long_ago = opened(tmp_path, Clock())
    ids = [long_ago.add(NAME, call_of()).id for _ in range(600)]
    for work in long_ago.claim(NAME, len(ids), TaskOptions()):
        long_ago.settle(work.claim, Ended(TaskStatus.COMPLETED), None)

    async def test() -> None:
        async with server(tmp_path, echo) as one:
            await one.gone(ids[-1])

    run(test)


def test_a_loop_that_is_held_up_keeps_its_tasks(tmp_path: Path) -> None:
    """For longer than a lease, while another server looks for what is lost."""
    may_end = threading.Event()

    async def look() -> None:
        async with server(tmp_path, echo, owner="b"):
            await asyncio.to_thread(may_end.wait)

    other = threading.Thread(target=asyncio.run, args=(look(),))

    async def hold_up(call: Call) -> Reply:
        other.start()
        time.sleep(2.0)  # noqa: ASYNC251
        return reply(b"mine")

    async def test() -> None:
        async with server(tmp_path, hold_up) as one:
            row = await one.desk.submit(NAME, call_of())
            assert await one.ended(row.id) is TaskStatus.COMPLETED
            assert (await one.desk.result(NAME, row.id)).payload.body == b"mine"

    try:
        run(test)
    finally:
        may_end.set()
        other.join()
