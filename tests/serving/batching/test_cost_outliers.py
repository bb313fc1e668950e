"""What makes a cost model wrong does so for a few batches at most, and it refuses nothing for longer than that."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.batching.cost import (
    KEPT_SAMPLES,
    MIN_SAMPLES,
    OUTLIER_FACTOR,
    PACE_SAMPLES,
    REFRESH_S,
    SKIPPED_SAMPLES,
    TRUSTED_S,
    CostModel,
    Sample,
    sample_of,
    without_outliers,
)

costs = st.floats(1e-5, 1.0)
sizes = st.lists(st.integers(1, 200), min_size=10, max_size=KEPT_SAMPLES - 1)


def line(rows: list[int], a_s: float, b_s: float, noise: float = 1.0) -> tuple[Sample, ...]:
    """Samples of a model whose batches take up to `noise` times as long as they should, in turn."""
    return tuple(
        Sample(size, (a_s * size + b_s) * (noise if index % 2 else 1.0), 0.0) for index, size in enumerate(rows)
    )


def model_of(samples: tuple[Sample, ...]) -> CostModel:
    """What those batches teach, one in every interval of refreshing."""
    model = CostModel(skipped=SKIPPED_SAMPLES)
    for index, sample in enumerate(samples):
        model = model.observe(sample, index * REFRESH_S)
    return model


@given(rows=sizes, a_s=costs, b_s=costs, noise=st.floats(1.0, OUTLIER_FACTOR * 0.99))
def test_no_batch_of_a_noisy_line_is_an_outlier(rows: list[int], a_s: float, b_s: float, noise: float) -> None:
    samples = line(rows, a_s, b_s, noise)
    assert without_outliers(samples) == samples


@given(rows=sizes, a_s=costs, b_s=costs, place=st.integers(0, 9), times=st.floats(1.1, 1e6))
def test_one_stall_of_any_length_changes_nothing(
    rows: list[int], a_s: float, b_s: float, place: int, times: float
) -> None:
    samples = line(rows, a_s, b_s)
    longest_s = max(one.service_s for one in samples) * 200  # of any batch that the others allow
    stall = Sample(rows[place], longest_s * OUTLIER_FACTOR * times, 0.0)
    assert without_outliers((*samples[:place], stall, *samples[place:])) == samples


def test_a_stall_neither_raises_what_is_predicted_nor_widens_the_margin() -> None:
    model = model_of((*line([1, 2, 4, 8] * 5, 0.001, 0.01), Sample(8, 60.0, 0.0)))
    assert model.predict_s(8) == pytest.approx(0.018)
    assert model.fit is not None
    assert model.fit.sigma_s < 1e-6


def test_a_model_that_became_slow_is_followed_within_a_third_of_the_window() -> None:
    slow = line([1, 2, 4, 8] * 4, 0.1, 1.0)
    assert (model_of((*line([1, 2, 4, 8] * 9, 0.001, 0.01), *slow)).predict_s(8) or 0) > 0.3


@given(rows=st.integers(1, 1000), most=st.integers(1, 200), a_s=costs, b_s=costs)
def test_a_request_larger_than_a_batch_teaches_the_same_line(rows: int, most: int, a_s: float, b_s: float) -> None:
    calls = math.ceil(rows / most)
    sample = sample_of(rows, most, a_s * rows + b_s * calls, 0.0)
    assert sample.rows <= most
    assert sample.service_s == pytest.approx(a_s * sample.rows + b_s)


@given(
    st.lists(st.builds(Sample, st.integers(1, 100), st.floats(0, 10), st.just(0.0)), max_size=KEPT_SAMPLES),
    st.integers(1, 300),
)
def test_the_least_is_no_more_than_what_is_expected(samples: list[Sample], rows: int) -> None:
    model = model_of(tuple(samples))
    assert 0 <= model.least_s(rows) <= (model.predict_s(rows) or 0) * (1 + 1e-9)


def test_of_sizes_never_seen_the_least_is_that_of_the_largest_seen() -> None:
    assert model_of(line([1, 2, 3, 4] * 5, 0.1, 0.1)).least_s(100) == pytest.approx(0.5)
    assert model_of(line([1] * MIN_SAMPLES, 0.1, 0.1)).least_s(100) == pytest.approx(0.2)


@given(rows=sizes, a_s=costs, b_s=costs, times=st.floats(1.0, 1e4))
def test_one_batch_in_its_true_time_corrects_the_least_of_a_wrong_model(
    rows: list[int], a_s: float, b_s: float, times: float
) -> None:
    wrong = model_of(line([*rows, 1, 1, 50, 50], a_s * times, b_s * times))
    truth = wrong.observe(Sample(50, a_s * 50 + b_s, 0.0), wrong.refreshed_s + 0.1)
    assert truth.least_s(50) <= (a_s * 50 + b_s) * (1 + 1e-6)


def test_a_single_fast_batch_is_forgotten_after_a_few_more() -> None:
    model = model_of((*line([1, 2, 3, 4] * 5, 0.1, 0.1), Sample(4, 0.0, 0.0)))
    assert model.least_s(4) == 0
    assert model_of((*model.samples, *line([4] * PACE_SAMPLES, 0.1, 0.1))).least_s(4) > 0.4


def test_a_model_that_no_batch_confirms_is_not_trusted_for_long() -> None:
    model = CostModel(skipped=SKIPPED_SAMPLES).observe(Sample(1, 0.1, 0.0), 100.0)
    assert model.is_trusted(100.0 + TRUSTED_S)
    assert not model.is_trusted(100.1 + TRUSTED_S)
    assert not model.is_trusted(99.0), "the clock went back"
    assert not CostModel().is_trusted(0.0)


def test_a_clock_that_goes_back_neither_teaches_nor_stops_learning() -> None:
    model = model_of(line([1, 2, 3, 4] * 5, 0.001, 0.01))
    assert model.observe(Sample(4, -3600.0, 0.0), 0.0) == model
    assert model.observe(Sample(4, 0.014, 0.0), model.refreshed_s - 3600.0).refreshed_s == model.refreshed_s - 3600.0
