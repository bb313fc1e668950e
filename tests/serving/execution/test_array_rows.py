"""Rows of arrays along any dimension."""

import numpy as np
import pytest

from ekiben.serving.execution.array_rows import ArrayRows

ROWS = ArrayRows()
CUBE = np.arange(24).reshape(2, 3, 4)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_any_dimension_can_be_cut_and_joined(dim: int) -> None:
    size = CUBE.shape[dim]
    parts = [ROWS.take(CUBE, at, at + 1, dim) for at in range(size)]
    assert ROWS.count(CUBE, dim) == size
    assert np.array_equal(np.asarray(ROWS.join(parts, dim)), CUBE)


def test_the_key_is_dtype_and_the_other_dimensions() -> None:
    assert ROWS.key(CUBE, 1) == ROWS.key(CUBE[:, :1], 1)
    assert ROWS.key(CUBE, 1) != ROWS.key(CUBE[:1], 1)
    assert ROWS.key(CUBE, 1) != ROWS.key(CUBE.astype(float), 1)
    assert ROWS.key(np.array(["a"]), 0) == ROWS.key(np.array(["abc"]), 0)


def test_a_dimension_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="an array of 3 dimensions has no dimension 3"):
        ROWS.count(CUBE, 3)
