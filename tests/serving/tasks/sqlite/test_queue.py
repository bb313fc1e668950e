"""`SqliteQueue`: what single steps do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ekiben.errors import BadInput, NotFound, Overloaded, StoreError
from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.tasks.rows import Claim, TaskStatus
from ekiben.serving.tasks.rules import FAILED, Again, Ended
from ekiben.serving.tasks.sqlite.bodies import INLINE_BYTES
from ekiben.serving.tasks.sqlite.queue import ORPHAN_S
from ekiben.serving.tasks.sqlite.tables import open_tables
from ekiben.serving.wire import Payload, Reply
from tests.serving.tasks.sqlite.opened import NAME, Clock, call_of, opened

COMPLETED = Ended(TaskStatus.COMPLETED)
DEFAULT = TaskOptions()
LARGE = b"x" * (INLINE_BYTES + 1)


def reply_of(body: bytes = b"1") -> Reply:
    return Reply(200, Payload("application/json", body), (("x-model", "iris"),))


def files_in(folder: Path) -> set[str]:
    return {path.name for path in (folder / "bodies").iterdir()}


@pytest.mark.parametrize("body", [b"[1, 2]", LARGE], ids=["small", "large"])
def test_a_call_comes_out_as_it_went_in(tmp_path: Path, body: bytes) -> None:
    queue = opened(tmp_path, Clock())
    row = queue.add(NAME, call_of(body, query="a=1", headers=(("x-user", "me"),)))
    (work,) = queue.claim(NAME, 5, DEFAULT)
    assert work.claim == Claim(row.id, 1)
    assert (work.call.endpoint, work.call.payload, work.call.query) == (NAME, call_of(body).payload, "a=1")
    own = (("x-ekiben-task-id", row.id), ("x-ekiben-task-attempt", "1"))
    assert work.call.headers == (("x-user", "me"), *own)


@pytest.mark.parametrize("body", [b"3", LARGE], ids=["small", "large"])
def test_a_result_is_kept_over_an_end_of_the_process(tmp_path: Path, body: bytes) -> None:
    clock = Clock()
    queue = opened(tmp_path, clock)
    row = queue.add(NAME, call_of())
    clock.now_s += 1
    (work,) = queue.claim(NAME, 1, DEFAULT)
    clock.now_s += 2
    assert queue.settle(work.claim, COMPLETED, reply_of(body))
    found, reply = opened(tmp_path, clock, "b").result(NAME, row.id)
    assert reply == reply_of(body)
    assert (found.status, found.attempts) == (TaskStatus.COMPLETED, 1)
    assert (found.executed_s, found.completed_s) == (row.created_s + 1, row.created_s + 3)


def test_tasks_are_claimed_in_the_order_that_they_came(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock())
    ids = [queue.add(NAME, call_of()).id for _ in range(5)]
    assert [one.claim.id for one in queue.claim(NAME, 3, DEFAULT)] == ids[:3]
    assert [one.claim.id for one in queue.claim(NAME, 3, DEFAULT)] == ids[3:]


def test_a_task_is_found_by_its_own_api_alone(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock())
    row = queue.add(NAME, call_of())
    assert queue.claim("other", 5, DEFAULT) == []
    with pytest.raises(NotFound, match=row.id):
        queue.look("other", row.id)


def test_beyond_the_bound_no_task_is_taken_until_one_has_begun(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock(), max_pending=2)
    queue.add(NAME, call_of())
    queue.add(NAME, call_of())
    with pytest.raises(Overloaded, match="2 tasks of `train` wait") as caught:
        queue.add(NAME, call_of())
    assert caught.value.retry_after_s > 0
    queue.claim(NAME, 1, DEFAULT)
    queue.add(NAME, call_of())


def test_what_is_to_be_tried_again_waits_its_time(tmp_path: Path) -> None:
    clock = Clock()
    queue = opened(tmp_path, clock)
    queue.add(NAME, call_of())
    (first,) = queue.claim(NAME, 1, DEFAULT)
    queue.settle(first.claim, Again(5.0), None)
    assert (queue.depth(NAME), queue.claim(NAME, 1, DEFAULT)) == ((1, False), [])
    clock.now_s += 5
    (second,) = queue.claim(NAME, 1, DEFAULT)
    assert second.claim == Claim(first.claim.id, 2)


def test_an_attempt_that_is_not_counted_leaves_the_number_as_it_was(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock())
    queue.add(NAME, call_of())
    (first,) = queue.claim(NAME, 1, DEFAULT)
    queue.settle(first.claim, Again(0.0, is_counted=False), None)
    (second,) = queue.claim(NAME, 1, DEFAULT)
    assert second.claim == first.claim


@pytest.mark.parametrize("is_idempotent", [True, False])
def test_the_task_of_a_dead_server_is_run_again_or_failed_as_it_may_be(tmp_path: Path, is_idempotent: bool) -> None:
    clock, options = Clock(), TaskOptions(is_idempotent=is_idempotent)
    dead, other = opened(tmp_path, clock, "dead"), opened(tmp_path, clock, "other")
    row = dead.add(NAME, call_of())
    (lost,) = dead.claim(NAME, 1, options)
    assert other.claim(NAME, 1, options) == []
    clock.now_s += 10.1
    other.claim(NAME, 1, options)
    clock.now_s += options.backoff_s
    assert len(other.claim(NAME, 1, options)) == is_idempotent
    found, reply = other.result(NAME, row.id)
    assert (found.status, found.attempts) == ((TaskStatus.IN_PROGRESS, 2) if is_idempotent else (TaskStatus.FAILED, 1))
    assert is_idempotent or (reply is not None and b"the server that ran the task ended" in reply.payload.body)
    assert not dead.settle(lost.claim, COMPLETED, reply_of())


def test_a_lease_that_is_renewed_does_not_run_out_and_ones_own_never_does(tmp_path: Path) -> None:
    clock = Clock()
    alive, other = opened(tmp_path, clock, "alive"), opened(tmp_path, clock, "other")
    alive.add(NAME, call_of())
    alive.claim(NAME, 1, DEFAULT)
    clock.now_s += 9
    alive.renew()
    clock.now_s += 9
    assert other.claim(NAME, 1, DEFAULT) == []
    clock.now_s += 9
    assert alive.claim(NAME, 1, DEFAULT) == []
    assert len(alive.held()) == 1


def test_a_task_that_was_canceled_while_it_waited_never_runs(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock())
    row = queue.add(NAME, call_of())
    after, before = queue.cancel(NAME, row.id, stops_running=False)
    assert (before, after.status) == (TaskStatus.PENDING, TaskStatus.CANCELED)
    assert queue.claim(NAME, 1, DEFAULT) == []
    assert queue.result(NAME, row.id)[1] is None


@pytest.mark.parametrize("stops_running", [True, False])
def test_a_running_task_is_canceled_only_where_that_stops_it(tmp_path: Path, stops_running: bool) -> None:
    queue = opened(tmp_path, Clock())
    row = queue.add(NAME, call_of())
    (work,) = queue.claim(NAME, 1, DEFAULT)
    after, _ = queue.cancel(NAME, row.id, stops_running=stops_running)
    assert (after.status is TaskStatus.CANCELED) == stops_running
    assert (queue.held() == []) == stops_running
    assert queue.settle(work.claim, COMPLETED, reply_of()) != stops_running


def test_a_task_that_has_ended_can_be_queued_again_as_another_one(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock())
    row = queue.add(NAME, call_of(LARGE))
    with pytest.raises(BadInput, match="not completed"):
        queue.add_again(NAME, row.id)
    (work,) = queue.claim(NAME, 1, DEFAULT)
    queue.settle(work.claim, FAILED, reply_of())
    again = queue.add_again(NAME, row.id)
    (second,) = queue.claim(NAME, 1, DEFAULT)
    assert again.id != row.id
    assert (second.claim, second.call.payload.body) == (Claim(again.id, 1), LARGE)


def test_what_ended_long_ago_and_what_is_too_much_is_removed_with_its_files(tmp_path: Path) -> None:
    clock = Clock()
    queue = opened(tmp_path, clock, retention_s=100, max_kept=2)
    rows = [queue.add(NAME, call_of(LARGE)) for _ in range(4)]
    waiting = queue.add(NAME, call_of(LARGE))
    for work in queue.claim(NAME, 4, DEFAULT):
        queue.settle(work.claim, COMPLETED, reply_of(LARGE))
        clock.now_s += 1
    assert queue.sweep() == 2
    queue.bodies.remove_doomed()
    kept = {f"{row.id}.{kind}" for row in rows[2:] for kind in ("call", "reply")}
    assert files_in(tmp_path) == {*kept, f"{waiting.id}.call"}
    clock.now_s += 98.5
    assert queue.sweep() == 1
    with pytest.raises(NotFound):
        queue.look(NAME, rows[2].id)
    clock.now_s += 1000
    queue.sweep()
    assert queue.look(NAME, waiting.id).status is TaskStatus.PENDING


def test_files_of_no_task_are_swept_when_they_are_old(tmp_path: Path) -> None:
    clock = Clock()
    queue = opened(tmp_path, clock)
    orphan = tmp_path / "bodies" / "gone.call"
    orphan.write_bytes(b"x")
    clock.now_s = orphan.stat().st_mtime + ORPHAN_S / 2
    queue.sweep()
    assert orphan.exists()
    clock.now_s += ORPHAN_S
    queue.sweep()
    assert not orphan.exists()


def test_a_task_whose_body_is_gone_fails_and_keeps_no_other_back(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock())
    lost, whole = queue.add(NAME, call_of(LARGE)), queue.add(NAME, call_of())
    (tmp_path / "bodies" / f"{lost.id}.call").unlink()
    assert [work.claim.id for work in queue.claim(NAME, 5, DEFAULT)] == [whole.id]
    assert queue.look(NAME, lost.id).status is TaskStatus.FAILED


def test_a_row_that_cannot_be_read_fails_and_keeps_no_other_back(tmp_path: Path) -> None:
    queue = opened(tmp_path, Clock())
    torn, whole = queue.add(NAME, call_of()), queue.add(NAME, call_of())
    with closing(open_tables(tmp_path)) as connection:
        connection.execute("UPDATE task SET call_head = x'00' WHERE id = ?", (torn.id,))
    assert [work.claim.id for work in queue.claim(NAME, 5, DEFAULT)] == [whole.id]
    assert queue.look(NAME, torn.id).status is TaskStatus.FAILED


def test_tables_of_another_version_are_refused(tmp_path: Path) -> None:
    with closing(open_tables(tmp_path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match="tables 7, not 1"):
        open_tables(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        open_tables(tmp_path / "file" / "tasks")
    assert "EKIBEN_TASKS_PATH" in str(caught.value.hint)
