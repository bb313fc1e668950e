"""Readiness: who answered lately is fit, and who is at work within the timeout."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.workers.readiness import ANSWER_LIMIT_S, WorkerView, is_fit, is_lost

ages = st.floats(0, 1000, allow_nan=False)


def test_a_worker_that_answered_lately_is_fit() -> None:
    assert is_fit(WorkerView(100.0, []), 100.0 + ANSWER_LIMIT_S / 2, timeout_s=1)


def test_an_idle_worker_that_stopped_answering_is_not() -> None:
    assert not is_fit(WorkerView(100.0, []), 100.0 + ANSWER_LIMIT_S, timeout_s=1000)


def test_a_long_batch_within_its_timeout_vouches_for_its_worker() -> None:
    assert is_fit(WorkerView(0.0, [50.0]), 100.0, timeout_s=60)


def test_a_worker_whose_every_thread_hangs_is_not_fit() -> None:
    assert not is_fit(WorkerView(0.0, [1.0, 2.0]), 100.0, timeout_s=60)


@given(ages, st.lists(ages, max_size=4))
def test_waiting_never_makes_a_worker_fit(age: float, busy: list[float]) -> None:
    view = WorkerView(0.0, busy)
    if not is_fit(view, 1000.0 + age, timeout_s=30):
        assert not is_fit(view, 1001.0 + age, timeout_s=30)


def test_a_worker_well_past_its_timeout_without_an_answer_is_lost() -> None:
    assert is_lost(WorkerView(0.0, []), 60 + ANSWER_LIMIT_S, timeout_s=60)
    assert is_lost(WorkerView(0.0, [0.0, 1.0]), 61 + ANSWER_LIMIT_S, timeout_s=60)
    assert not is_lost(WorkerView(0.0, [0.0, 2.0]), 61 + ANSWER_LIMIT_S, timeout_s=60)
    assert not is_lost(WorkerView(2.0, [0.0]), 61 + ANSWER_LIMIT_S, timeout_s=60)


@given(ages, ages, st.lists(ages, max_size=4))
def test_a_worker_that_is_fit_is_not_lost(now: float, answered: float, busy: list[float]) -> None:
    view = WorkerView(answered, busy)
    assert not (is_fit(view, now, timeout_s=30) and is_lost(view, now, timeout_s=30))
