"""duration_bounds: BentoML's `metrics.duration`, read as BentoML reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pytest

from ekiben.errors import SettingsError
from ekiben.serving.metrics.bounds import DURATION_BOUNDS, duration_bounds

Given: TypeAlias = tuple[Sequence[float] | None, float | None, float | None, float | None]


def test_nothing_gives_the_default_and_buckets_are_taken_as_they_are() -> None:
    assert duration_bounds(None, None, None, None) == DURATION_BOUNDS
    assert duration_bounds((0.1, 1), None, None, None) == (0.1, 1)


def test_min_max_and_factor_give_bounds_up_to_the_highest() -> None:
    assert duration_bounds(None, 0.1, 1.0, 3) == pytest.approx((0.1, 0.3, 0.9, 1.0))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (((0.1,), 0.1, None, None), "beside"),
        ((None, 0.1, None, 2), "together"),
        ((None, 1, 0.1, 2), "no bounds"),
        ((None, 0.1, 1, 1), "no bounds"),
        ((None, 0.001, 100, 1.01), "more than 100"),
    ],
)
def test_what_makes_no_bounds_is_refused_in_words(given: Given, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        duration_bounds(*given)
