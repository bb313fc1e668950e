"""What becomes of a task, as laws over every option."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.tasks.rows import TaskStatus
from ekiben.serving.tasks.rules import (
    LONGEST_BACKOFF_S,
    Again,
    Ended,
    after_answer,
    after_loss,
    after_stop,
    backoff_s,
)

options = st.builds(
    TaskOptions,
    max_attempts=st.integers(1, 10),
    is_idempotent=st.booleans(),
    retries_failed=st.booleans(),
    backoff_s=st.floats(0.001, 100),
)
attempts = st.integers(1, 10_000)


@given(options, attempts, st.integers(200, 599))
def test_what_was_answered_ends_but_for_a_fault_that_is_to_be_tried_again(
    told: TaskOptions, attempt: int, status: int
) -> None:
    verdict = after_answer(told, attempt, status)
    if status < 400:
        assert verdict == Ended(TaskStatus.COMPLETED)
    elif status >= 500 and told.retries_failed and attempt < told.max_attempts:
        assert isinstance(verdict, Again)
    else:
        assert verdict == Ended(TaskStatus.FAILED)


@given(options)
def test_a_task_that_is_lost_every_time_is_begun_so_often_at_most(told: TaskOptions) -> None:
    begun = 1
    while isinstance(after_loss(told, begun), Again):
        begun += 1
    assert begun == (told.max_attempts if told.is_idempotent else 1)


@given(options, attempts)
def test_a_stop_is_no_attempt_and_what_does_harm_is_not_run_again(told: TaskOptions, attempt: int) -> None:
    verdict = after_stop(told)
    assert verdict == (Again(0.0, is_counted=False) if told.is_idempotent else Ended(TaskStatus.FAILED))


@given(options, attempts)
def test_the_wait_grows_and_stays_within_its_bound(told: TaskOptions, attempt: int) -> None:
    assert backoff_s(told, 1) == told.backoff_s
    assert backoff_s(told, attempt) <= backoff_s(told, attempt + 1) <= LONGEST_BACKOFF_S
