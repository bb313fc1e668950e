"""The cost model recovers what batches cost, and does not pretend where they do not say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.batching.cost import (
    KEPT_SAMPLES,
    MIN_SAMPLES,
    REFRESH_S,
    SKIPPED_SAMPLES,
    CostModel,
    Fit,
    Sample,
    rescaled,
)

costs = st.floats(1e-5, 1.0)
sizes = st.lists(st.integers(1, 200), min_size=10, max_size=50)


def after(rows: list[int], a_s: float, b_s: float, *, start: CostModel | None = None, step_s: float = 1.0) -> CostModel:
    """The model after batches of those sizes, one every `step_s`."""
    model = start or CostModel(skipped=SKIPPED_SAMPLES)
    now_s = model.refreshed_s
    for size in rows:
        now_s += step_s
        model = model.observe(Sample(size, a_s * size + b_s, 0.0), now_s)
    return model


@given(rows=sizes, a_s=costs, b_s=costs)
def test_it_recovers_a_and_b_from_batches_of_several_sizes(rows: list[int], a_s: float, b_s: float) -> None:
    model = after([*rows, 1, 1, 50, 50], a_s, b_s, step_s=REFRESH_S + 0.1)
    assert model.fit is not None
    assert model.fit.a_s == pytest.approx(a_s, rel=1e-3)
    assert model.fit.b_s == pytest.approx(b_s, rel=1e-3, abs=1e-5)
    assert model.predict_s(30) == pytest.approx(30 * a_s + b_s, rel=1e-3)


def test_the_first_two_batches_teach_nothing() -> None:
    model = after([1] * SKIPPED_SAMPLES, 1.0, 50.0, start=CostModel())
    assert model.samples == ()


def test_only_the_last_fifty_batches_count() -> None:
    model = after([1, 2, 3, 4] * 30, 0.001, 0.01)
    assert len(model.samples) == KEPT_SAMPLES


@given(size=st.integers(1, 100), count=st.integers(MIN_SAMPLES, 60))
def test_batches_of_one_size_give_no_fit_but_a_mean(size: int, count: int) -> None:
    model = after([size] * count, 0.001, 0.01)
    assert model.fit is None
    assert model.predict_s(size) == pytest.approx(0.001 * size + 0.01)
    assert model.predict_s(2 * size) == pytest.approx(2 * (0.001 * size + 0.01))


def test_a_single_batch_of_another_size_sets_no_slope() -> None:
    assert after([1] * 30 + [2], 0.001, 0.01).fit is None
    assert after([1] * 30 + [2, 2], 0.001, 0.01).fit is not None


def test_nothing_is_predicted_from_too_few_batches() -> None:
    assert after([1, 2, 3, 4][: MIN_SAMPLES - 1], 0.001, 0.01).predict_s(1) is None


def test_a_fit_is_refreshed_at_most_every_five_seconds() -> None:
    model = after([1, 2, 3, 4, 5, 6], 0.001, 0.01, step_s=0.01)
    same = after([1, 2, 3, 4], 0.1, 1.0, start=model, step_s=0.01)
    assert same.fit == model.fit
    later = same.observe(Sample(5, 1.5, 0.0), model.refreshed_s + REFRESH_S)
    assert later.fit != model.fit


def test_a_full_window_of_one_size_is_refreshed_as_seldom_until_another_size_comes() -> None:
    model = after([1] * KEPT_SAMPLES, 0.001, 0.01)
    slower = after([1] * 3, 0.001, 0.02, start=model, step_s=REFRESH_S / 4)
    assert (slower.mean_s, slower.refreshed_s) == (model.mean_s, model.refreshed_s)
    assert after([1, 1], 0.001, 0.02, start=slower, step_s=REFRESH_S).mean_s > model.mean_s
    assert after([2], 0.001, 0.02, start=slower, step_s=0.01).mean_rows > 1


def test_a_fit_follows_a_model_that_became_slower_though_its_batches_have_one_size() -> None:
    fitted = after([1, 2, 3, 4, 5, 6], 0.001, 0.01)
    slower = after([4] * KEPT_SAMPLES, 0.002, 0.02, start=fitted, step_s=REFRESH_S)
    assert slower.predict_s(4) == pytest.approx(0.028)


def test_a_window_of_one_size_rescales_the_fit_it_has() -> None:
    fit = rescaled(Fit(0.001, 0.01), (Sample(10, 0.03, 0.0), Sample(10, 0.04, 0.0), Sample(10, 0.05, 0.0)))
    assert (fit.a_s, fit.b_s, fit.sigma_s) == pytest.approx((0.002, 0.02, 0.02**0.5 / 10))


def test_noise_of_the_past_is_forgotten_though_later_batches_have_one_size() -> None:
    noisy = CostModel(skipped=SKIPPED_SAMPLES)
    for index in range(20):
        noisy = noisy.observe(Sample(1 + index % 4, 0.01 + 0.02 * (index % 2), 0.0), index * REFRESH_S)
    calm = after([4] * KEPT_SAMPLES, 0.001, 0.01, start=noisy, step_s=REFRESH_S)
    assert noisy.fit is not None
    assert noisy.fit.sigma_s > 0.005
    assert calm.fit is not None
    assert calm.fit.sigma_s < 1e-6


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(0, 10)), min_size=MIN_SAMPLES, max_size=50))
def test_neither_a_nor_b_is_ever_negative(samples: list[tuple[int, float]]) -> None:
    model = CostModel(skipped=SKIPPED_SAMPLES)
    for index, (rows, service_s) in enumerate(samples):
        model = model.observe(Sample(rows, service_s, 0.0), index * REFRESH_S)
    if model.fit is not None:
        assert model.fit.a_s > 0
        assert model.fit.b_s >= 0
        assert model.fit.sigma_s >= 0


def test_the_cost_of_one_row_is_known_from_batches_of_one_row() -> None:
    assert after([1] * 10, 0.001, 0.01).alone_s == pytest.approx(0.011)
    assert after([7] * 10, 0.001, 0.01).alone_s is None
